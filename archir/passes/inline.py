"""inline: the operations of called graphs take the place of the calls.

%x = @relu_conv.0(%image)  -->  %x.relu = relu(%image), %x.conv = conv(%x.relu, ...)
"""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, frozen

from archir.ir.graph import Call, Choice, Graph, Operation
from archir.ir.module import Form, Module, join
from archir.ir.rewrite import with_graph
from archir.passes.base import Pass, Rewrite, Values


@frozen
class Inline(Pass):
    """One graph with every operation at its full path, so that weights stay where they are.

    What other passes find inside one graph only (an equal operation, a convolution in front of a batch norm)
    they then find across calls, too. The sharing of graphs is lost: the module grows with the number of cells.
    """

    name: ClassVar[str] = "inline"
    summary: ClassVar[str] = "one graph without calls"
    takes: ClassVar[tuple[Form, ...]] = ("network",)

    def run(self, module: Module, values: Values | None) -> Rewrite:
        return Rewrite(with_graph(module, inlined(module.graph)))


def inlined(graph: Graph) -> Graph:
    """The graph of a network without calls; operations are named by their paths."""
    if not any(isinstance(node, Call) for node in graph.nodes):
        return graph
    nodes: list[Operation] = []
    output = _append(graph, "", {value.name: value.name for value in graph.inputs}, nodes)
    return evolve(graph, nodes=tuple(nodes), output=output)


def _append(graph: Graph, path: str, paths: dict[str, str], nodes: list[Operation]) -> str:
    """Appends the operations of one instance; `paths` says what its inputs are. Returns the path of its result."""
    for node in graph.nodes:
        assert not isinstance(node, Choice), "a network has no choices"
        here = join(path, node.name)
        operands = tuple(paths[name] for name in node.operands)
        if isinstance(node, Operation):
            nodes.append(evolve(node, name=here, operands=operands))
            paths[node.name] = here
        else:
            inner = {value.name: operand for value, operand in zip(node.graph.inputs, operands, strict=True)}
            paths[node.name] = _append(node.graph, here, inner, nodes)
    return paths[graph.output]
