"""Vital blocks: those that every path from the input to the output has to go through (HourNAS, section 3.1).

A block is vital if its primitives with weights together cut the input from the output, in every
alternative: residual shortcuts count as paths, inside the block as well as around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from archir.ir.graph import Call, Choice, Graph, Node, Operation, results
from archir.ir.memo import once_per_graph
from archir.ir.module import chooses, join, owner_of
from archir.ops.layout import Zero


def vital_blocks(graph: Graph) -> dict[str, bool]:
    """For each node of a graph that owns weights, whether it is vital, in order of computation.

    A candidate or choice lets pass what some alternative lets pass; `none` lets nothing pass. What other
    choices keep at the same time is not looked at, so a shared choice counts as free in each instance.
    """
    return {node.name: not _avoidable(graph, (node,)) for node in graph.nodes if _has_weights(node, graph)}


def vital_choices(graph: Graph) -> dict[str, bool]:
    """For each choice (by its shared name), whether an instance of it is a vital block; nested ones are left out."""
    found: dict[str, bool] = {}
    for key, block in _choices(graph, None, ()):
        found[key] = found.get(key, False) or not _avoidable(graph, block)
    return found


_Block: TypeAlias = tuple[Node, ...]
"""A node inside of calls, outermost first."""


def _choices(graph: Graph, tag: str | None, outer: _Block) -> Iterator[tuple[str, _Block]]:
    for node in graph.nodes if chooses(graph) else ():
        if isinstance(node, Choice):
            yield join(owner_of(graph, tag), node.name), (*outer, node)
        elif isinstance(node, Call):
            yield from _choices(node.graph, node.tag, (*outer, node))


def _avoidable(graph: Graph, block: _Block) -> bool:
    """Whether a path from an input to the output meets no weights of a block."""
    return any(_reaches(graph, value.name, block) for value in graph.inputs)


def _reaches(graph: Graph, start: str, block: _Block) -> bool:
    """Whether a path from a value to the output meets no weights of a block of the graph."""
    reached = {start}
    for node in graph.nodes:
        if any(operand in reached for operand in _around(node, graph, block)):
            reached.update(results(node))
    return graph.output in reached


def _around(node: Node, graph: Graph, block: _Block) -> tuple[str, ...]:
    """The operands that reach the node's result without meeting weights of a block."""
    if node is block[0] and isinstance(node, Call) and len(block) > 1:
        inside = zip(node.operands, node.graph.inputs, strict=True)
        return tuple(operand for operand, value in inside if _reaches(node.graph, value.name, block[1:]))
    return _passing(node, graph, clean=node is block[0])


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
