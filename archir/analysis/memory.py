"""Peak activation memory of one evaluation, from how long values live."""

from __future__ import annotations

from archir.ir.graph import Call, Choice, Graph, Node, results
from archir.ir.memo import once_per_graph

FLOAT32 = 4


def peak_bytes(graph: Graph, bytes_per_number: int = FLOAT32) -> int:
    """Bytes of the activations that live at once, at most, while a graph is evaluated on a batch of one.

    Assumed: nodes run one after another in the order of the graph; a value lives from its node until the
    last node that reads it has run, the graph's inputs and the operands of a call until that call has
    returned; no operation works in place or needs scratch space; weights and gradients are not counted.
    A choice runs its candidates one after another and adds each to a running sum.
    """
    return _peak(graph) * bytes_per_number


@once_per_graph
def _peak(graph: Graph) -> int:
    last: dict[str, int] = {graph.output: len(graph.nodes)}
    for place, node in enumerate(graph.nodes):
        for operand in node.operands:
            last[operand] = max(place, last.get(operand, 0))
    sizes = {name: type_.elements for name, type_ in graph.types().items()}
    ends: dict[int, list[str]] = {}
    inputs = {value.name for value in graph.inputs}
    for name, place in last.items():
        if name not in inputs:
            ends.setdefault(place, []).append(name)
    live = peak = sum(sizes[name] for name in inputs)
    for place, node in enumerate(graph.nodes):
        live += sum(sizes[name] for name in results(node))
        peak = max(peak, live + _inside(node))
        live -= sum(sizes[name] for name in ends.get(place, ()))
        live -= sum(sizes[name] for name in results(node) if name not in last)  # nobody reads them
    return peak


def _inside(node: Node) -> int:
    """Numbers that live inside a node at most, beyond its operands and its result."""
    if isinstance(node, Call):
        return _beyond(node.graph)
    if isinstance(node, Choice):
        # A candidate's own result stands beside the running sum.
        return max(
            _beyond(c.graph) + (node.type.elements if c.graph.nodes else 0)
            for edge in node.edges
            for _, c in edge.alternatives
        )
    return 0


def _beyond(graph: Graph) -> int:
    outside = sum(value.type.elements for value in graph.inputs) + graph.type.elements
    return max(0, _peak(graph) - outside)
