"""A network as one graph: the operations of called graphs take the place of the calls."""

from __future__ import annotations

from attrs import evolve

from archir.ir.graph import Call, Choice, Graph, Operation
from archir.ir.module import join


def inlined(graph: Graph) -> Graph:
    """The graph of a network without calls; operations are named by their paths."""
    if not any(isinstance(node, Call) for node in graph.nodes):
        return graph
    nodes: list[Operation] = []
    output = _append(graph, "", {value.name: value.name for value in graph.inputs}, nodes)
    return evolve(graph, nodes=tuple(nodes), output=output)


def _append(graph: Graph, path: str, paths: dict[str, str], nodes: list[Operation]) -> str:
    """Appends the operations of one instance; `paths` says what its inputs are. Returns the path of its result."""
    for node in graph.nodes:
        assert not isinstance(node, Choice), "a network has no choices"
        here = join(path, node.name)
        operands = tuple(paths[name] for name in node.operands)
        if isinstance(node, Operation):
            nodes.append(evolve(node, name=here, operands=operands))
            paths[node.name] = here
        else:
            inner = {value.name: operand for value, operand in zip(node.graph.inputs, operands, strict=True)}
            paths[node.name] = _append(node.graph, here, inner, nodes)
    return paths[graph.output]
