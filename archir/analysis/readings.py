"""What architecture parameters say: the weight that a gate makes of each of them, before anything is cut off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from archir.analysis.axes import Axes, axes_of, row_axes, rows_of
from archir.analysis.gates import evaluate_gate
from archir.ir.gates import Apply, Gate, Number, Parameter, parameters_of
from archir.ir.module import ChoiceInstance, Module, choice_instances
from archir.ir.sampling import unsampled

_WEIGHTS = frozenset({"softmax", "edge_softmax", "threshold"})
"""Functions that make a weight of a parameter; what others make of that (a rule, a step) is no weight any more."""


@frozen
class Reading:
    """One architecture parameter of one choice.

    name: of the parameter, for example `arch.normal.x.2.beta`; its last word is its `kind`. owner, node: of the
    choice. weight: the smallest part of the gate that makes a weight of it: a softmax over operations or edges, a
    threshold; without one the parameter itself. edges: what each edge comes from. operations: the candidates of the
    edge that has most.
    """

    name: str
    owner: str
    node: str
    weight: Gate
    axes: Axes
    edges: tuple[str, ...]
    operations: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The last word of the parameter's name."""
        return self.name.rpartition(".")[2]

    def weights(self, values: Mapping[str, Any]) -> NDArray[np.floating[Any]]:
        """The weights over (edge, operation), (edge, 1) or (1, 1) at values of all parameters and clocks."""
        found = evaluate_gate(self.weight, {name: np.asarray(v) for name, v in values.items()}, self.axes)
        return np.atleast_2d(found)


def readings_of(module: Module) -> tuple[Reading, ...]:
    """One reading for each parameter of each choice of a relaxed module, in order of first computation."""
    gates = {g.path: unsampled(g.gate) for g in module.gates}
    shapes = {p.name: p.shape for p in module.parameters}
    found: dict[str, Reading] = {}
    for instance in choice_instances(module.graph):
        gate = gates.get(instance.path, Number(0.0))
        rows = frozenset(rows_of(gate))
        for name in dict.fromkeys(parameters_of(gate)):
            if name in shapes and name not in found:
                of = _of_proposals if name in rows else _of_choice
                found[name] = of(name, instance, gate, shapes[name])
    return tuple(found.values())


def _of_choice(name: str, instance: ChoiceInstance, gate: Gate, shape: tuple[int, ...]) -> Reading:
    """A parameter over the choice; of one for each proposal, what their mixture makes of it."""
    choice = instance.choice
    edges = tuple(", ".join(edge.sources) for edge in choice.edges)
    longest = max(choice.edges, key=lambda edge: len(edge.candidates))
    weight = _weight(gate, name, frozenset({"mix"}) if len(shape) == 3 else _WEIGHTS) or Parameter(name)
    operations = tuple(c.name for c in longest.candidates)
    return Reading(name, instance.owner, choice.name, weight, axes_of(choice), edges, operations)


def _of_proposals(name: str, instance: ChoiceInstance, gate: Gate, shape: tuple[int, ...]) -> Reading:
    """The parameter that weighs proposals, which all choices share: a row of them."""
    operations = tuple(f"proposal {i}" for i in range(shape[-1]))
    weight = _weight(gate, name, _WEIGHTS) or Parameter(name)
    return Reading(name, instance.owner, "proposals", weight, row_axes(shape[-1]), ("",), operations)


def _weight(gate: Gate, name: str, functions: frozenset[str]) -> Gate | None:
    """The innermost of some functions that a parameter stands in."""
    if not isinstance(gate, Apply) or name not in parameters_of(gate):
        return None
    inner = next((w for w in (_weight(a, name, functions) for a in gate.arguments) if w is not None), None)
    return inner or (gate if gate.function in functions else None)
