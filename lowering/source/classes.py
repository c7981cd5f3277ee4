"""One class for each definition and structure: graphs that differ in numbers only share it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from attrs import evolve, frozen

from archir.diagnostics import fail
from archir.ir.graph import Call, Choice, Graph, Node, Operation
from archir.lowering.source.arguments import Argument, assign
from archir.lowering.source.names import class_name
from archir.lowering.source.row import Column
from archir.lowering.source.rows import ROWS


@frozen
class ClassPlan:
    """A class to emit: the graphs that are its instances, and where their numbers come from.

    `texts` gives, for each node, the texts of its columns inside the class.
    """

    name: str
    graphs: tuple[Graph, ...]
    arguments: tuple[Argument, ...]
    texts: Mapping[str, tuple[str, ...]]
    callees: Mapping[str, ClassPlan]

    @property
    def example(self) -> Graph:
        """A graph to read the structure from: all have the same."""
        return self.graphs[0]

    def numbers(self, graph: Graph) -> tuple[Column, ...]:
        """The arguments that make this graph from the class."""
        here = self.graphs.index(graph)
        return tuple(Column(a.name, a.kind, a.values[here]) for a in self.arguments)


def passed_on(graph: Graph) -> int | None:
    """Which input a graph without nodes returns; None if it computes something."""
    return None if graph.nodes else [v.name for v in graph.inputs].index(graph.output)


_Skeleton: TypeAlias = tuple[object, ...]


def plan(root: Graph) -> tuple[ClassPlan, ...]:
    """The classes of a network in an order in which each comes after those it uses; the net itself is last."""
    graphs: dict[Graph, int] = {}
    skeletons: dict[_Skeleton, int] = {}
    _visit(root, graphs, skeletons)
    plans: list[ClassPlan] = []
    for number in range(len(skeletons)):
        some = tuple(g for g, n in graphs.items() if n == number)
        plans.append(_plan_one(some, graphs, plans))
    return tuple(plans)


def _visit(graph: Graph, graphs: dict[Graph, int], skeletons: dict[_Skeleton, int]) -> int:
    """The number of a graph's class; numbers its callees' classes first."""
    if graph in graphs:
        return graphs[graph]
    nodes = tuple(_skeleton(node, graph, graphs, skeletons) for node in graph.nodes)
    whole = (graph.name, graph.kind, tuple(v.name for v in graph.inputs), nodes, graph.output)
    graphs[graph] = skeletons.setdefault(whole, len(skeletons))
    return graphs[graph]


def _skeleton(node: Node, graph: Graph, graphs: dict[Graph, int], skeletons: dict[_Skeleton, int]) -> _Skeleton:
    if isinstance(node, Choice):
        fail(
            "NAS601",
            f"choice `{node.name}` in `{graph.name}` is still open",
            span=node.span,
            help="make a network first, with `derive` or `fix`",
        )
    if isinstance(node, Operation):
        return (node.name, type(node.primitive).name, len(_columns(node, graph)), node.operands)
    through = passed_on(node.graph)
    return (
        node.name,
        f"input {through}" if through is not None else _visit(node.graph, graphs, skeletons),
        node.operands,
    )


def _columns(node: Operation, graph: Graph) -> tuple[Column, ...]:
    types = graph.types()
    return ROWS[type(node.primitive)].columns(node.primitive, tuple(types[o] for o in node.operands))


def _plan_one(some: tuple[Graph, ...], graphs: Mapping[Graph, int], plans: list[ClassPlan]) -> ClassPlan:
    example = some[0]
    columns = [list(_all_columns(g, graphs, plans)) for g in some]
    arguments, texts = assign(some, [[c for _, c in row] for row in columns])
    owners = [name for name, _ in columns[0]]
    by_node = {
        node.name: tuple(t for owner, t in zip(owners, texts, strict=True) if owner == node.name)
        for node in example.nodes
    }
    callees = {
        node.name: plans[graphs[node.graph]]
        for node in example.nodes
        if isinstance(node, Call) and passed_on(node.graph) is None
    }
    name = class_name(example.name, example.kind, (p.name for p in plans))
    return ClassPlan(name, some, arguments, by_node, callees)


def _all_columns(graph: Graph, graphs: Mapping[Graph, int], plans: list[ClassPlan]) -> Iterator[tuple[str, Column]]:
    """Every column of every node, with the node's name; a call's are the arguments of the class it calls."""
    for node in graph.nodes:
        if isinstance(node, Operation):
            some = _columns(node, graph)
        elif isinstance(node, Call) and passed_on(node.graph) is None:
            some = plans[graphs[node.graph]].numbers(node.graph)
        else:
            continue
        yield from ((node.name, _with_reader(c, node, graph)) for c in some)


def _with_reader(column: Column, node: Node, graph: Graph) -> Column:
    """The column marked with the input that it is the width of, in graphs with several inputs."""
    inputs = {v.name for v in graph.inputs}
    if len(inputs) < 2 or len(node.operands) != 1 or column.hint not in ("in_channels", "in_features"):
        return column
    return evolve(column, reads=node.operands[0]) if node.operands[0] in inputs else column
