"""All gates of a module evaluated together, and what a choice is handed of its gate.

Every distinct expression is computed once per forward, however many instances of a choice share it. The
result is handed down as an argument: a supernet holds no state between two forwards, so functional
calls, copies and replicas all work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import torch
from attrs import frozen
from torch import Tensor

from archir.analysis.axes import Axes
from archir.ir.gates import Gate, Number, Parameter, is_plain, is_sparse
from archir.lowering.torch.gate_rows import GATE_ROWS, GateRow

Pairs: TypeAlias = tuple[tuple[int, int], ...]


class GateValue(NamedTuple):
    """What one gate says in one forward.

    coefficients: [edges, most operations of an edge].
    active: the (edge, operation) pairs that are not zero, where the gate promises that value and gradient
        of all others are zero: they must not run. None: every alternative runs.
    plain: all active coefficients are the constant 1.
    """

    coefficients: Tensor
    active: Pairs | None = None
    plain: bool = False


@frozen
class Reading:
    """A gate with the axes of the choice that it belongs to."""

    gate: Gate
    axes: Axes


class _Step(NamedTuple):
    row: GateRow
    axes: Axes
    arguments: tuple[int, ...]


@frozen
class GateProgram:
    """Expressions as a flat list of steps over numbered values: leaves first, then constants."""

    constants: tuple[float, ...]
    steps: tuple[_Step, ...]
    results: tuple[int, ...]
    sparse: tuple[bool, ...]
    plain: tuple[bool, ...]

    def run(self, leaves: Iterable[Tensor]) -> tuple[GateValue, ...]:
        """The value of every gate, from the leaves in order."""
        found = self.values(leaves)
        pairs = iter(_active([value for value, sparse in zip(found, self.sparse, strict=True) if sparse]))
        return tuple(
            GateValue(value, next(pairs) if sparse else None, plain)
            for value, sparse, plain in zip(found, self.sparse, self.plain, strict=True)
        )

    def values(self, leaves: Iterable[Tensor]) -> list[Tensor]:
        """The value of every expression as a tensor."""
        values: list[Tensor | float] = [*leaves, *self.constants]
        for row, axes, arguments in self.steps:
            values.append(row(axes, *[values[a] for a in arguments]))
        return [v for r in self.results if isinstance(v := values[r], Tensor)]


def _active(values: Sequence[Tensor]) -> Iterable[Pairs]:
    """Where each value is not zero; one transfer to the host for all of them."""
    if not values:
        return
    flags = iter(torch.cat([v.detach().reshape(-1) != 0 for v in values]).tolist())
    for value in values:
        edges, operations = value.shape
        places = [(e, k) for e in range(edges) for k in range(operations)]
        yield tuple(place for place in places if next(flags))


def gate_program(readings: Sequence[Reading], leaves: Sequence[str]) -> GateProgram:
    """What evaluates gates (or objectives), each subexpression once. `leaves` name all that can be read."""
    numbers = tuple(dict.fromkeys(n for r in readings for n in _numbers(r.gate)))
    slots: dict[object, int] = {name: i for i, name in enumerate(leaves)}
    slots |= {Number(n): len(leaves) + i for i, n in enumerate(numbers)}
    steps: list[_Step] = []
    results = tuple(_place(r.gate, r.axes, slots, steps) for r in readings)
    sparse, plain = tuple(is_sparse(r.gate) for r in readings), tuple(is_plain(r.gate) for r in readings)
    return GateProgram(numbers, tuple(steps), results, sparse, plain)


def _numbers(gate: Gate) -> Iterable[float]:
    if isinstance(gate, Number):
        yield gate.value
    elif not isinstance(gate, Parameter):
        for argument in gate.arguments:
            yield from _numbers(argument)


def _place(gate: Gate, axes: Axes, slots: dict[object, int], steps: list[_Step]) -> int:
    """The number of an expression's value; adds the steps that compute it where it is new."""
    if isinstance(gate, Parameter):
        return slots[gate.name]  # the verifier lets no gate read what is not there
    if isinstance(gate, Number):
        return slots[gate]
    key = Reading(gate, axes)
    if key not in slots:
        arguments = tuple(_place(argument, axes, slots, steps) for argument in gate.arguments)
        steps.append(_Step(GATE_ROWS[gate.function], axes, arguments))
        slots[key] = max(slots.values(), default=-1) + 1
    return slots[key]


def numbered(gates: Mapping[str, Reading]) -> tuple[tuple[Reading, ...], dict[str, int]]:
    """The distinct gates in order of first use, and which of them each path has."""
    numbers: dict[Reading, int] = {}
    places = {path: numbers.setdefault(gate, len(numbers)) for path, gate in gates.items()}
    return tuple(numbers), places
