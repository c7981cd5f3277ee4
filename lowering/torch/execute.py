"""The one place where a plan is executed. Another implementation of a cell's computation takes the place of `execute`.

It is pure: it writes nothing but what it made itself, and gives the statistics of its batch norms to its
caller. So a plan can run again in a backward (checkpoints) without leaving a second trace.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import Any, TypeAlias

from attrs import frozen
from torch import Tensor

from archir.lowering.torch.gates import GateValue
from archir.lowering.torch.norm import Running, Update, normalise_batch, normalise_with
from archir.lowering.torch.plan import Accumulate, Coefficient, Normalise, Plan, Run, Step

Updates: TypeAlias = list[Update]
"""What one batch makes of the running statistics of each batch norm."""


class Gates:
    """All gates of one forward, taken apart no more than once for each number of channels."""

    def __init__(self, values: tuple[GateValue, ...]) -> None:
        self.values = values
        self._rows: dict[tuple[int, int], tuple[tuple[Tensor, ...], ...]] = {}

    def row(self, gate: int, edge: int, operation: int, channels: int) -> Tensor:
        """The coefficient `channels` times, contiguous; without axes for 0 channels."""
        key = gate, channels
        if key not in self._rows:
            numbers = self.values[gate].coefficients
            if channels:
                numbers = numbers[..., None].expand(*numbers.shape, channels).contiguous()
            self._rows[key] = tuple(edge.unbind() for edge in numbers.unbind())
        return self._rows[key][edge][operation]


@frozen(eq=False)
class Frame:
    """What surrounds the execution of a plan: weights by their paths, gates, and the instances that it visits.

    choices: for each choice of the graph, which of the gates it has.
    """

    read: Callable[[str], Tensor]
    gates: Gates
    choices: tuple[int, ...]
    visit: Callable[..., tuple[Tensor, Updates]]

    def coefficient(self, wanted: Coefficient, channels: int = 0) -> Tensor:
        """A coefficient as often as there are channels."""
        return self.gates.row(self.choices[wanted.choice], wanted.edge, wanted.operation, channels)

    def running(self, path: str) -> Running:
        """The running statistics below a path."""
        names = ("running_mean", "running_var", "num_batches_tracked")
        mean, var, batches = (self.read(f"{path}.{name}") for name in names)
        return Running(mean, var, batches)


def execute(plan: Plan, operands: tuple[Tensor, ...], frame: Frame) -> tuple[Tensor, Updates]:
    """The graph's output, and what becomes of running statistics. Values are let go of after their last use."""
    values: list[Tensor | None] = [*operands, *repeat(None, plan.values - len(operands))]
    updates: Updates = []
    for step, freed in plan.steps:
        values[step.target] = _result(step, values, frame, updates)
        for number in freed:
            values[number] = None
    output = values[plan.output]
    assert output is not None
    return output, updates


def _result(step: Step, values: list[Any], frame: Frame, updates: Updates) -> Tensor:
    if isinstance(step, Run):
        return step.function(*[values[o] for o in step.operands], *[frame.read(t) for t in step.tensors])
    if isinstance(step, Normalise):
        return _normalise(step, values[step.operand], frame, updates)
    if isinstance(step, Accumulate):
        return _accumulate(step, values, frame)
    output, more = frame.visit(step.path, *[values[o] for o in step.operands])
    updates += more
    return output


def _normalise(step: Normalise, x: Tensor, frame: Frame, updates: Updates) -> Tensor:
    weight, bias = (frame.read(path) for path in step.affine) if step.affine else (None, None)
    if step.coefficient is not None:
        row = frame.coefficient(step.coefficient, x.shape[1])
        weight, bias = (row, None) if weight is None or bias is None else (row * weight, row * bias)
    owners = tuple(frame.running(path) for path in step.running)
    if not step.training:
        return normalise_with(x, weight, bias, owners[0], step.primitive)
    result, update = normalise_batch(x, weight, bias, owners, step.primitive)
    updates.append(update)
    return result


def _accumulate(step: Accumulate, values: list[Any], frame: Frame) -> Tensor:
    x: Tensor = values[step.operand]
    total: Tensor | None = None if step.first else values[step.target]
    by = None if step.coefficient is None else frame.coefficient(step.coefficient)
    if total is None:
        return x if by is None else x * by
    if by is None:
        return total.add_(x) if step.owned else total + x
    return total.addcmul_(x, by) if step.owned else total.addcmul(x, by)
