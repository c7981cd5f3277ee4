"""A graph as statements are written from it: without its identity calls, and with who reads what."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from archir.ir.graph import Call, Graph, Node
from archir.lowering.source.classes import passed_on


@frozen
class Flow:
    """A graph without its identity calls: its nodes, what each reads, and what is returned."""

    graph: Graph
    nodes: tuple[Node, ...]
    reads: Mapping[str, tuple[str, ...]]
    result: str

    def readers(self) -> dict[str, list[str]]:
        """The nodes that read each value; the return reads as ``."""
        found: dict[str, list[str]] = {}
        for name, operands in self.reads.items():
            for operand in operands:
                found.setdefault(operand, []).append(name)
        found.setdefault(self.result, []).append("")
        return found


def flow(graph: Graph) -> Flow:
    """The graph with each identity call replaced by what it passes on."""
    same: dict[str, str] = {}
    nodes: list[Node] = []
    reads: dict[str, tuple[str, ...]] = {}
    for node in graph.nodes:
        operands = tuple(same.get(o, o) for o in node.operands)
        through = passed_on(node.graph) if isinstance(node, Call) else None
        if through is not None:
            same[node.name] = operands[through]
            continue
        nodes.append(node)
        reads[node.name] = operands
    return Flow(graph, tuple(nodes), reads, same.get(graph.output, graph.output))
