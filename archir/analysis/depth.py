"""Depth and dead cells of a stage whose nodes are cells (H-DAS, section 4.2, Table 4)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from archir.ir.graph import Call, Graph, Node, results
from archir.ir.module import join


def depth(graph: Graph) -> int:
    """The number of cells on the longest path from the inputs to the output.

    What is no cell (skips, pools, sums, the concatenation) adds nothing; of a choice, every edge counts.
    """
    depths = {value.name: 0 for value in graph.inputs}
    for node in graph.nodes:
        here = max(depths[operand] for operand in node.operands) + is_cell(node)
        depths |= dict.fromkeys(results(node), here)
    return depths[graph.output]


def mean_depth(graph: Graph) -> Fraction:
    """The mean number of cells on a path from an input to the output, exactly (H-DAS, section 6.1).

    Two inputs of a cell are two ways through it, also where they come from the same value.
    """
    paths = {value.name: 1 for value in graph.inputs}
    cells = {value.name: 0 for value in graph.inputs}
    for node in graph.nodes:
        paths[node.name] = sum(paths[operand] for operand in node.operands)
        cells[node.name] = sum(cells[operand] for operand in node.operands) + is_cell(node) * paths[node.name]
    return Fraction(cells[graph.output], paths[graph.output])


def dead_cells(graph: Graph) -> tuple[str, ...]:
    """The cells from which no path leads to the output, in order of computation.

    A cell that only dead cells read is dead, too.
    """
    used = {graph.output}
    for node in reversed(graph.nodes):
        if used & {*results(node)}:
            used.update(node.operands)
    return tuple(node.name for node in graph.nodes if is_cell(node) and node.name not in used)


def is_cell(node: Node) -> bool:
    """Whether a node is an instance of a cell."""
    return isinstance(node, Call) and node.graph.kind == "cell"


def stages(graph: Graph, path: str = "") -> Iterator[tuple[str, Graph]]:
    """Each instance of a stage by its path, in order of computation."""
    for node in graph.nodes:
        if isinstance(node, Call):
            here = join(path, node.name)
            if node.graph.kind == "stage":
                yield here, node.graph
            yield from stages(node.graph, here)
