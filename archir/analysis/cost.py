"""Parameters and multiply-adds, counted on the IR."""

from __future__ import annotations

from collections.abc import Callable

from archir.ir.graph import Call, Choice, Graph, Operation
from archir.ir.module import Module
from archir.ir.primitive import Primitive, Types

_Count = Callable[[Primitive, Types], int]


def parameters(module: Module) -> int:
    """Trainable weights, batch norm and biases included, all candidates counted; architecture parameters are not."""
    return _total(module.graph, lambda primitive, types: primitive.parameters(types))


def macs(module: Module) -> int:
    """Multiply-adds of convolutions and linear layers for one input, all candidates evaluated."""
    return _total(module.graph, lambda primitive, types: primitive.macs(types))


def _total(graph: Graph, count: _Count) -> int:
    memo: dict[int, int] = {}

    def total(g: Graph) -> int:
        if id(g) not in memo:
            types = g.types()
            memo[id(g)] = sum(of_node(node, types) for node in g.nodes)
        return memo[id(g)]

    def of_node(node: Operation | Call | Choice, types: dict[str, object]) -> int:
        if isinstance(node, Operation):
            return count(node.primitive, tuple(types[o] for o in node.operands))  # type: ignore[misc]
        if isinstance(node, Call):
            return total(node.graph)
        return sum(total(c.graph) for edge in node.edges for c in edge.candidates)

    return total(graph)
