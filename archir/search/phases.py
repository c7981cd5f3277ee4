"""The steps of a search method as values: which pass to run, and what to train how.

The defaults of `Train` are the settings of DARTS (Liu et al., 2019, appendix A.1.1).
Validators raise ValueError or TypeError with a message that a person can read.
"""

from __future__ import annotations

from math import cos, isfinite, pi
from typing import Any, Literal, TypeAlias

from attrs import Attribute, Factory, field, frozen
from attrs.validators import instance_of

Unit: TypeAlias = Literal["epoch", "step"]
Trainable: TypeAlias = Literal["weights", "arch"]
Bilevel: TypeAlias = Literal["none", "first_order", "second_order"]

TRAINABLE: tuple[Trainable, ...] = ("weights", "arch")
BILEVEL: tuple[Bilevel, ...] = ("none", "first_order", "second_order")


def _number(low: float, high: float = float("inf"), *, below: float = float("inf")) -> Any:
    """A validator: a finite number from `low` to `high`, less than `below`."""

    def check(_instance: object, attribute: Attribute[Any], value: object) -> None:
        wanted = f"at least {low:g}" if high == float("inf") else f"from {low:g} to {high:g}"
        wanted = f"at least {low:g} and below {below:g}" if below != float("inf") else wanted
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not isfinite(value) or not low <= value <= high or value >= below:  # type: ignore[operator,arg-type]
            raise ValueError(f"`{attribute.name}` must be a number {wanted}, found {value!r}")

    return check


def _whole(low: int) -> Any:
    """A validator: an integer of at least `low`."""

    def check(_instance: object, attribute: Attribute[Any], value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise ValueError(f"`{attribute.name}` must be an integer of at least {low}, found {value!r}")

    return check


def _one_of(words: tuple[str, ...]) -> Any:
    """A validator: one of some words."""

    def check(_instance: object, attribute: Attribute[Any], value: object) -> None:
        if value not in words:
            raise ValueError(f"`{attribute.name}` must be one of {', '.join(words)}, found {value!r}")

    return check


@frozen
class Constant:
    """The same value all the time."""

    value: float = field(validator=_number(0.0))

    def at(self, epoch: int, step: int, epochs: int, steps: int) -> float:
        """The value at `step` (of `steps`) of `epoch` (of `epochs`), all counted from 0."""
        return float(self.value)


@frozen
class Cosine:
    """From `start` to `end` along half a cosine (Loshchilov and Hutter, 2017, Eq. 5, without restarts).

    It moves once an epoch, or at each step. Its horizon is `over` epochs, by default those
    of the phase; `since` epochs of it have passed before the phase begins, so that one
    schedule can span several phases. It stays at `end` behind its horizon.
    """

    start: float = field(validator=_number(0.0))
    end: float = field(validator=_number(0.0))
    unit: Unit = field(default="epoch", validator=_one_of(("epoch", "step")), kw_only=True)
    over: int | None = field(default=None, kw_only=True)
    since: int = field(default=0, validator=_whole(0), kw_only=True)

    @over.validator
    def _check_over(self, attribute: Attribute[Any], value: int | None) -> None:
        if value is not None:
            _whole(1)(self, attribute, value)

    def at(self, epoch: int, step: int, epochs: int, steps: int) -> float:
        """The value at `step` (of `steps`) of `epoch` (of `epochs`), all counted from 0."""
        passed = self.since + epoch + (step / steps if self.unit == "step" else 0.0)
        fraction = min(1.0, passed / (self.over or epochs))
        return float(self.end + (self.start - self.end) * (1 + cos(pi * fraction)) / 2)


Schedule: TypeAlias = Constant | Cosine


def _schedule(value: object) -> object:
    """A plain number is a constant schedule."""
    return Constant(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _is_schedule(_instance: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, Constant | Cosine):
        raise TypeError(f"`{attribute.name}` must be a number or a schedule, found {value!r}")


@frozen
class SGD:
    """Stochastic gradient descent with momentum; `decay` is an L2 penalty's gradient factor."""

    lr: Schedule = field(converter=_schedule, validator=_is_schedule)
    momentum: float = field(default=0.9, validator=_number(0.0, below=1.0))
    decay: float = field(default=3e-4, validator=_number(0.0))


@frozen
class Adam:
    """Adam (Kingma and Ba, 2015); `decay` is an L2 penalty's gradient factor."""

    lr: Schedule = field(converter=_schedule, validator=_is_schedule)
    betas: tuple[float, float] = field(default=(0.5, 0.999))
    decay: float = field(default=1e-3, validator=_number(0.0))

    @betas.validator
    def _check_betas(self, attribute: Attribute[Any], value: object) -> None:
        if not isinstance(value, tuple) or len(value) != 2:
            raise ValueError(f"`betas` must be two numbers, found {value!r}")
        for beta in value:
            _number(0.0, below=1.0)(self, attribute, beta)


Optimizer: TypeAlias = SGD | Adam


def _trains(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _bilevel(value: Any) -> Any:
    """In a method file `none` is nothing, not a word."""
    return "none" if value is None else value


def _default_split(phase: Train) -> float:
    """Half of the images for each level; all for the weights where there is one level."""
    return 0.5 if phase.bilevel != "none" and "arch" in phase.trains else 1.0


def _optional_clip(instance: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        _number(0.0)(instance, attribute, value)


@frozen
class Train:
    """One training phase.

    trains: what descends a loss: weights, architecture parameters, or both.
    epochs: passes over the images of the weights.
    batch: images in a batch; a last batch of a single image is left out.
    bilevel: `first_order`: architecture parameters descend the loss on held-out images at the
        current weights; `second_order`: at the weights after one unrolled step; `none`: both
        descend the loss of the same batch.
    split: the part of the training images that the weights see; the others are held out for
        the architecture parameters and for validation. 1.0 holds none out.
    arch_from: the first epoch with architecture steps (until then only weights are trained).
    clip: the largest norm of the gradient of all weights; None does not clip.
    cutout: side of the square that is erased from each training image; 0 erases none.
    augment: random crops and, for colour images, flips.
    """

    trains: tuple[Trainable, ...] = field(default=TRAINABLE, converter=_trains)
    epochs: int = field(default=50, validator=_whole(1), kw_only=True)
    batch: int = field(default=64, validator=_whole(2), kw_only=True)
    bilevel: Bilevel = field(default="first_order", converter=_bilevel, validator=_one_of(BILEVEL), kw_only=True)
    split: float = field(default=Factory(_default_split, takes_self=True), validator=_number(0.0, 1.0), kw_only=True)
    weights: Optimizer = field(default=SGD(Cosine(0.025, 0.001)), kw_only=True, validator=instance_of((SGD, Adam)))
    arch: Optimizer = field(default=Adam(3e-4), kw_only=True, validator=instance_of((SGD, Adam)))
    arch_from: int = field(default=0, validator=_whole(0), kw_only=True)
    clip: float | None = field(default=5.0, validator=_optional_clip, kw_only=True)
    cutout: int = field(default=0, validator=_whole(0), kw_only=True)
    augment: bool = field(default=True, validator=instance_of(bool), kw_only=True)

    @trains.validator
    def _check_trains(self, _attribute: Attribute[Any], value: object) -> None:
        if not isinstance(value, tuple) or not value or len(set(value)) < len(value):
            raise ValueError(f"a phase trains `weights`, `arch` or both, found {value!r}")
        for name in value:
            if name not in TRAINABLE:
                raise ValueError(f"a phase trains `weights`, `arch` or both, found `{name}`")

    @property
    def is_bilevel(self) -> bool:
        """Whether architecture parameters learn from images of their own."""
        return "arch" in self.trains and self.bilevel != "none"

    def __attrs_post_init__(self) -> None:
        if self.split == 0.0 or (self.is_bilevel and self.split == 1.0):
            raise ValueError(
                f"`split` = {self.split:g} leaves no images for one of the two levels; "
                f"give a part between 0 and 1, or bilevel = none"
            )
        if self.bilevel == "second_order" and self.is_bilevel and not isinstance(self.weights, SGD):
            raise ValueError("second order unrolls a step of `sgd`; train the weights with `sgd`, or use first_order")


@frozen
class RunPass:
    """Passes to run on the module, as on the command line: `relax` or `derive{edges=2}`."""

    spec: str


Step: TypeAlias = RunPass | Train
