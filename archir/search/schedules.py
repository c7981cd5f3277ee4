"""Schedules: numbers that change while a phase trains, such as a learning rate or a probability.

A schedule is asked for its value at a step of an epoch, and holds no state. None of its values is larger than the
`largest`, or below zero.
"""

from __future__ import annotations

from math import cos, pi
from typing import Any, Literal, TypeAlias

from attrs import Attribute, field, frozen
from attrs.validators import instance_of

from archir.search.checks import is_number, number, one_of, or_none, whole

Unit: TypeAlias = Literal["epoch", "step"]


@frozen
class Constant:
    """The same value all the time."""

    value: float = field(validator=number(0.0))

    @property
    def largest(self) -> float:
        """No value is larger."""
        return self.value

    def at(self, epoch: int, step: int, epochs: int, steps: int) -> float:
        """The value at `step` (of `steps`) of `epoch` (of `epochs`), all counted from 0."""
        return float(self.value)


@frozen
class _Paced:
    """What moves once an epoch, or at each step.

    `since` epochs of the schedule have passed before the phase begins, so that one schedule can span several phases. It
    stands still for the whole of a phase that holds it.
    """

    unit: Unit = field(default="epoch", validator=one_of(("epoch", "step")), kw_only=True)
    since: int = field(default=0, validator=whole(0), kw_only=True)
    hold: bool = field(default=False, validator=instance_of(bool), kw_only=True)

    def passed(self, epoch: int, step: int, steps: int) -> int:
        """How many units have passed."""
        epochs, step = (self.since, 0) if self.hold else (self.since + epoch, step)
        return epochs * steps + step if self.unit == "step" else epochs

    def units(self, epochs: int, steps: int) -> int:
        """So many epochs in units."""
        return epochs * steps if self.unit == "step" else epochs


@frozen
class _Between(_Paced):
    """From `start` to `end` within a horizon: `over` epochs, by default those of the phase. Behind it stays `end`."""

    start: float = field(validator=number(0.0))
    end: float = field(validator=number(0.0))
    over: int | None = field(default=None, validator=or_none(whole(1)), kw_only=True)

    @property
    def largest(self) -> float:
        """No value is larger."""
        return max(self.start, self.end)

    def fraction(self, epoch: int, step: int, epochs: int, steps: int) -> float:
        """The part of the horizon that has passed, from 0 to 1."""
        return min(1.0, self.passed(epoch, step, steps) / self.units(self.over or epochs, steps))


@frozen
class Cosine(_Between):
    """From `start` to `end` along half a cosine (Loshchilov and Hutter, 2017, Eq. 5, without restarts)."""

    def at(self, epoch: int, step: int, epochs: int, steps: int) -> float:
        """The value at `step` (of `steps`) of `epoch` (of `epochs`), all counted from 0."""
        fraction = self.fraction(epoch, step, epochs, steps)
        return float(self.end + (self.start - self.end) * (1 + cos(pi * fraction)) / 2)


@frozen
class Linear(_Between):
    """From `start` to `end` along a line."""

    def at(self, epoch: int, step: int, epochs: int, steps: int) -> float:
        """The value at `step` (of `steps`) of `epoch` (of `epochs`), all counted from 0."""
        fraction = self.fraction(epoch, step, epochs, steps)
        return float(self.start * (1 - fraction) + self.end * fraction)


@frozen
class Exponential(_Paced):
    """`start`, multiplied by `factor` after each epoch, or after each step; for no longer than `over` epochs, if given.

    A factor above 1 is refused: what grows by it leaves every bound in a long phase.
    """

    start: float = field(validator=number(0.0))
    factor: float = field(validator=number(0.0, 1.0))
    over: int | None = field(default=None, validator=or_none(whole(1)), kw_only=True)

    @property
    def largest(self) -> float:
        """No value is larger."""
        return self.start

    def at(self, epoch: int, step: int, epochs: int, steps: int) -> float:
        """The value at `step` (of `steps`) of `epoch` (of `epochs`), all counted from 0."""
        passed = self.passed(epoch, step, steps)
        if self.over is not None:
            passed = min(passed, self.units(self.over, steps))
        return float(self.start * self.factor**passed)


@frozen
class Cut(_Paced):
    """`start`, and `end` once `after` epochs, or steps, have passed."""

    start: float = field(validator=number(0.0))
    end: float = field(validator=number(0.0))
    after: int = field(validator=whole(0), kw_only=True)

    @property
    def largest(self) -> float:
        """No value is larger."""
        return max(self.start, self.end)

    def at(self, epoch: int, step: int, epochs: int, steps: int) -> float:
        """The value at `step` (of `steps`) of `epoch` (of `epochs`), all counted from 0."""
        return float(self.end if self.passed(epoch, step, steps) >= self.after else self.start)


Schedule: TypeAlias = Constant | Cosine | Linear | Exponential | Cut
SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "cosine": Cosine,
    "linear": Linear,
    "exponential": Exponential,
    "cut": Cut,
}
"""By the names that method files call them by."""


def schedule(value: object) -> object:
    """A converter: a plain number is a constant schedule. A wrong one is left to the validator, which has its name."""
    return Constant(value) if is_number(value, 0.0) else value


def is_schedule(instance: object, attribute: Attribute[Any], value: object) -> None:
    """A validator: a schedule."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        number(0.0)(instance, attribute, value)
    if not isinstance(value, Schedule):
        raise TypeError(f"`{attribute.name}` must be a number or a schedule, found {value!r}")


def is_probability(instance: object, attribute: Attribute[Any], value: object) -> None:
    """A validator: a schedule of values from 0 to 1. Whether it falls or rises is for the method to say."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        number(0.0, 1.0)(instance, attribute, value)
    is_schedule(instance, attribute, value)
    if isinstance(value, Schedule) and value.largest > 1:
        raise ValueError(f"`{attribute.name}` must stay from 0 to 1, but reaches {value.largest:g}")
