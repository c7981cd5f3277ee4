"""The names that every file knows."""

from __future__ import annotations

from collections.abc import Callable

from archir.ops import PRIMITIVES
from archir.sema.values import Function, PrimitiveValue, Value, Word

Number = int | float


def round_to(value: Number, multiple: int) -> int:
    """`value` to the nearest multiple, never below nine tenths of it (MobileNetV2's channel rule)."""
    rounded = max(multiple, int(value + multiple / 2) // multiple * multiple)
    return rounded + multiple if rounded < 0.9 * value else rounded


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "max": max,
    "min": min,
    "round": round,
    "floor": lambda value: int(value // 1),
    "ceil": lambda value: int(-(-value // 1)),
    "len": len,
    "round_to": round_to,
}

TYPE_WORDS = ("tensor", "int", "float", "bool", "string", "cell", "net", "block", "stage", "candidates")

BUILTINS: dict[str, Value] = {
    **{name: PrimitiveValue(cls) for name, cls in PRIMITIVES.items()},
    **{name: Function(name) for name in FUNCTIONS},
    **{word: Word(word) for word in TYPE_WORDS},
    "true": True,
    "false": False,
}
