"""The names that every file knows."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from archir.ops import PRIMITIVES
from archir.sema.values import Function, PrimitiveValue, Value

Number = int | float


def round_to(value: Number, multiple: int) -> int:
    """`value` to the nearest multiple, never below nine tenths of it (MobileNetV2's channel rule)."""
    rounded = max(multiple, int(value + multiple / 2) // multiple * multiple)
    return rounded + multiple if rounded < 0.9 * value else rounded


@frozen
class NumberFunction:
    """A function of `least` to `most` numbers (None: any number of them), perhaps given as one list."""

    compute: Callable[..., Value]
    least: int
    most: int | None
    example: str
    takes_list: bool = False


FUNCTIONS: dict[str, NumberFunction] = {
    "max": NumberFunction(max, 2, None, "max(a, b)", True),
    "min": NumberFunction(min, 2, None, "min(a, b)", True),
    "round": NumberFunction(round, 1, 1, "round(a)"),
    "floor": NumberFunction(lambda value: int(value // 1), 1, 1, "floor(a)"),
    "ceil": NumberFunction(lambda value: int(-(-value // 1)), 1, 1, "ceil(a)"),
    "len": NumberFunction(len, 1, 1, "len([a, b])", True),
    "round_to": NumberFunction(round_to, 2, 2, "round_to(channels, 8)"),
}

BUILTINS: dict[str, Value] = {
    **{name: PrimitiveValue(cls) for name, cls in PRIMITIVES.items()},
    **{name: Function(name) for name in FUNCTIONS},
    "true": True,
    "false": False,
}
