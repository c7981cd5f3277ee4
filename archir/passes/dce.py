"""dce: what reaches no output disappears (dead code elimination).

%a = relu(%image), %b = conv(%image), return %a  -->  %a = relu(%image), return %a
"""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, frozen

from archir.ir.graph import Call, Graph, Node
from archir.ir.module import Form, Module
from archir.ir.rewrite import with_graph
from archir.passes.base import Pass, Rewrite, Values


@frozen
class Dce(Pass):
    """Drops nodes whose value nobody reads, with their weights, and inputs of called graphs that nobody reads.

    The net keeps its own inputs.
    """

    name: ClassVar[str] = "dce"
    summary: ClassVar[str] = "dead code: what reaches no output disappears"
    takes: ClassVar[tuple[Form, ...]] = ("network",)

    def run(self, module: Module, values: Values | None) -> Rewrite:
        return Rewrite(with_graph(module, alive(module.graph)))


def alive(graph: Graph) -> Graph:
    """The graph without what its output does not need."""
    found, _ = _visit(graph, {})
    return found if found is graph else evolve(found, inputs=graph.inputs)


def _visit(graph: Graph, memo: dict[int, tuple[Graph, tuple[int, ...]]]) -> tuple[Graph, tuple[int, ...]]:
    """The graph with the inputs that it needs, and their places among the old ones."""
    if id(graph) in memo:
        return memo[id(graph)]
    needed = {graph.output}
    nodes: list[Node] = []
    for node in reversed(graph.nodes):
        if node.name not in needed:
            continue
        if isinstance(node, Call):
            callee, used = _visit(node.graph, memo)
            if callee is not node.graph:
                node = evolve(node, graph=callee, operands=tuple(node.operands[i] for i in used))
        nodes.append(node)
        needed.update(node.operands)
    used = tuple(i for i, value in enumerate(graph.inputs) if value.name in needed)
    same = len(used) == len(graph.inputs) and len(nodes) == len(graph.nodes)
    if not (same and all(new is old for new, old in zip(reversed(nodes), graph.nodes, strict=True))):
        inputs = tuple(graph.inputs[i] for i in used)
        found = evolve(graph, inputs=inputs, nodes=tuple(reversed(nodes)))
    else:
        found = graph
    memo[id(graph)] = found, used
    return memo[id(graph)]
