"""The axes of a choice: which (edge, operation) there are, and which of them are `none`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen

from archir.ir.gates import Apply, Gate, Parameter, parameters_of
from archir.ir.graph import Choice
from archir.ir.module import Module, choice_instances
from archir.space.variables import alternatives

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Table: TypeAlias = tuple[tuple[bool, ...], ...]


@frozen
class Axes:
    """Tables over (edge, operation), as wide as the longest edge.

    exists: the edge has so many candidates, and this one is active. solid: it exists, and keeping it keeps the edge;
    under a rule for edges `none` is not solid, since an edge that would carry it is not kept.
    """

    exists: Table
    solid: Table

    @property
    def shape(self) -> tuple[int, ...]:
        """Edges and the most operations of an edge; nothing for what has no axes."""
        return (len(self.exists), len(self.exists[0])) if self.exists else ()

    @property
    def ragged(self) -> bool:
        """Whether some place has no active candidate."""
        return not all(map(all, self.exists))

    def exist(self) -> NDArray[np.bool_]:
        """`exists` as an array."""
        return _array(self.exists)

    def kept(self) -> NDArray[np.bool_]:
        """`solid` as an array."""
        return _array(self.solid)


_REDUCTIONS = ("dot", "per_edge", "per_proposal", "pick", "mean")
NO_AXES = Axes((), ())
"""Those of a number."""


def axes_of(choice: Choice) -> Axes:
    """The axes of a choice."""
    most = max(len(edge.candidates) for edge in choice.edges)
    return Axes(
        tuple(_row(most, (k for k, _ in edge.alternatives)) for edge in choice.edges),
        tuple(_row(most, (k for k, _ in alternatives(choice, e))) for e in range(len(choice.edges))),
    )


def _row(length: int, places: Iterable[int]) -> tuple[bool, ...]:
    there = set(places)
    return tuple(k in there for k in range(length))


def axes_by_name(module: Module) -> dict[str, Axes]:
    """The axes of what an objective reads by name: gates, and what has an element for each operation of a choice."""
    shapes, gates = {p.name: p.shape for p in module.parameters}, {g.path: g.gate for g in module.gates}
    found: dict[str, Axes] = {}
    for instance in choice_instances(module.graph):
        axes = found[instance.path] = axes_of(instance.choice)
        for name in parameters_of(gates[instance.path]):
            if shapes.get(name, ())[-2:] == axes.shape:
                found[name] = axes
    found |= {
        name: row_axes(shapes[name][1]) for g in gates.values() for name in rows_of(g) if len(shapes.get(name, ())) == 2
    }
    for value in module.values:
        found[value.name] = axes_over(value.value, found)
    return found


def row_axes(count: int) -> Axes:
    """Those of a row of so many proposals, all of which there are."""
    row = ((True,) * count,)
    return Axes(row, row)


def rows_of(gate: Gate) -> Iterator[str]:
    """The names of what weighs the proposals of a mixture, in order, with repeats; clocks among them."""
    if isinstance(gate, Apply):
        if gate.function == "mix":
            yield from parameters_of(gate.arguments[0])
        for argument in gate.arguments:
            yield from rows_of(argument)


def weights_axes(mixture: Apply, named: Mapping[str, Axes]) -> Axes:
    """The axes of the weights of a `mix`: of the row that they read."""
    return next((named[name] for name in parameters_of(mixture.arguments[0]) if name in named), NO_AXES)


def axes_over(expression: Gate, named: Mapping[str, Axes]) -> Axes:
    """The axes of an objective's part: of the first choice that it reads; none for what reductions make of that."""
    if isinstance(expression, Parameter):
        return named.get(expression.name, NO_AXES)
    reduced = not isinstance(expression, Apply) or expression.function in _REDUCTIONS
    return NO_AXES if reduced else axes_under(expression, named)


def axes_under(expression: Gate, named: Mapping[str, Axes]) -> Axes:
    """The axes that the arguments of an objective's part have."""
    arguments = expression.arguments if isinstance(expression, Apply) else ()
    if isinstance(expression, Apply) and expression.function == "mix":
        arguments = arguments[1:]  # its weights have axes of their own
    return next((axes for axes in (axes_over(a, named) for a in arguments) if axes != NO_AXES), NO_AXES)


def _array(table: Table) -> NDArray[np.bool_]:
    import numpy as np

    return np.array(table, dtype=bool)
