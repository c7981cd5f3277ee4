"""What a step of a method is told: validators, which raise ValueError with a message for people."""

from __future__ import annotations

from math import isfinite
from typing import Any, TypeGuard

from attrs import Attribute


def is_number(value: object, low: float, high: float = float("inf")) -> TypeGuard[float]:
    """Whether a value is a finite number from `low` to `high`; a truth value is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and low <= value <= high


def number(low: float, high: float = float("inf"), *, below: float = float("inf")) -> Any:
    """A validator: a finite number from `low` to `high`, less than `below`."""

    def check(_instance: object, attribute: Attribute[Any], value: object) -> None:
        wanted = f"at least {low:g}" if high == float("inf") else f"from {low:g} to {high:g}"
        wanted = f"at least {low:g} and below {below:g}" if below != float("inf") else wanted
        if not is_number(value, low, high) or value >= below:
            raise ValueError(f"`{attribute.name}` must be a number {wanted}, found {value!r}")

    return check


def whole(low: int) -> Any:
    """A validator: an integer of at least `low`."""

    def check(_instance: object, attribute: Attribute[Any], value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise ValueError(f"`{attribute.name}` must be an integer of at least {low}, found {value!r}")

    return check


def one_of(words: tuple[str, ...]) -> Any:
    """A validator: one of some words."""

    def check(_instance: object, attribute: Attribute[Any], value: object) -> None:
        if value not in words:
            raise ValueError(f"`{attribute.name}` must be one of {', '.join(words)}, found {value!r}")

    return check


def or_none(validator: Any) -> Any:
    """A validator: None, or what another one takes."""

    def check(instance: object, attribute: Attribute[Any], value: object) -> None:
        if value is not None:
            validator(instance, attribute, value)

    return check


def word(value: Any) -> Any:
    """A converter: in a method file `none` is nothing, not a word."""
    return "none" if value is None else value
