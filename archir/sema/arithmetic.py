"""Arithmetic and comparison on plain numbers, bounded so that no text can blow it up."""

from __future__ import annotations

import operator
from collections.abc import Callable

from archir.sema.values import Value

_MOST_BITS = 4096

OPERATORS: dict[str, Callable[[Value, Value], Value]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}

COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def is_number(value: Value) -> bool:
    """Whether this is a number (a truth value is none)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def calculate(symbol: str, left: int | float, right: int | float) -> int | float:
    """`left symbol right`; raises ValueError with the reason where there is no result."""
    if symbol == "**":
        size = abs(right) * (left.bit_length() if isinstance(left, int) else 64)
        if size > _MOST_BITS:
            raise ValueError("the result would be too large")
    try:
        result = OPERATORS[symbol](left, right)
    except ZeroDivisionError:
        raise ValueError("division by zero") from None
    except OverflowError:
        raise ValueError("the result would be too large") from None
    if isinstance(result, complex):
        raise ValueError("the result is no real number")
    if isinstance(result, int) and result.bit_length() > _MOST_BITS:
        raise ValueError("the result would be too large")
    return int(result) if isinstance(result, int) else float(result)
