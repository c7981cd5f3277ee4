"""What architecture parameters say: the weight that a gate makes of each of them, before anything is cut off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from archir.analysis.axes import Axes, axes_of
from archir.analysis.gates import evaluate_gate
from archir.ir.gates import Apply, Gate, Parameter, parameters_of
from archir.ir.module import Module, choice_instances

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
    gates = {g.path: g.gate for g in module.gates}
    own = {p.name for p in module.parameters}
    found: dict[str, Reading] = {}
    for instance in choice_instances(module.graph):
        choice = instance.choice
        for name in dict.fromkeys(parameters_of(gates[instance.path])) if instance.path in gates else ():
            if name in own and name not in found:
                edges = tuple(", ".join(edge.sources) for edge in choice.edges)
                longest = max(choice.edges, key=lambda edge: len(edge.candidates))
                found[name] = Reading(
                    name, instance.owner, choice.name, _weight(gates[instance.path], name) or Parameter(name),
                    axes_of(choice), edges, tuple(c.name for c in longest.candidates),
                )  # fmt: skip
    return tuple(found.values())


def _weight(gate: Gate, name: str) -> Gate | None:
    """The innermost function of `_WEIGHTS` that a parameter stands in."""
    if not isinstance(gate, Apply) or name not in parameters_of(gate):
        return None
    inner = next((w for w in (_weight(a, name) for a in gate.arguments) if w is not None), None)
    return inner or (gate if gate.function in _WEIGHTS else None)
