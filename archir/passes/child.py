"""The network that would be derived now, inside the supernet that is being trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from attrs import evolve, frozen

from archir.ir.module import GateOf, Module, choice_instances
from archir.passes.base import Values
from archir.passes.decide import Decide, decided_keys, decided_point
from archir.passes.derive import Derive, derived_point
from archir.passes.manager import read_pipeline
from archir.passes.rules import check_rule, engine_gates
from archir.passes.transit import transit_gate


@frozen
class Connections:
    """How many edges, and how many operations on them, the cells of one kind keep."""

    edges: int
    operations: int


@frozen
class Child:
    """What a step `derive` will keep of a relaxed module.

    module: the supernet with every cell in transit: only derived paths run, on the supernet's weights. Where a part of
    the choices is decided (`decide`), the others run whole.
    """

    supernet: Module
    how: Derive | Decide
    module: Module

    def connections(self, values: Values) -> dict[str, Connections]:
        """What each kind of cell keeps at these values, in the order of the net."""
        if isinstance(self.how, Decide):
            point = decided_point(self.supernet, values, self.how)
        else:
            point = derived_point(self.supernet, values, self.how)
        owners = {i.key: i.owner for i in choice_instances(self.supernet.graph)}
        windows = {i.key: i.choice.windows for i in choice_instances(self.supernet.graph)}
        edges: Counter[str] = Counter()
        operations: Counter[str] = Counter()
        for key, kept in point.choices:
            if windows[key]:
                continue
            edges[owners[key]] += len({k.edge for k in kept})
            operations[owners[key]] += len(kept)
        return {owner: Connections(edges[owner], operations[owner]) for owner in edges}


def child_of(module: Module, specs: Sequence[str]) -> Child | None:
    """The child of a relaxed module whose next passes are `specs`; None unless the first is `derive` or `decide`.

    Raises `ArchirError` NAS402 where that derivation will not be possible.
    """
    if module.form != "relaxed" or not module.gates or not specs:
        return None
    first, _ = read_pipeline(specs[0])[0]
    if not isinstance(first, Derive | Decide):
        return None
    keys = decided_keys(module, first.choices) if isinstance(first, Decide) else None
    coefficients = isinstance(first, Derive) and first.coefficients
    learning = engine_gates(module)
    check_rule(first.rule, learning)
    gates = {g.path: g.gate for g in module.gates}
    for i in choice_instances(module.graph):
        if keys is None or i.key in keys:
            gates[i.path] = transit_gate(i, learning[i.key], first.rule, coefficients)
    inside = tuple(GateOf(path, gate) for path, gate in gates.items())
    return Child(module, first, evolve(module, gates=inside, objectives=(), values=()))
