"""derive: a point is read from learned values, and applied.

x[2] = sum of gate[e, k] * k(x[e])  -->  x[2] = sep_conv_3x3(x[0]) + skip(x[1])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from attrs import frozen

from archir.analysis.gates import evaluate_gate
from archir.diagnostics import fail
from archir.ir.graph import Amount, Choice
from archir.ir.module import Form, Module, choice_instances
from archir.ir.point import Kept, Point
from archir.passes.base import Pass, Rewrite, Values, option
from archir.passes.fix import fixed
from archir.space.space import space_of
from archir.space.variables import is_none

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@frozen
class Derive(Pass):
    """Keeps the strongest edges of each choice, each with its strongest operation.

    top_edges (DARTS, Liu et al. 2019, section 2.4): an edge is as strong as its largest
    coefficient that is not `none`'s; as many edges stay as the space says.
    """

    name: ClassVar[str] = "derive"
    summary: ClassVar[str] = "the learned values are read as a point, which is applied"
    takes: ClassVar[tuple[Form, ...]] = ("relaxed",)
    gives: ClassVar[Form | None] = "network"
    needs_values: ClassVar[bool] = True

    rule: Literal["top_edges"] = option("top_edges", "how values become a point")

    def run(self, module: Module, values: Values | None) -> Rewrite:
        assert values is not None
        return Rewrite(fixed(module, derived_point(module, values)))


def derived_point(module: Module, values: Values) -> Point:
    """What a relaxed module's learned values keep of each choice."""
    gates = {g.path: g.gate for g in module.gates}
    kept: dict[str, tuple[Kept, ...]] = {}
    for instance in choice_instances(module.graph):
        if instance.key not in kept:
            coefficients = evaluate_gate(gates[instance.path], values)
            kept[instance.key] = top_edges(instance.key, instance.choice, coefficients)
    return space_of(module).without_closed(Point(tuple(kept.items())))


def top_edges(key: str, choice: Choice, coefficients: NDArray[np.floating[Any]]) -> tuple[Kept, ...]:
    """The strongest edges, each with its strongest operation; the earlier wins a tie.

    `coefficients`: one for each edge and operation.
    """
    if choice.keep.operations != Amount(1, 1):
        help_ = "this rule keeps one operation an edge; write `keep N edges` without `ops`"
        fail("NAS402", f"`top_edges` cannot derive `{key}`", span=choice.span, help=help_)
    strongest: list[tuple[float, int, str]] = []
    for e, edge in enumerate(choice.edges):
        usable = [
            (float(coefficients[e, k]), c.name)
            for k, c in enumerate(edge.candidates)
            if choice.keep.edges is None or not is_none(c)
        ]
        if usable:
            weight, name = max(usable, key=lambda pair: pair[0])
            strongest.append((weight, e, name))
    edges = choice.keep.edges or Amount(1, 1)
    count = edges.most if edges.most is not None else edges.least
    if count < 1 or count > len(strongest):
        help_ = "this rule needs a number of edges to keep; write `keep N edges`"
        fail("NAS402", f"`top_edges` cannot derive `{key}`", span=choice.span, help=help_)
    best = sorted(strongest, key=lambda row: -row[0])[:count]
    return tuple(Kept(e, name) for _, e, name in best)
