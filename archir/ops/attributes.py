"""Converters for what a user may write as an attribute of a primitive."""

from __future__ import annotations

from math import isfinite

from attrs import Attribute


def pair(value: object) -> tuple[int, int]:
    """`3` or `(3, 3)`: a size in rows and columns."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    if (
        isinstance(value, tuple)
        and len(value) == 2
        and all(isinstance(v, int) and not isinstance(v, bool) for v in value)
    ):
        return (value[0], value[1])
    raise ValueError(f"expected an integer or a pair of integers, found {value!r}")


def optional_pair(value: object) -> tuple[int, int] | None:
    """A pair, or nothing where the operand decides."""
    return None if value is None else pair(value)


def flag(value: object) -> bool:
    """`true` or `false`."""
    if isinstance(value, bool):
        return value
    raise ValueError(f"expected true or false, found {value!r}")


def number(value: object) -> float:
    """A finite number."""
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return float(value)
    raise ValueError(f"expected a number, found {value!r}")


def at_least(low: int):  # type: ignore[no-untyped-def]
    """A validator: every number is an integer of at least `low`."""

    def check(_instance: object, attribute: Attribute[object], value: object) -> None:
        for v in value if isinstance(value, tuple) else (value,):
            if v is not None and (isinstance(v, bool) or not isinstance(v, int) or v < low):
                raise ValueError(f"`{attribute.name}` must be an integer of at least {low}, found {v!r}")

    return check
