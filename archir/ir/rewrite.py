"""Changing graphs that are shared: each is changed once, and stays shared."""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from archir.ir.graph import Call, Candidate, Choice, Edge, Graph, Node
from archir.ir.module import Module


def with_callees(node: Node, change: Callable[[Graph, str | None], Graph]) -> Node:
    """The node with every graph that it calls or chooses from replaced by `change(graph, tag)`."""
    if isinstance(node, Call):
        graph = change(node.graph, node.tag)
        return node if graph is node.graph else evolve(node, graph=graph)
    if isinstance(node, Choice):
        edges = tuple(_edge(edge, change) for edge in node.edges)
        same = all(new is old for new, old in zip(edges, node.edges, strict=True))
        return node if same else evolve(node, edges=edges)
    return node


def _edge(edge: Edge, change: Callable[[Graph, str | None], Graph]) -> Edge:
    candidates = tuple(_candidate(c, change) for c in edge.candidates)
    same = all(new is old for new, old in zip(candidates, edge.candidates, strict=True))
    return edge if same else evolve(edge, candidates=candidates)


def _candidate(candidate: Candidate, change: Callable[[Graph, str | None], Graph]) -> Candidate:
    graph = change(candidate.graph, None)
    return candidate if graph is candidate.graph else Candidate(candidate.name, graph)


def bottom_up(graph: Graph, change: Callable[[Graph], Graph]) -> Graph:
    """The graph with `change` applied to each distinct graph once, callees before their callers."""
    memo: dict[int, Graph] = {}

    def visit(g: Graph, _tag: str | None = None) -> Graph:
        if id(g) not in memo:
            memo[id(g)] = change(_with_nodes(g, tuple(with_callees(node, visit) for node in g.nodes)))
        return memo[id(g)]

    return visit(graph)


def rewritten(graph: Graph, change: Callable[[Graph], tuple[Node, ...]]) -> Graph:
    """The graph and all below it with other nodes, as by `bottom_up`.

    A graph whose nodes stay the same objects stays itself.
    """
    return bottom_up(graph, lambda g: _with_nodes(g, change(g)))


def _with_nodes(graph: Graph, nodes: tuple[Node, ...]) -> Graph:
    same = len(nodes) == len(graph.nodes) and all(a is b for a, b in zip(nodes, graph.nodes, strict=True))
    return graph if same else evolve(graph, nodes=nodes)


def with_graph(module: Module, graph: Graph) -> Module:
    """The module with another graph. If it is another one, no text stands for it any more."""
    return module if graph is module.graph else evolve(module, graph=graph, origin=None)
