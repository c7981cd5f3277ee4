"""How much a point keeps: edges into each node, operations on each edge (Figures 4 and 5 of HM-NAS)."""

from __future__ import annotations

from collections import Counter

from attrs import frozen

from archir.ir.module import Module, choice_instances
from archir.ir.point import Point


@frozen
class NodeKept:
    """What is kept into one node. operations: how many on each of its edges; none where the edge went."""

    name: str
    operations: tuple[int, ...]

    @property
    def edges(self) -> int:
        """How many edges are kept."""
        return sum(n > 0 for n in self.operations)


@frozen
class CellKept:
    """What is kept in all cells of one kind."""

    owner: str
    nodes: tuple[NodeKept, ...]

    @property
    def edges_by_operations(self) -> tuple[int, ...]:
        """How many edges keep 0, 1, 2, ... operations."""
        counts = Counter(n for node in self.nodes for n in node.operations)
        return tuple(counts[n] for n in range(max(counts) + 1))


def kept_of(module: Module, point: Point) -> tuple[CellKept, ...]:
    """What a point of a module with choices keeps, by kind of cell, in order of first computation.

    A choice of windows keeps a window, and no edges; a choice that the point closes is left out, too.
    """
    kept = dict(point.choices)
    found: dict[str, dict[str, NodeKept]] = {}
    for instance in choice_instances(module.graph):
        if instance.key in kept and not instance.choice.windows:
            counts = Counter(k.edge for k in kept[instance.key])
            operations = tuple(counts[e] for e in range(len(instance.choice.edges)))
            name = instance.choice.name
            found.setdefault(instance.owner, {})[name] = NodeKept(name, operations)
    return tuple(CellKept(owner, tuple(nodes.values())) for owner, nodes in found.items())
