"""The same computation on fewer channels."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, fields

from archir.ir.graph import Choice, Graph, Node, Operation, Value, results
from archir.ir.primitive import Primitive, ShapeError, Types
from archir.ir.rewrite import with_callees
from archir.ir.types import TensorType


def narrowed_type(type_: TensorType, ratio: int) -> TensorType:
    """The type with its channels (or features) divided; raises `ShapeError` where they cannot be."""
    if type_.channels % ratio:
        raise ShapeError(f"{type_.channels} channels cannot be divided by {ratio}")
    return TensorType((type_.channels // ratio, *type_.shape[1:]))


def narrowed(graph: Graph, ratio: int, memo: dict[int, Graph]) -> Graph:
    """A graph that computes the same from inputs with `ratio` times fewer channels, and gives that many fewer.

    Every width in it is divided; groups that had one channel each (depthwise) still do. `memo` keeps graphs
    shared. Raises `ShapeError` where a width cannot be divided, or an operation does not fit then.
    """
    if id(graph) in memo:
        return memo[id(graph)]
    before = graph.types()
    inputs = tuple(Value(v.name, narrowed_type(v.type, ratio)) for v in graph.inputs)
    types = {v.name: v.type for v in inputs}
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes.append(_node(with_callees(node, lambda g, _: narrowed(g, ratio, memo)), ratio, before, types))
        types |= dict.fromkeys(results(nodes[-1]), nodes[-1].type)
    memo[id(graph)] = evolve(
        graph, inputs=inputs, nodes=tuple(nodes), type=narrowed_type(graph.type, ratio), arguments=()
    )
    return memo[id(graph)]


def _node(node: Node, ratio: int, before: Mapping[str, TensorType], types: Mapping[str, TensorType]) -> Node:
    if isinstance(node, Choice):
        return evolve(node, type=narrowed_type(node.type, ratio))
    if not isinstance(node, Operation):
        return node
    old, new = tuple(before[o] for o in node.operands), tuple(types[o] for o in node.operands)
    primitive = _primitive(node.primitive, ratio, old, new)
    type_ = primitive.infer(new)
    if type_ != narrowed_type(node.type, ratio):
        raise ShapeError(f"`{node.primitive.name}` gives {type_} on {new[0]}")
    return evolve(node, primitive=primitive, type=type_)


def _primitive(primitive: Primitive, ratio: int, old: Types, new: Types) -> Primitive:
    names = {f.name for f in fields(type(primitive))}
    changes: dict[str, int] = {}
    if "out" in names:
        out: int = getattr(primitive, "out")  # noqa: B009 - a field that only some primitives have
        if out % ratio:
            raise ShapeError(f"{out} channels cannot be divided by {ratio}")
        changes["out"] = out // ratio
    if "groups" in names and getattr(primitive, "groups") == old[0].channels:  # noqa: B009
        changes["groups"] = new[0].channels
    return evolve(primitive, **changes) if changes else primitive
