"""fold_bn: batch norms with stored statistics become part of the convolutions in front of them.

%b = conv(%x, out=8), %y = batch_norm(%b)  -->  %b = conv(%x, out=8, bias=true)
b.weight <- b.weight * column(y.weight * rsqrt(y.running_var + eps)), b.bias <- y.bias - y.running_mean * ...
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar, TypeAlias

from attrs import define, evolve, frozen

from archir.ir.gates import Number
from archir.ir.graph import Call, Choice, Graph, Node, Operation
from archir.ir.module import Form, Module, join
from archir.ir.rewrite import with_graph
from archir.ops.conv import Conv
from archir.ops.layout import Concat
from archir.ops.norm import BatchNorm
from archir.passes.base import Pass, Rewrite, Values
from archir.passes.weights import Arithmetic, Column, InverseRoot, Old, Part, WeightExpression, substituted

Made: TypeAlias = dict[str, WeightExpression]
_KERNEL_AXES = 4


@frozen
class FoldBn(Pass):
    """For evaluation: the network computes what it did with batch norms in evaluation mode, and cannot train them.

    A batch norm is folded where it is the only one to read a convolution, or a concatenation of convolutions; after
    `inline`, also where they stood in different blocks. Kernels and biases become expressions over the old weights.
    """

    name: ClassVar[str] = "fold_bn"
    summary: ClassVar[str] = "for evaluation: batch norms become part of convolutions"
    takes: ClassVar[tuple[Form, ...]] = ("network",)

    def run(self, module: Module, values: Values | None) -> Rewrite:
        graph, weights = folded(module.graph)
        return Rewrite(with_graph(module, graph), weights)


def folded(graph: Graph) -> tuple[Graph, Made]:
    """The graph of a network, and its new weights by path."""
    return _visit(graph, {})


def _visit(graph: Graph, memo: dict[int, tuple[Graph, Made]]) -> tuple[Graph, Made]:
    if id(graph) not in memo:
        made: Made = {}
        nodes: list[Node] = []
        for node in graph.nodes:
            if isinstance(node, Call):
                callee, inner = _visit(node.graph, memo)
                made |= _below(node.name, inner)
                node = node if callee is node.graph else evolve(node, graph=callee)
            nodes.append(node)
        same = all(new is old for new, old in zip(nodes, graph.nodes, strict=True))
        folding = _Folding(graph if same else evolve(graph, nodes=tuple(nodes)), made)
        memo[id(graph)] = folding.graph(), made
    return memo[id(graph)]


def _below(prefix: str, made: Mapping[str, WeightExpression]) -> Made:
    """The weights of one instance."""

    def moved(path: str) -> WeightExpression:
        return Old(join(prefix, path))

    return {join(prefix, path): substituted(expression, moved) for path, expression in made.items()}


@define
class _Folding:
    """The batch norms of one graph, folded in order. `made` collects the weights."""

    old: Graph
    made: Made

    def graph(self) -> Graph:
        nodes = {node.name: node for node in self.old.nodes}
        readers = Counter(operand for node in self.old.nodes for operand in node.operands)
        readers[self.old.output] += 1
        same: dict[str, str] = {}
        for node in self.old.nodes:
            assert not isinstance(node, Choice), "a network has no choices"
            operands = tuple(same.get(o, o) for o in node.operands)
            if operands != node.operands:
                node = nodes[node.name] = evolve(node, operands=operands)
            if not (isinstance(node, Operation) and isinstance(node.primitive, BatchNorm)):
                continue
            (source,) = operands
            convs = _convolutions(nodes, readers, source)
            if convs is None:
                continue
            self._fold(nodes, node.name, node.primitive, convs)
            del nodes[node.name]
            same[node.name] = source
            readers[source] = readers[node.name]
        if not same:
            return self.old
        return evolve(self.old, nodes=tuple(nodes.values()), output=same.get(self.old.output, self.old.output))

    def _fold(self, nodes: dict[str, Node], norm: str, p: BatchNorm, convs: tuple[Operation, ...]) -> None:
        start = 0
        for conv in convs:
            stop = start + conv.type.channels
            assert isinstance(conv.primitive, Conv)
            self._absorb(conv.name, conv.primitive.bias, norm, p, None if len(convs) == 1 else (start, stop))
            nodes[conv.name] = evolve(conv, primitive=evolve(conv.primitive, bias=True))
            start = stop

    def _absorb(self, conv: str, biased: bool, norm: str, p: BatchNorm, part: tuple[int, int] | None) -> None:
        """A kernel and a bias for scale * (kernel * x + bias - mean) + shift; scale = weight / sqrt(variance + eps)."""

        def vector(name: str) -> WeightExpression:
            whole = Old(f"{norm}.{name}")
            return whole if part is None else Part(whole, *part)

        scale: WeightExpression = InverseRoot(Arithmetic("+", vector("running_var"), Number(p.eps)))
        if p.scales:
            scale = Arithmetic("*", vector("weight"), scale)
        shift = vector("bias") if p.scales else Number(0.0)
        mean = vector("running_mean")
        if biased:
            mean = Arithmetic("-", mean, self._former(f"{conv}.bias"))
        kernel = self._former(f"{conv}.weight")
        self.made[f"{conv}.weight"] = Arithmetic("*", kernel, Column(scale, _KERNEL_AXES))
        self.made[f"{conv}.bias"] = Arithmetic("-", shift, Arithmetic("*", mean, scale))

    def _former(self, path: str) -> WeightExpression:
        return self.made.get(path, Old(path))


def _convolutions(nodes: Mapping[str, Node], readers: Mapping[str, int], source: str) -> tuple[Operation, ...] | None:
    """The convolutions whose outputs, side by side, are a value; None if something else computes or reads them."""
    node = nodes.get(source)
    if not isinstance(node, Operation) or readers[source] != 1:
        return None
    if isinstance(node.primitive, Conv):
        return (node,)
    if not isinstance(node.primitive, Concat):
        return None
    parts = [_convolutions(nodes, readers, operand) for operand in node.operands]
    return None if None in parts else tuple(conv for part in parts if part is not None for conv in part)
