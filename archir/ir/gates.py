"""Gates: what a search method does to the architecture parameters, as data.

A gate is a small expression whose value has the axes (edge, operation) of one choice: the coefficient
of each candidate on each edge. An objective is an expression whose value is one number. Both read the
module's leaves (architecture parameters, clocks, noise) by name, and objectives the gates, too. NumPy and each
backend give a function its meaning in a table of rows; the IR knows its name, its arguments, and what its
zeros mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ctypes import c_float
from typing import Literal, TypeAlias

from attrs import frozen


@frozen
class Parameter:
    """A reference by name: to an architecture parameter, a clock or noise, and in an objective to a choice's gate."""

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
Zeros: TypeAlias = Literal["dense", "first", "product", "closed", "indicator"]

INFIX = {"+": 1, "-": 1, "*": 2, "/": 2}
"""Functions that are written between their arguments, and how strongly they bind."""
CHAINS = ("+", "*")
"""Those of any number of arguments: a sum over all choices of a net is as deep as a sum of two."""


def _operand(function: str, place: int, argument: Gate) -> str:
    if isinstance(argument, Apply) and argument.function in INFIX:
        inner, outer = INFIX[argument.function], INFIX[function]
        same_chain = argument.function == function and function in CHAINS  # without brackets it would be one
        if inner < outer or (inner == outer and (place > 0 or same_chain)):
            return f"({argument})"
    return str(argument)


@frozen
class GateFunction:
    """Signature of a gate function.

    zeros: what it means that its value is zero somewhere. An alternative need not run where nothing
    flows back either:
        dense: its zeros mean nothing (softmax, which has none; step, where the gradient passes);
        first: they mean what the first argument's zeros mean;
        product: they mean something where they come from a factor whose zeros do;
        closed: nothing flows back where the value is zero (relu, detach, one_hot);
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
        GateFunction(
            "gumbel_softmax", 3, 3, "first", "`gumbel_softmax(p, g, t)` is the softmax of (log p + g) / t; 0 where p is"
        ),
        GateFunction(
            "one_hot", 1, 1, "closed", "1 for the largest above zero of each edge, where the gradient passes unchanged"
        ),
        GateFunction("over_max", 1, 1, "dense", "over the largest of the choice, `none` zero (EnTranNAS, Eq. 7)"),
        GateFunction("threshold", 1, 1, "dense", "the sigmoid, held just below 1 (EnTranNAS, Eq. 8)"),
        GateFunction("relu", 1, 1, "closed", "max(x, 0)"),
        GateFunction("normalize", 1, 1, "first", "over the sum of the edge; an edge of zeros stays (EnTranNAS, Eq. 9)"),
        GateFunction("top_edges", 2, 2, "indicator", "1 for the strongest operation of each of the n strongest edges"),
        GateFunction("argmax", 1, 1, "indicator", "1 for the strongest operation of each edge, if it is not `none`"),
        GateFunction("nonzero", 1, 1, "indicator", "1 where the argument is above zero (EnTranNAS, Eq. 10)"),
        GateFunction(
            "nonempty", 2, 2, "indicator", "1 where the first is above zero; if nowhere, where the second is largest"
        ),
        GateFunction("detach", 1, 1, "closed", "the argument; nothing flows back"),
        GateFunction(
            "step", 2, 2, "dense", "1 where a mask reaches its threshold; the gradient passes (HM-NAS, Eq. 4)"
        ),
        GateFunction("+", 2, None, "dense", "the sum"),
        GateFunction("-", 2, 2, "dense", "the difference"),
        GateFunction("*", 2, None, "product", "the product"),
        GateFunction("/", 2, 2, "first", "the quotient"),
        GateFunction("log", 1, 1, "dense", "the natural logarithm"),
        GateFunction("dot", 2, 2, "dense", "the sum of the products of two tables, one number"),
        GateFunction("per_edge", 2, 2, "dense", "the same on each edge: a column of numbers, one for each edge"),
        GateFunction("per_proposal", 2, 2, "dense", "the same of each proposal: a row of numbers"),
        GateFunction("shares", 1, 1, "first", "over the sum of all elements; zeros alone stay"),
        GateFunction("pick", 3, 3, "dense", "`pick(p, e, k)` is the coefficient of operation k on edge e, one number"),
        GateFunction("mix", 2, 2, "dense", "`mix(pi, p)` is the sum over proposals i of pi[i] * p[i] (HourNAS, Eq. 9)"),
        GateFunction("abs", 1, 1, "dense", "the absolute value"),
        GateFunction("mean", 1, None, "dense", "the mean of all elements of all arguments, one number"),
    )
}


def added(gates: Iterable[Gate]) -> Gate:
    """Their sum; zero for none."""
    return _chain("+", gates, Number(0.0))


def multiplied(gates: Iterable[Gate]) -> Gate:
    """Their product; one for none."""
    return _chain("*", gates, Number(1.0))


def _chain(function: str, gates: Iterable[Gate], nothing: Gate) -> Gate:
    """The function of all; what is a chain of the same function already gives its arguments."""
    found: list[Gate] = []
    for gate in gates:
        found += gate.arguments if isinstance(gate, Apply) and gate.function == function else (gate,)
    return Apply(function, tuple(found)) if len(found) > 1 else found[0] if found else nothing


def picked(gate: Gate, edge: int, operation: int) -> Gate:
    """One coefficient of a gate."""
    return Apply("pick", (gate, Number(edge), Number(operation)))


def support(gate: Gate) -> Gate | None:
    """An expression where whose zeros an alternative need not run: neither a value nor a gradient passes there.

    None: all run. Of a product these are the factors that are sparse: where such a factor a is zero, its own
    gradient is, so (a b)' = a' b + a b' is zero whatever b is. Zeros that come from the other factors alone run.
    """
    if not isinstance(gate, Apply):
        return None
    match GATE_FUNCTIONS[gate.function].zeros:
        case "closed" | "indicator":
            return gate
        case "first":
            return support(gate.arguments[0])
        case "product":
            factors = [found for found in map(support, gate.arguments) if found is not None]
            return multiplied(factors) if factors else None
    return None


def is_sparse(gate: Gate) -> bool:
    """Whether there are alternatives that need not run."""
    return support(gate) is not None


def is_plain(gate: Gate) -> bool:
    """Whether the gate is zero or one and nothing flows back: what is kept is just summed."""
    return isinstance(gate, Apply) and (
        GATE_FUNCTIONS[gate.function].zeros == "indicator"
        or (gate.function == "detach" and is_plain(gate.arguments[0]))
    )


def as_float32(threshold: float) -> float:
    """The threshold of a mask as the number nearest to it among those that masks, which are float32, can have.

    So whatever compares the two, in NumPy or in a backend and at whatever precision, finds the same.
    """
    return c_float(threshold).value


def replaced(gate: Gate, old: Gate, new: Gate) -> Gate:
    """The expression with `new` wherever `old` stood."""
    if gate == old:
        return new
    if not isinstance(gate, Apply):
        return gate
    return Apply(gate.function, tuple(replaced(argument, old, new) for argument in gate.arguments))


def unmasked(gate: Gate) -> Gate:
    """The expression as it was before masks: every `step` is 1."""
    if not isinstance(gate, Apply):
        return gate
    if gate.function == "step":
        return Number(1.0)
    arguments = tuple(map(unmasked, gate.arguments))
    if gate.function == "*" and arguments != gate.arguments:
        return multiplied(a for a in arguments if a != Number(1.0))
    return Apply(gate.function, arguments)


def parameters_of(gate: Gate) -> Iterator[str]:
    """Names of the leaves that an expression reads, in order, with repeats."""
    if isinstance(gate, Parameter):
        yield gate.name
    elif isinstance(gate, Apply):
        for argument in gate.arguments:
            yield from parameters_of(argument)
