"""Which shapes what a gate reads may have: it depends on the choice, and on where in the gate it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from archir.ir.gates import Apply, Gate, Parameter, parameters_of
from archir.ir.graph import Choice

Shapes: TypeAlias = tuple[tuple[int, ...], ...]


def readable_shapes(gate: Gate, choice: Choice, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, Shapes]]:
    """What the gate of a choice reads, by name, and which shapes that may have; `shapes`: those that there are."""
    return _wanted(gate, _axes(choice), shapes)


def _wanted(gate: Gate, allowed: Shapes, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, Shapes]]:
    """What an expression reads, and which shapes that may have where it stands."""
    if isinstance(gate, Parameter):
        yield gate.name, allowed
    elif isinstance(gate, Apply) and gate.function == "mix" and len(gate.arguments) == 2:
        weights, of = gate.arguments
        count = next((shape[1] for n in parameters_of(weights) if len(shape := shapes.get(n, ())) == 2), 1)
        yield from _wanted(weights, ((1, count), ()), shapes)
        each = tuple((count, *shape) for shape in allowed if shape)
        some = any(shapes.get(name) in each for name in parameters_of(of))
        yield from _wanted(of, (*each, *allowed) if some else each, shapes)
    elif isinstance(gate, Apply):
        for argument in gate.arguments:
            yield from _wanted(argument, allowed, shapes)


def _axes(choice: Choice) -> Shapes:
    """The shapes that a gate of a choice can read: an element for each operation, for each edge, or one for all."""
    edges = len(choice.edges)
    return (edges, max(len(edge.candidates) for edge in choice.edges)), (edges, 1), ()
