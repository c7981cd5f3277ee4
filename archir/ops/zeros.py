"""Which graphs give nothing but zeros."""

from __future__ import annotations

from archir.ir.graph import Call, Graph, Operation
from archir.ops.layout import Zero


def gives_zeros(graph: Graph) -> bool:
    """Whether a graph gives zeros whatever it gets, as the candidate `none` does, or a block that returns it."""
    last = next((node for node in graph.nodes if node.name == graph.output), None)
    if isinstance(last, Call):
        return gives_zeros(last.graph)
    return isinstance(last, Operation) and isinstance(last.primitive, Zero)
