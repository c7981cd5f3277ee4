"""canonicalize: operations that do nothing, or give zeros, are written the short way.

%z = zero(%x), %y = add(%x, %z)  -->  %z = zero(%x), %y = add(%x)  -->  %y is %x
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, TypeAlias

from attrs import evolve, frozen

from archir.ir.graph import Call, Choice, Graph, Node, Operation
from archir.ir.module import Form, Module
from archir.ir.primitive import Primitive
from archir.ir.rewrite import bottom_up, with_graph
from archir.ir.types import TensorType
from archir.ops.conv import Conv, Linear
from archir.ops.layout import ChannelShuffle, Concat, Slice, Zero, zeros_for
from archir.ops.pointwise import Add, Dropout, Mul, Relu, Relu6, Scale, ScaleChannels, Swish
from archir.ops.pool import AvgPool, GlobalAvgPool, MaxPool
from archir.ops.zeros import gives_zeros
from archir.passes.base import Pass, Rewrite, Values

_KEEP_ZEROS = (
    Relu, Relu6, Swish, Dropout, Scale, Add, Concat, Slice, ChannelShuffle, MaxPool, AvgPool, GlobalAvgPool, Zero,
)  # fmt: skip


@frozen
class Canonicalize(Pass):
    """Applies small rewrites until none fits; all are exact for finite numbers.

    Zero removal: zeros are no term of a sum; what gets only zeros and maps them to zeros (a relu, a pooling, a
    convolution without bias, but no batch norm) is zeros, too; a product with zeros is zeros. Identities: a sum or
    concatenation of one value, a scale by 1, a slice of all, a pooling of single numbers, relu after relu.

    Run `inline` before it to have zeros followed across calls, and `dce` after it.
    """

    name: ClassVar[str] = "canonicalize"
    summary: ClassVar[str] = "zeros and operations that do nothing are taken out"
    takes: ClassVar[tuple[Form, ...]] = ("network",)

    def run(self, module: Module, values: Values | None) -> Rewrite:
        return Rewrite(with_graph(module, bottom_up(module.graph, canonical)))


@frozen
class Site:
    """An operation where it stands, with the nodes before it, all types, and which of its operands are zeros."""

    node: Operation
    before: Mapping[str, Node]
    types: Mapping[str, TensorType]
    zeros: tuple[bool, ...]


Rewritten: TypeAlias = str | Operation | None
"""The value that an operation is the same as, the operation to write instead, or None if the rule does not fit."""
Rule: TypeAlias = Callable[[Site], Rewritten]


def canonical(graph: Graph) -> Graph:
    """One graph, rewritten by all rules."""
    types = graph.types()
    nodes: dict[str, Node] = {}
    same: dict[str, str] = {}
    zeros: set[str] = set()
    for node in graph.nodes:
        assert not isinstance(node, Choice), "a network has no choices"
        operands = tuple(same.get(o, o) for o in node.operands)
        found: str | Node = node if operands == node.operands else evolve(node, operands=operands)
        while isinstance(found, Operation):
            better = _first(Site(found, nodes, types, tuple(o in zeros for o in found.operands)))
            if better is None:
                break
            found = better
        if isinstance(found, str):
            same[node.name] = found
            continue
        nodes[node.name] = found
        if _is_zeros(found, all(o in zeros for o in found.operands)):
            zeros.add(node.name)
    changed = tuple(nodes.values())
    if len(changed) == len(graph.nodes) and all(new is old for new, old in zip(changed, graph.nodes, strict=True)):
        return graph
    return evolve(graph, nodes=changed, output=same.get(graph.output, graph.output))


def _first(at: Site) -> Rewritten:
    rules = RULES_OF_ZEROS + RULES if True in at.zeros else RULES
    return next((found for rule in rules if (found := rule(at)) is not None), None)


def _is_zeros(node: Node, of_zeros: bool) -> bool:
    if isinstance(node, Call):
        return gives_zeros(node.graph)
    assert isinstance(node, Operation)
    return isinstance(node.primitive, Zero) or (of_zeros and _keeps_zeros(node.primitive))


def _keeps_zeros(p: Primitive) -> bool:
    return isinstance(p, _KEEP_ZEROS) or (isinstance(p, Conv | Linear) and not p.bias)


def no_zeros_in_sums(at: Site) -> Rewritten:
    """add(x, 0, y) --> add(x, y)."""
    if not isinstance(at.node.primitive, Add) or all(at.zeros):
        return None
    return evolve(at.node, operands=tuple(o for o, zero in zip(at.node.operands, at.zeros, strict=True) if not zero))


def zeros_stay_zeros(at: Site) -> Rewritten:
    """relu(0) --> 0, and so on for all that maps zeros to zeros."""
    return _zeros(at) if all(at.zeros) and _keeps_zeros(at.node.primitive) else None


def products_with_zeros(at: Site) -> Rewritten:
    """mul(x, 0) --> 0, scale_channels(x, 0) --> 0."""
    return _zeros(at) if isinstance(at.node.primitive, Mul | ScaleChannels) else None


def scale_by_zero(at: Site) -> Rewritten:
    """scale(x, factor=0) --> 0."""
    p = at.node.primitive
    return _zeros(at) if isinstance(p, Scale) and p.factor == 0 else None


def _zeros(at: Site) -> Rewritten:
    """Zeros of the node's type: one of the operands if it is that already, else made from one where possible."""
    node = at.node
    for operand, zero in zip(node.operands, at.zeros, strict=True):
        if zero and at.types[operand] == node.type:
            return operand
    for operand in node.operands:
        zero_ = zeros_for(at.types[operand], node.type)
        if zero_ is not None and zero_ != node.primitive:
            return Operation(node.name, zero_, (operand,), node.type, node.span)
    return None


def _is_identity(at: Site) -> bool:
    match at.node.primitive:
        case Add() | Concat():
            return len(at.node.operands) == 1
        case Scale(factor):
            return factor == 1
        case Slice(top, left):
            return top == left == 0
        case Dropout(rate):
            return rate == 0
        case ChannelShuffle(groups):
            return groups in (1, at.node.type.channels)
        case MaxPool(k, stride, pad) | AvgPool(k, stride, pad):
            return k == stride == (1, 1) and pad == (0, 0)
        case Relu():
            before = at.before.get(at.node.operands[0])
            return isinstance(before, Operation) and isinstance(before.primitive, Relu | Relu6)
    return False


def identities(at: Site) -> Rewritten:
    """add(x) --> x, scale(x, factor=1) --> x, relu(relu(x)) --> relu(x), and so on."""
    return at.node.operands[0] if _is_identity(at) else None


RULES_OF_ZEROS: tuple[Rule, ...] = (no_zeros_in_sums, zeros_stay_zeros, products_with_zeros)
"""Tried where an operand is zeros."""
RULES: tuple[Rule, ...] = (scale_by_zero, identities)
"""Tried everywhere."""
