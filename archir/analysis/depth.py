"""Depth and dead cells of a stage whose nodes are cells (H-DAS, section 4.2, Table 4)."""

from __future__ import annotations

from archir.ir.graph import Call, Graph, Node


def depth(graph: Graph) -> int:
    """The number of cells on the longest path from the inputs to the output.

    What is no cell (skips, pools, sums, the concatenation) adds nothing; of a choice, every edge counts.
    """
    depths = {value.name: 0 for value in graph.inputs}
    for node in graph.nodes:
        depths[node.name] = max(depths[operand] for operand in node.operands) + is_cell(node)
    return depths[graph.output]


def dead_cells(graph: Graph) -> tuple[str, ...]:
    """The cells from which no path leads to the output, in order of computation.

    A cell that only dead cells read is dead, too.
    """
    used = {graph.output}
    for node in reversed(graph.nodes):
        if node.name in used:
            used.update(node.operands)
    return tuple(node.name for node in graph.nodes if is_cell(node) and node.name not in used)


def is_cell(node: Node) -> bool:
    """Whether a node is an instance of a cell."""
    return isinstance(node, Call) and node.graph.kind == "cell"
