"""cse: a value that is computed twice is computed once (common subexpression elimination).

%a = relu(%x), %b = relu(%x), %y = add(%a, %b)  -->  %a = relu(%x), %y = add(%a, %a)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import ClassVar, TypeAlias

from attrs import evolve, frozen

from archir.ir.graph import Call, Choice, Graph, Node, Operation
from archir.ir.memo import once_per_graph
from archir.ir.module import Form, Module
from archir.ir.primitive import Types
from archir.ir.rewrite import bottom_up, with_graph
from archir.ops.layout import Zero
from archir.ops.pointwise import Add, Dropout, Mul
from archir.passes.base import Pass, Rewrite, Values

Alike: TypeAlias = Callable[[str, str], bool]
"""Whether two operations with weights, by name, have equal ones."""


@frozen
class Cse(Pass):
    """Equal operations on equal operands become one, in each graph; after `inline`, across cells.

    Only operations without weights: weights belong to paths, and may differ. Dropouts stay, too, since each draws
    its own zeros. Calls count as operations where nothing below them has weights or draws.
    """

    name: ClassVar[str] = "cse"
    summary: ClassVar[str] = "common subexpressions: a value is computed once"
    takes: ClassVar[tuple[Form, ...]] = ("network",)

    def run(self, module: Module, values: Values | None) -> Rewrite:
        return Rewrite(with_graph(module, bottom_up(module.graph, computed_once)))


def computed_once(graph: Graph, alike: Alike = lambda _first, _second: False) -> Graph:
    """One graph without repeated operations; those with weights are kept apart unless they are `alike`."""
    first: dict[Hashable, list[str]] = {}
    same: dict[str, str] = {}
    nodes: list[Node] = []
    types = graph.types()
    for node in graph.nodes:
        assert not isinstance(node, Choice), "a network has no choices"
        operands = tuple(same.get(o, o) for o in node.operands)
        earlier = first.setdefault(_key(node, operands), [])
        free = not earlier or _free(node, tuple(types[o] for o in operands))
        found = next((name for name in earlier if free or alike(name, node.name)), None)
        if found is not None and not _draws(node):
            same[node.name] = found
            continue
        earlier.append(node.name)
        nodes.append(node if operands == node.operands else evolve(node, operands=operands))
    if not same:
        return graph
    return evolve(graph, nodes=tuple(nodes), output=same.get(graph.output, graph.output))


def _key(node: Operation | Call, operands: tuple[str, ...]) -> Hashable:
    """What equal nodes have in common."""
    if isinstance(node, Call):
        return id(node.graph), operands
    if isinstance(node.primitive, Zero):  # zeros do not depend on what they are made from
        return Zero, node.type
    if isinstance(node.primitive, Mul) or (isinstance(node.primitive, Add) and len(operands) == 2):
        return node.primitive, tuple(sorted(operands))  # a + b is b + a to the last bit; longer sums are not
    return node.primitive, operands


def _free(node: Operation | Call, inputs: Types) -> bool:
    """Whether a node owns no weights."""
    if isinstance(node, Call):
        return _graph_is_free(node.graph)
    return not node.primitive.weights(inputs)


@once_per_graph
def _graph_is_free(graph: Graph) -> bool:
    types = graph.types()
    return all(
        not isinstance(node, Choice) and _free(node, tuple(types[o] for o in node.operands)) for node in graph.nodes
    )


def _draws(node: Node) -> bool:
    """Whether a node computes something else each time."""
    if isinstance(node, Call):
        return _graph_draws(node.graph)
    return isinstance(node, Operation) and isinstance(node.primitive, Dropout)


@once_per_graph
def _graph_draws(graph: Graph) -> bool:
    return any(_draws(node) for node in graph.nodes)
