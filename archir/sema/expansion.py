"""How large a module becomes when it is written out, and how deep its graphs nest."""

from __future__ import annotations

from archir.diagnostics import fail
from archir.ir.graph import Call, Choice, Graph
from archir.limits import Limits, current_limits
from archir.source import Span


def check_expansion(graph: Graph, span: Span | None) -> None:
    """Raises `ArchirError` NAS102 if a graph's instances nest too deep or hold too many operations.

    Graphs are shared, so a few lines can stand for more operations than any machine holds.
    Graphs are looked at callees first, without recursion.
    """
    limits = current_limits()
    sizes: dict[int, int] = {}
    depths: dict[int, int] = {}
    stack = [graph]
    while stack:
        g = stack[-1]
        waiting = [c for c in callees(g) if id(c) not in sizes]
        if waiting:
            stack += waiting
            continue
        stack.pop()
        inner = callees(g)
        sizes[id(g)] = len(g.nodes) + sum(sizes[id(c)] for c in inner)
        depths[id(g)] = 1 + max((depths[id(c)] for c in inner), default=0)
        if depths[id(g)] > limits.nesting:
            message = f"definitions call each other more than {limits.nesting} deep"
            fail("NAS102", message, span=span, help=Limits.remedy("nesting"))
        if sizes[id(g)] > limits.operations:
            message = f"written out, this has more than {limits.operations:,} operations"
            fail("NAS102", message, span=span, help=Limits.remedy("operations"))


def callees(graph: Graph) -> list[Graph]:
    """Every graph that a graph calls or chooses from, once for each time it does."""
    found: list[Graph] = []
    for node in graph.nodes:
        if isinstance(node, Call):
            found.append(node.graph)
        elif isinstance(node, Choice):
            found += [c.graph for edge in node.edges for c in edge.candidates]
    return found
