"""Gates: what a search method does to the architecture parameters, as data.

A gate is a small expression whose value has the axes (edge, operation) of one choice: the coefficient
of each candidate on each edge. An objective is an expression whose value is one number. Both read the
module's leaves (architecture parameters, clocks) by name, and objectives the gates, too. NumPy and each
backend give a function its meaning in a table of rows; the IR knows its name, its arguments, and what its
zeros mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from attrs import frozen


@frozen
class Parameter:
    """A reference by name: to an architecture parameter or a clock, and in an objective to a choice's gate."""

    name: str

    def __str__(self) -> str:
        return f"%{self.name}"


@frozen
class Number:
    """A constant."""

    value: float

    def __str__(self) -> str:
        return repr(self.value)


@frozen
class Apply:
    """A function applied to expressions, for example `softmax(%arch.normal.x.2.alpha)` or `a / b`."""

    function: str
    arguments: tuple[Gate, ...]

    def __str__(self) -> str:
        if self.function in INFIX:
            return f" {self.function} ".join(_operand(self.function, i, a) for i, a in enumerate(self.arguments))
        return f"{self.function}({', '.join(map(str, self.arguments))})"


@frozen
class Table:
    """Constants over (edge, operation), for example what each alternative costs."""

    rows: tuple[tuple[float, ...], ...]

    def __str__(self) -> str:
        return f"[{', '.join(f'[{row}]' for row in (', '.join(map(repr, row)) for row in self.rows))}]"


Gate: TypeAlias = Parameter | Number | Table | Apply
Zeros: TypeAlias = Literal["dense", "first", "all", "closed", "indicator"]

INFIX = {"+": 1, "-": 1, "*": 2, "/": 2}
"""Functions that are written between their two arguments, and how strongly they bind."""


def _operand(function: str, place: int, argument: Gate) -> str:
    if isinstance(argument, Apply) and argument.function in INFIX:
        inner, outer = INFIX[argument.function], INFIX[function]
        if inner < outer or (inner == outer and place > 0):
            return f"({argument})"
    return str(argument)


@frozen
class GateFunction:
    """Signature of a gate function.

    zeros: what it means that its value is zero somewhere. An alternative need not run where nothing
    flows back either:
        dense: its zeros mean nothing (softmax);
        first: they mean what the first argument's zeros mean;
        all: they mean something where the zeros of every argument do;
        closed: nothing flows back where the value is zero (relu, detach);
        indicator: the value is zero or one and nothing ever flows back.
    """

    name: str
    least: int
    most: int | None
    zeros: Zeros
    summary: str

    def takes(self, found: int) -> bool:
        """Whether it can be given that many arguments."""
        return self.least <= found and (self.most is None or found <= self.most)

    @property
    def arity(self) -> str:
        """How many arguments it takes, in words."""
        return str(self.least) if self.least == self.most else f"{self.least} or more"


GATE_FUNCTIONS = {
    f.name: f
    for f in (
        GateFunction("softmax", 1, 1, "dense", "softmax over the operations of each edge (DARTS, Eq. 2)"),
        GateFunction("edge_softmax", 1, 1, "dense", "softmax over the edges, of one number an edge (HM-NAS, Eq. 2)"),
        GateFunction("exponential", 3, 3, "dense", "`exponential(t, a, b)` is a * b ** t, an annealed temperature"),
        GateFunction("over_max", 1, 1, "dense", "over the largest of the choice, `none` zero (EnTranNAS, Eq. 7)"),
        GateFunction("threshold", 1, 1, "dense", "the sigmoid, held just below 1 (EnTranNAS, Eq. 8)"),
        GateFunction("relu", 1, 1, "closed", "max(x, 0)"),
        GateFunction("normalize", 1, 1, "first", "over the sum of the edge; an edge of zeros stays (EnTranNAS, Eq. 9)"),
        GateFunction("top_edges", 2, 2, "indicator", "1 for the strongest operation of each of the n strongest edges"),
        GateFunction("argmax", 1, 1, "indicator", "1 for the strongest operation of each edge, if it is not `none`"),
        GateFunction("nonzero", 1, 1, "indicator", "1 where the argument is above zero (EnTranNAS, Eq. 10)"),
        GateFunction("detach", 1, 1, "closed", "the argument; nothing flows back"),
        GateFunction("+", 2, 2, "dense", "the sum"),
        GateFunction("-", 2, 2, "dense", "the difference"),
        GateFunction("*", 2, 2, "all", "the product"),
        GateFunction("/", 2, 2, "first", "the quotient"),
        GateFunction("log", 1, 1, "dense", "the natural logarithm"),
        GateFunction("dot", 2, 2, "dense", "the sum of the products of two tables, one number"),
        GateFunction("pick", 3, 3, "dense", "`pick(p, e, k)` is the coefficient of operation k on edge e, one number"),
        GateFunction("mean", 1, None, "dense", "the mean of all elements of all arguments, one number"),
    )
}


def is_sparse(gate: Gate) -> bool:
    """Whether an alternative need not run where the gate is zero: neither a value nor a gradient passes there."""
    if not isinstance(gate, Apply):
        return False
    match GATE_FUNCTIONS[gate.function].zeros:
        case "closed" | "indicator":
            return True
        case "first":
            return is_sparse(gate.arguments[0])
        case "all":
            return all(map(is_sparse, gate.arguments))
    return False


def is_plain(gate: Gate) -> bool:
    """Whether the gate is zero or one and nothing flows back: what is kept is just summed."""
    return isinstance(gate, Apply) and (
        GATE_FUNCTIONS[gate.function].zeros == "indicator"
        or (gate.function == "detach" and is_plain(gate.arguments[0]))
    )


def parameters_of(gate: Gate) -> Iterator[str]:
    """Names of the leaves that an expression reads, in order, with repeats."""
    if isinstance(gate, Parameter):
        yield gate.name
    elif isinstance(gate, Apply):
        for argument in gate.arguments:
            yield from parameters_of(argument)
