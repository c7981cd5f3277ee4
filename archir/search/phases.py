"""A training phase as a value: what is trained, and how.

The defaults of `Train` are the settings of DARTS (Liu et al., 2019, appendix A.1.1).
Validators raise ValueError or TypeError with a message that a person can read.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from attrs import Attribute, Factory, field, frozen
from attrs.validators import instance_of

from archir.search.checks import number, one_of, or_none, whole, word
from archir.search.schedules import Constant, Cosine, Schedule, is_probability, is_schedule, schedule
from archir.source import Span

Trainable: TypeAlias = Literal["weights", "arch", "masks", "arch_masks"]
Bilevel: TypeAlias = Literal["none", "first_order", "second_order"]

TRAINABLE: tuple[Trainable, ...] = ("weights", "arch", "masks", "arch_masks")
"""What a phase can train. `Train` has an optimiser of each name."""
MISSING: dict[str, tuple[str, str]] = {
    "arch": ("architecture parameters", "relax"),
    "masks": ("masks on weights", "mask{weights=true}"),
    "arch_masks": ("masks on operations or edges", "mask"),
}
"""What those are that a module may have none of, and the pass that makes them."""
BILEVEL: tuple[Bilevel, ...] = ("none", "first_order", "second_order")


@frozen
class SGD:
    """Stochastic gradient descent with momentum; `decay` is an L2 penalty's gradient factor."""

    lr: Schedule = field(converter=schedule, validator=is_schedule)
    momentum: float = field(default=0.9, validator=number(0.0, below=1.0))
    decay: float = field(default=3e-4, validator=number(0.0))


@frozen
class Adam:
    """Adam (Kingma and Ba, 2015); `decay` is an L2 penalty's gradient factor."""

    lr: Schedule = field(converter=schedule, validator=is_schedule)
    betas: tuple[float, float] = field(default=(0.5, 0.999))
    decay: float = field(default=1e-3, validator=number(0.0))

    @betas.validator
    def _check_betas(self, attribute: Attribute[Any], value: object) -> None:
        if not isinstance(value, tuple) or len(value) != 2:
            raise ValueError(f"`betas` must be two numbers, found {value!r}")
        for beta in value:
            number(0.0, below=1.0)(self, attribute, beta)


Optimizer: TypeAlias = SGD | Adam


def _trains(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _default_split(phase: Train) -> float:
    """Half of the images for each level; all for the weights where there is one level."""
    return 0.5 if phase.bilevel != "none" and "arch" in phase.trains else 1.0


def _masks(lr: float) -> Adam:
    """As the masks of HM-NAS are trained (Yan et al., 2019, section 4.2): decay would pull all of them below."""
    return Adam(lr, (0.9, 0.999), 0.0)


@frozen
class Train:
    """One training phase.

    trains: what descends a loss: `weights`, `arch` (architecture parameters), `masks` (on weights), `arch_masks`
        (on operations and edges). The others are frozen: they have no gradient.
    epochs: passes over the images of the weights.
    batch: images in a batch; a last batch of a single image is left out.
    bilevel: `first_order`: architecture parameters descend the loss on held-out images at the
        current weights; `second_order`: at the weights after one unrolled step; `none`: all
        descend the loss of the same batch, as everything but architecture parameters does.
    split: the part of the training images that the weights see; the others are held out for
        the architecture parameters and for validation. 1.0 holds none out.
    arch_from: the first epoch with architecture steps (until then only weights are trained).
    arch_probability: at each step of the epochs from `arch_from` on, whether there is an architecture
        step is drawn with this probability (HM-NAS, Yan et al., 2019, section 3.2). Its time begins at
        `arch_from`, and its horizon is what is left of the phase.
    clip: the largest norm of the gradient of all weights; None does not clip.
    cutout: side of the square that is erased from each training image; 0 erases none.
    augment: random crops and, for colour images, flips.
    keep_zeros: kernels keep the zeros that they have when the phase begins: what masks cut out stays out.
    span: where a method's text has the phase.
    """

    trains: tuple[Trainable, ...] = field(default=("weights", "arch"), converter=_trains)
    epochs: int = field(default=50, validator=whole(1), kw_only=True)
    batch: int = field(default=64, validator=whole(2), kw_only=True)
    bilevel: Bilevel = field(default="first_order", converter=word, validator=one_of(BILEVEL), kw_only=True)
    split: float = field(default=Factory(_default_split, takes_self=True), validator=number(0.0, 1.0), kw_only=True)
    weights: Optimizer = field(default=SGD(Cosine(0.025, 0.001)), kw_only=True, validator=instance_of((SGD, Adam)))
    arch: Optimizer = field(default=Adam(3e-4), kw_only=True, validator=instance_of((SGD, Adam)))
    masks: Optimizer = field(default=_masks(1e-4), kw_only=True, validator=instance_of((SGD, Adam)))
    arch_masks: Optimizer = field(default=_masks(1e-5), kw_only=True, validator=instance_of((SGD, Adam)))
    arch_from: int = field(default=0, validator=whole(0), kw_only=True)
    arch_probability: Schedule = field(
        default=Constant(1.0), converter=schedule, validator=is_probability, kw_only=True
    )
    clip: float | None = field(default=5.0, validator=or_none(number(0.0)), kw_only=True)
    cutout: int = field(default=0, validator=whole(0), kw_only=True)
    augment: bool = field(default=True, validator=instance_of(bool), kw_only=True)
    keep_zeros: bool = field(default=False, validator=instance_of(bool), kw_only=True)
    span: Span | None = field(default=None, eq=False, repr=False, kw_only=True)

    @trains.validator
    def _check_trains(self, _attribute: Attribute[Any], value: object) -> None:
        if not isinstance(value, tuple) or not value or len(set(value)) < len(value):
            raise ValueError(f"a phase trains some of {', '.join(TRAINABLE)}, found {value!r}")
        for name in value:
            if name not in TRAINABLE:
                raise ValueError(f"a phase trains some of {', '.join(TRAINABLE)}, found `{name}`")

    def optimizer(self, kind: str) -> Optimizer:
        """What trains those of a kind."""
        found: Optimizer = getattr(self, kind)
        return found

    @property
    def is_bilevel(self) -> bool:
        """Whether architecture parameters learn from images of their own."""
        return "arch" in self.trains and self.bilevel != "none"

    def arch_chance(self, epoch: int, step: int, steps: int) -> float:
        """The probability of an architecture step at `step` (of `steps`) of `epoch`, counted from 0."""
        if "arch" not in self.trains or epoch < self.arch_from:
            return 0.0
        return self.arch_probability.at(epoch - self.arch_from, step, self.epochs - self.arch_from, steps)

    def __attrs_post_init__(self) -> None:
        if self.split == 0.0 or (self.is_bilevel and self.split == 1.0):
            raise ValueError(
                f"`split` = {self.split:g} leaves no images for one of the two levels; "
                f"give a part between 0 and 1, or bilevel = none"
            )
        if self.bilevel == "second_order" and self.is_bilevel and not isinstance(self.weights, SGD):
            raise ValueError("second order unrolls a step of `sgd`; train the weights with `sgd`, or use first_order")
        if self.keep_zeros and self.bilevel == "second_order" and self.is_bilevel:
            raise ValueError("the step that second order unrolls keeps no zeros; use first_order with `keep_zeros`")
