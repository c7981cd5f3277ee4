"""What a row of the table says: how an operation is written in Python.

A row takes an operation's numbers apart into columns. Where the same class is
made from several graphs, a column whose number varies becomes an argument of the
class; so a row writes code from texts: a literal, or the argument's name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

from attrs import field, frozen

from archir.ir.primitive import Types

Number: TypeAlias = bool | int | float | tuple[int, ...]
ColumnKind: TypeAlias = Literal["channels", "k", "stride", "pad", "dilation", "flag", "number"]


@frozen
class Column:
    """One number of an operation: what it is called if it varies, and what sort it is.

    Only columns of one sort are compared: a stride that happens to equal a width stays a stride.
    """

    hint: str
    kind: ColumnKind
    value: Number
    reads: str = ""
    """Which input of a cell this is the width of, if it is one; such widths keep arguments of their own."""


Level: TypeAlias = Literal["atom", "product", "sum"]


@frozen
class Code:
    """An expression and how strongly it binds."""

    text: str
    level: Level = "atom"

    def within(self, level: Level) -> str:
        """The text as an operand of something that binds like `level`."""
        order: tuple[Level, ...] = ("atom", "product", "sum")
        return f"({self.text})" if order.index(self.level) > order.index(level) else self.text


def no_columns(_primitive: Any, _inputs: Types) -> tuple[Column, ...]:
    """For operations without numbers."""
    return ()


@frozen
class Layer:
    """An operation that is a child module: its class, and its arguments from the columns' texts."""

    torch_class: str
    columns: Callable[[Any, Types], tuple[Column, ...]]
    arguments: Callable[[Sequence[str]], list[str]]
    norm: bool = False


@frozen
class Function:
    """An operation that is an expression: written from its operands and the columns' texts."""

    write: Callable[[Sequence[Code], Sequence[str]], Code]
    columns: Callable[[Any, Types], tuple[Column, ...]] = field(default=no_columns)
    activation: bool = False


Row: TypeAlias = Layer | Function


def plain(pair: tuple[int, int]) -> Number:
    """`3` for `(3, 3)`."""
    return pair[0] if pair[0] == pair[1] else pair


def options(**given: tuple[str, str]) -> list[str]:
    """Keyword arguments, each as (text, default), without those that say the default."""
    return [f"{name}={text}" for name, (text, default) in given.items() if text != default]
