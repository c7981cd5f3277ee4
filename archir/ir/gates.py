"""Gates: what a search method does to the architecture parameters, as data.

A gate is a small expression over named architecture parameters. Its value has
the axes (edge, operation) of one choice: the coefficient of each candidate on
each edge. Each backend gives a function its meaning in a table of rows; the IR
knows a function's name and how many arguments it takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from attrs import frozen


@frozen
class Parameter:
    """A reference to an architecture parameter of the module by its name."""

    name: str

    def __str__(self) -> str:
        return f"%{self.name}"


@frozen
class Apply:
    """A gate function applied to gates, for example `softmax(%arch.normal.x.2.alpha)`."""

    function: str
    arguments: tuple[Gate, ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


Gate: TypeAlias = Parameter | Apply


@frozen
class GateFunction:
    """Signature of a gate function."""

    name: str
    arity: int
    summary: str


GATE_FUNCTIONS = {
    f.name: f for f in (GateFunction("softmax", 1, "softmax over the operations of each edge (DARTS, Eq. 2)"),)
}


def parameters_of(gate: Gate) -> Iterator[str]:
    """Names of the architecture parameters that a gate reads, in order, with repeats."""
    if isinstance(gate, Parameter):
        yield gate.name
        return
    for argument in gate.arguments:
        yield from parameters_of(argument)
