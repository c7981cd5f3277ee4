"""What an operation is called in a picture, and the family that gives it a color."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archir.ir.graph import Call, Graph, Node, Operation
from archir.ir.primitive import Primitive
from archir.ops.conv import Conv
from archir.ops.layout import Zero
from archir.ops.pool import AvgPool, GlobalAvgPool, MaxPool
from archir.show.drawing import Family, Mark

_SKIPS = re.compile(r"(factorized_)?skip|identity|link")
_SIZED = re.compile(r"\d+x\d+")


def marked(node: Operation | Call) -> Mark:
    """What to write for a node on an arrow, after its name in the cell."""
    label = label_of(node, node.name.rpartition(".")[2])
    return Mark(label, family_of(node, label))


def short_name(graph: Graph) -> str:
    """A definition's name without the file that it comes from."""
    return graph.name.rsplit(".", 1)[-1]


def label_of(node: Operation | Call, name: str) -> str:
    """What to write on the arrow of a node that goes by `name` in its cell.

    The name of a candidate says all. A definition's name (`sep_conv`, or `sep_conv_1`
    where it stands twice) is completed by its window: `sep_conv_3x3`.
    """
    own = node.primitive.name if isinstance(node, Operation) else short_name(node.graph)
    if not re.fullmatch(rf"{re.escape(own)}(_\d+)?", name):
        return name
    window = max((w for w in map(_window, _primitives(node)) if w), key=lambda w: w[0] * w[1], default=(1, 1))
    return own if window == (1, 1) or _SIZED.search(own) else f"{own}_{window[0]}x{window[1]}"


def family_of(computed: Node | Graph, label: str) -> Family:
    """The family of what a node or a graph computes."""
    if _SKIPS.fullmatch(label):
        return "skip"
    found = list(_below(computed) if isinstance(computed, Graph) else _primitives(computed))
    convs = [p for p in found if isinstance(p, Conv)]
    if convs:
        if any(p.dilation != (1, 1) for p in convs):
            return "dilated"
        return "separable" if any(p.groups > 1 for p in convs) else "conv"
    if any(isinstance(p, MaxPool | AvgPool | GlobalAvgPool) for p in found):
        return "pool"
    if any(isinstance(p, Zero) for p in found):
        return "none"
    return "other" if found else "skip"


def _window(p: Primitive) -> tuple[int, int] | None:
    return p.k if isinstance(p, Conv | MaxPool | AvgPool) else None


def _primitives(node: Node) -> Iterator[Primitive]:
    if isinstance(node, Operation):
        yield node.primitive
    elif isinstance(node, Call):
        yield from _below(node.graph)
    else:
        for edge in node.edges:
            for candidate in edge.candidates:
                yield from _below(candidate.graph)


def _below(graph: Graph) -> Iterator[Primitive]:
    for node in graph.nodes:
        yield from _primitives(node)
