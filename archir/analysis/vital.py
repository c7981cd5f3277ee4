"""Vital blocks: those that every path from the input to the output has to go through (HourNAS, section 3.1).

A block is vital if its primitives with weights together cut the input from the output, in every
alternative: residual shortcuts count as paths, inside the block as well as around it.
"""

from __future__ import annotations

from archir.ir.graph import Call, Choice, Graph, Node, Operation, results
from archir.ir.memo import once_per_graph
from archir.ops.layout import Zero


def vital_blocks(graph: Graph) -> dict[str, bool]:
    """For each node of a graph that owns weights, whether it is vital, in order of computation.

    A candidate or choice lets pass what some alternative lets pass; `none` lets nothing pass. What other
    choices keep at the same time is not looked at, so a shared choice counts as free in each instance.
    """
    return {node.name: not _avoidable(graph, node) for node in graph.nodes if _has_weights(node, graph)}


def _avoidable(graph: Graph, block: Node) -> bool:
    """Whether a path from an input to the output meets no weights of one node."""
    reached = {value.name for value in graph.inputs}
    for node in graph.nodes:
        if any(operand in reached for operand in _passing(node, graph, clean=node is block)):
            reached.update(results(node))
    return graph.output in reached


def _passing(node: Node, graph: Graph, *, clean: bool) -> tuple[str, ...]:
    """The operands that reach the node's result; `clean`: without meeting weights."""
    if isinstance(node, Operation):
        stopped = isinstance(node.primitive, Zero) or (clean and _has_weights(node, graph))
        return () if stopped else node.operands
    if isinstance(node, Call):
        return tuple(node.operands[i] for i in _open_inputs(node.graph, clean))
    if node.windows:
        return node.operands
    return tuple(
        edge.sources[place]
        for edge in node.edges
        for _, c in edge.alternatives
        for place in _open_inputs(c.graph, clean)
    )


@once_per_graph
def _open_inputs(graph: Graph, clean: bool) -> tuple[int, ...]:
    """The inputs (by place) from which a path leads to the output."""
    found = []
    for place, value in enumerate(graph.inputs):
        reached = {value.name}
        for node in graph.nodes:
            if any(operand in reached for operand in _passing(node, graph, clean=clean)):
                reached.update(results(node))
        if graph.output in reached:
            found.append(place)
    return tuple(found)


def _has_weights(node: Node, graph: Graph) -> bool:
    if isinstance(node, Operation):
        types = graph.types()
        return node.primitive.parameters(tuple(types[operand] for operand in node.operands)) > 0
    if isinstance(node, Choice):
        return any(_weighted(c.graph) for edge in node.edges for _, c in edge.alternatives)
    return _weighted(node.graph)


@once_per_graph
def _weighted(graph: Graph) -> bool:
    return any(_has_weights(node, graph) for node in graph.nodes)
