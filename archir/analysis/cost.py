"""Parameters, multiply-adds and activation elements, counted on the IR.

A space or relaxed module counts with all its active candidates. Batch norms whose scale and shift are deferred
(`relax`) count without them. The sums that join what a choice keeps are not counted in a space; in a
network they are operations like any other (elements, no parameters or multiply-adds).
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from archir.analysis.conventions import DEFAULT, convention
from archir.ir.graph import Call, Choice, Graph, Node, Operation
from archir.ir.memo import once_per_graph
from archir.ir.module import Module, join
from archir.ir.types import TensorType


@frozen
class Cost:
    """What can be added up: trainable numbers, multiply-adds, numbers written by operations (a batch of one)."""

    params: int = 0
    macs: int = 0
    elements: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.params + other.params, self.macs + other.macs, self.elements + other.elements)


def parameters(module: Module) -> int:
    """Trainable weights, batch norm and biases included, of all active candidates; no architecture parameters."""
    return total(module.graph).params


def macs(module: Module, convention: str = DEFAULT) -> int:
    """Multiply-adds for one input at a convention (by name), all active candidates evaluated."""
    return total(module.graph, convention).macs


@once_per_graph
def total(graph: Graph, convention: str = DEFAULT) -> Cost:
    """The cost of a graph and of all that it calls, all active candidates counted."""
    types = graph.types()
    return _summed(of_node(node, types, convention) for node in graph.nodes)


def of_node(node: Node, types: dict[str, TensorType], name: str = DEFAULT) -> Cost:
    """The cost of one node, given the types of its graph's values."""
    if isinstance(node, Operation):
        inputs = tuple(types[operand] for operand in node.operands)
        return Cost(
            node.primitive.parameters(inputs), convention(name).macs(node.primitive, inputs), node.type.elements
        )
    if isinstance(node, Call):
        return total(node.graph, name)
    return _summed(total(c.graph, name) for edge in node.edges for _, c in edge.alternatives)


def per_node(graph: Graph, convention: str = DEFAULT) -> dict[str, Cost]:
    """The cost of each node of one graph, by the node's name; what a node calls belongs to it."""
    types = graph.types()
    return {node.name: of_node(node, types, convention) for node in graph.nodes}


def per_instance(module: Module, convention: str = DEFAULT) -> Iterator[tuple[str, Cost]]:
    """The cost at every path of a module, in order of computation; a call stands before what it calls.

    The paths of candidates are theirs: `cell.0.x.2.1.sep_conv_3x3`.
    """
    yield from _instances(module.graph, "", convention)


def _instances(graph: Graph, path: str, convention: str) -> Iterator[tuple[str, Cost]]:
    types = graph.types()
    for node in graph.nodes:
        here = join(path, node.name)
        yield here, of_node(node, types, convention)
        if isinstance(node, Call):
            yield from _instances(node.graph, here, convention)
        elif isinstance(node, Choice):
            for e, edge in enumerate(node.edges):
                for _, candidate in edge.alternatives:
                    below = f"{here}.{e}.{candidate.name}"
                    yield below, total(candidate.graph, convention)
                    yield from _instances(candidate.graph, below, convention)


def _summed(costs: Iterator[Cost]) -> Cost:
    params = multiply_adds = elements = 0
    for cost in costs:
        params, multiply_adds, elements = params + cost.params, multiply_adds + cost.macs, elements + cost.elements
    return Cost(params, multiply_adds, elements)
