"""All gates of a module evaluated together, and what a choice is handed of its gate.

Every distinct expression is computed once per forward, however many instances of a choice share it. The
result is handed down as an argument: a supernet holds no state between two forwards, so functional
calls, copies and replicas all work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias, cast

import torch
from attrs import evolve, frozen
from torch import Tensor

from archir.analysis.axes import Axes, axes_over, axes_under, weights_axes
from archir.ir.gates import Apply, Gate, Number, Parameter, Table, is_plain, support
from archir.ir.module import NamedValue
from archir.ir.sampling import unsampled
from archir.lowering.torch.gate_rows import GATE_ROWS, GateRow, elements

Pairs: TypeAlias = tuple[tuple[int, int], ...]


class GateValue(NamedTuple):
    """What one gate says in one forward.

    coefficients: [edges, most operations of an edge].
    active: the (edge, operation) pairs that run. The gate promises that value and gradient of all others are
        zero: they must not run. None: every alternative runs.
    plain: all active coefficients are the constant 1.
    """

    coefficients: Tensor
    active: Pairs | None = None
    plain: bool = False


@frozen
class ChoiceGate:
    """A gate with the axes of the choice that it belongs to."""

    gate: Gate
    axes: Axes


class _Step(NamedTuple):
    row: GateRow
    axes: Axes
    arguments: tuple[int, ...]


Constant: TypeAlias = Number | Table


@frozen
class GateProgram:
    """Expressions as a flat list of steps over numbered values: leaves first, then constants.

    gates: the places of the gates' values. supports: of what says which alternatives run. objectives: of the
    objectives' values.
    """

    constants: tuple[Constant, ...]
    steps: tuple[_Step, ...]
    gates: tuple[int, ...]
    supports: tuple[int | None, ...]
    plain: tuple[bool, ...]
    until: int
    objectives: tuple[int, ...]

    def run(self, leaves: Iterable[Tensor]) -> tuple[GateValue, ...]:
        """The value of every gate, from the leaves in order."""
        values = self._values(leaves, self.steps[: self.until])
        found = [cast(Tensor, values[place]) for place in self.gates]
        supports = [None if place is None else cast(Tensor, values[place]) for place in self.supports]
        shown = [s.expand_as(value) for value, s in zip(found, supports, strict=True) if s is not None]
        pairs = iter(_active(shown))
        return tuple(
            GateValue(value, None if s is None else next(pairs), plain)
            for value, s, plain in zip(found, supports, self.plain, strict=True)
        )

    def objective_values(self, leaves: Iterable[Tensor]) -> list[Tensor]:
        """The number of every objective."""
        if not self.objectives:
            return []
        values = self._values(leaves, self.steps)
        return [cast(Tensor, values[place]) for place in self.objectives]

    def _values(self, leaves: Iterable[Tensor], steps: Iterable[_Step]) -> list[Tensor | float | Table]:
        values: list[Tensor | float | Table] = [*leaves]
        values += [c.value if isinstance(c, Number) else c for c in self.constants]
        for row, axes, arguments in steps:
            values.append(row(axes, *[values[a] for a in arguments]))
        return values


def _active(values: Sequence[Tensor]) -> Iterable[Pairs]:
    """Where each value is not zero; one transfer to the host for all of them."""
    if not values:
        return
    flags = iter(torch.cat([v.detach().reshape(-1) != 0 for v in values]).tolist())
    for value in values:
        edges, operations = value.shape
        places = [(e, k) for e in range(edges) for k in range(operations)]
        yield tuple(place for place in places if next(flags))


def gate_program(
    choices: Sequence[ChoiceGate],
    leaves: Sequence[str],
    objectives: Sequence[Gate],
    paths: Mapping[str, int],
    values: Sequence[NamedValue] = (),
    *,
    axes: Mapping[str, Axes],
) -> GateProgram:
    """What evaluates gates and objectives, each subexpression once.

    `leaves` name all that gates can read; `paths` say which gate a path has that an objective, or a value, reads.
    `axes`: those of what objectives and values read. Of gates that sample they read the probabilities.
    """
    expressions = (*(c.gate for c in choices), *(v.value for v in values), *objectives)
    constants = tuple(dict.fromkeys(c for gate in expressions for c in _constants(gate)))
    slots: dict[object, int] = {name: i for i, name in enumerate((*leaves, *constants))}
    first, steps = len(slots), list[_Step]()
    writers = [_Writer(slots, steps, first, _always(c.axes), _always(c.axes), axes) for c in choices]
    gates = tuple(writer.place(c.gate) for writer, c in zip(writers, choices, strict=True))
    shown = [support(c.gate) for c in choices]
    supports = tuple(None if s is None else writer.place(s) for writer, s in zip(writers, shown, strict=True))
    until = len(steps)
    expected = [writer.place(unsampled(c.gate)) for writer, c in zip(writers, choices, strict=True)]
    slots |= {path: expected[number] for path, number in paths.items()}
    writer = _Writer(slots, steps, first, partial(axes_over, named=axes), partial(axes_under, named=axes), axes)
    for value in values:
        slots[value.name] = writer.place(value.value)
    ends = tuple(map(writer.place, objectives))
    plain = tuple(is_plain(c.gate) for c in choices)
    return GateProgram(constants, tuple(steps), gates, supports, plain, until, ends)


def _constants(gate: Gate) -> Iterable[Constant]:
    if isinstance(gate, Number | Table):
        yield gate
    elif isinstance(gate, Apply):
        for argument in gate.arguments:
            yield from _constants(argument)


def _always(axes: Axes) -> Callable[[Gate], Axes]:
    return lambda _: axes


@frozen
class _Writer:
    """Numbers values and collects the steps that compute them.

    slots: the numbers that there are, by what they stand for. first: the number of the first step's value. `over` gives
    the axes of an expression, `under` those of its arguments. named: the axes of what is read by name.
    """

    slots: dict[object, int]
    steps: list[_Step]
    first: int
    over: Callable[[Gate], Axes]
    under: Callable[[Gate], Axes]
    named: Mapping[str, Axes]

    def place(self, gate: Gate) -> int:
        """The number of an expression's value; adds the steps that compute it where it is new."""
        if isinstance(gate, Parameter):
            return self.slots[gate.name]  # the verifier lets no gate read what is not there
        if isinstance(gate, Number | Table):
            return self.slots[gate]
        key = ChoiceGate(gate, self.under(gate))
        if key not in self.slots:
            arguments = self._arguments(gate)
            if gate.function == "mean":
                arguments = tuple(
                    self._add((place, self.over(a), "elements"), _Step(elements, self.over(a), (place,)))
                    for place, a in zip(arguments, gate.arguments, strict=True)
                )
            self._add(key, _Step(GATE_ROWS[gate.function], key.axes, arguments))
        return self.slots[key]

    def _arguments(self, gate: Apply) -> tuple[int, ...]:
        if gate.function != "mix":
            return tuple(map(self.place, gate.arguments))
        row = _always(weights_axes(gate, self.named))  # its weights have axes of their own
        return evolve(self, over=row, under=row).place(gate.arguments[0]), self.place(gate.arguments[1])

    def _add(self, key: object, step: _Step) -> int:
        if key not in self.slots:
            self.slots[key] = self.first + len(self.steps)
            self.steps.append(step)
        return self.slots[key]


def numbered(gates: Mapping[str, ChoiceGate]) -> tuple[tuple[ChoiceGate, ...], dict[str, int]]:
    """The distinct gates in order of first use, and which of them each path has."""
    numbers: dict[ChoiceGate, int] = {}
    places = {path: numbers.setdefault(gate, len(numbers)) for path, gate in gates.items()}
    return tuple(numbers), places
