"""Gates in PyTorch: one row for each gate function, and all gates of a module evaluated together.

Every distinct expression is computed once per forward, however many instances of
a choice share it. The result is handed down as an argument: a supernet holds no
state between two forwards, so functional calls, copies and replicas all work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeAlias

import torch
from attrs import frozen
from torch import Tensor

from archir.ir.gates import Gate, Parameter

GateRow: TypeAlias = Callable[..., Tensor]
Coefficients: TypeAlias = tuple[tuple[Tensor, ...], ...]
"""The value of one gate, taken apart: for each edge, for each operation, a tensor without axes."""

GATE_ROWS: dict[str, GateRow] = {
    "softmax": partial(torch.softmax, dim=-1),
}


@frozen
class GateProgram:
    """Gate expressions as a flat list of steps over numbered values, parameters first."""

    parameters: tuple[str, ...]
    steps: tuple[tuple[GateRow, tuple[int, ...]], ...]
    results: tuple[int, ...]

    def run(self, parameters: Iterable[Tensor]) -> tuple[Coefficients, ...]:
        """The coefficients of every gate, from the architecture parameters in order."""
        values = list(parameters)
        for function, arguments in self.steps:
            values.append(function(*[values[a] for a in arguments]))
        return tuple(tuple(edge.unbind() for edge in values[r].unbind()) for r in self.results)


def gate_program(gates: Iterable[Gate], parameters: Iterable[str]) -> GateProgram:
    """What evaluates the gates, each subexpression once. `parameters` name all that exist."""
    names = tuple(parameters)
    slots: dict[Gate, int] = {Parameter(name): i for i, name in enumerate(names)}
    steps: list[tuple[GateRow, tuple[int, ...]]] = []
    results = tuple(_place(gate, slots, steps) for gate in gates)
    return GateProgram(names, tuple(steps), results)


def _place(gate: Gate, slots: dict[Gate, int], steps: list[tuple[GateRow, tuple[int, ...]]]) -> int:
    if gate in slots:
        return slots[gate]
    assert not isinstance(gate, Parameter), f"the verifier lets no gate read the missing parameter {gate}"
    arguments = tuple(_place(argument, slots, steps) for argument in gate.arguments)
    steps.append((GATE_ROWS[gate.function], arguments))
    slots[gate] = len(slots)
    return slots[gate]


def numbered(gates: Mapping[str, Gate]) -> tuple[tuple[Gate, ...], dict[str, int]]:
    """The distinct gates in order of first use, and which of them each path has."""
    numbers: dict[Gate, int] = {}
    places = {path: numbers.setdefault(gate, len(numbers)) for path, gate in gates.items()}
    return tuple(numbers), places
