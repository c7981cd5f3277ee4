"""The network that would be derived now, inside the supernet that is being trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from attrs import evolve, frozen

from archir.ir.module import Module, choice_instances
from archir.passes.base import Values
from archir.passes.derive import Derive, derived_point
from archir.passes.manager import read_pipeline
from archir.passes.transit import Transit


@frozen
class Connections:
    """How many edges, and how many operations on them, the cells of one kind keep."""

    edges: int
    operations: int


@frozen
class Child:
    """What a step `derive` will keep of a relaxed module.

    module: the supernet with every cell in transit: only derived paths run, on the supernet's weights.
    """

    supernet: Module
    how: Derive
    module: Module

    def connections(self, values: Values) -> dict[str, Connections]:
        """What each kind of cell keeps at these values, in the order of the net."""
        point = derived_point(self.supernet, values, self.how)
        owners = {i.key: i.owner for i in choice_instances(self.supernet.graph)}
        edges: Counter[str] = Counter()
        operations: Counter[str] = Counter()
        for key, kept in point.choices:
            edges[owners[key]] += len({k.edge for k in kept})
            operations[owners[key]] += len(kept)
        return {owner: Connections(edges[owner], operations[owner]) for owner in edges}


def child_of(module: Module, specs: Sequence[str]) -> Child | None:
    """The child of a relaxed module whose next passes are `specs`; None unless the first of them is `derive`.

    Raises `ArchirError` NAS402 where that derivation will not be possible.
    """
    if module.form != "relaxed" or not module.gates or not specs:
        return None
    first, _ = read_pipeline(specs[0])[0]
    if not isinstance(first, Derive):
        return None
    transit = Transit(engines="none", rule=first.rule, coefficients=first.coefficients)
    return Child(module, first, evolve(transit.run(module, None).module, objectives=(), values=()))
