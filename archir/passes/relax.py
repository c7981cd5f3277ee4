"""relax: every choice becomes the weighted sum of its candidates.

x[2] = choose ops from x[0..2]  -->  x[2] = sum over edges e and candidates k of gate[e, k] * k(x[e])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from attrs import evolve, frozen, validators

from archir.diagnostics import ArchirError, Diagnostic
from archir.ir.gates import Apply, Parameter
from archir.ir.graph import Choice, Graph, Node, Operation
from archir.ir.module import ArchitectureParameter, Form, GateOf, Module, choice_instances, shared_choices
from archir.ir.rewrite import with_callees
from archir.ops.norm import BatchNorm
from archir.passes.base import Pass, Rewrite, Values, option


@frozen
class Relax(Pass):
    """One softmax over the operations of each edge (DARTS, Liu et al. 2019, Eq. 2).

    Instances of a choice share their architecture parameters. With `affine=false`, as
    in DARTS, batch norms inside cells have no scale and shift until the network is derived.
    """

    name: ClassVar[str] = "relax"
    summary: ClassVar[str] = "choices become sums weighted by architecture parameters"
    takes: ClassVar[tuple[Form, ...]] = ("space",)
    gives: ClassVar[Form | None] = "relaxed"

    affine: bool = option(False, "batch norms inside cells have scale and shift while searching, too")
    deviation: float = option(1e-3, "deviation of the random start", validator=validators.ge(0.0))

    def run(self, module: Module, values: Values | None) -> Rewrite:
        choices = shared_choices(module)
        _check_even(choices)
        parameters = tuple(
            ArchitectureParameter(_alpha(key), (len(c.edges), len(c.edges[0].candidates)), self.deviation)
            for key, c in choices.items()
        )
        gates = tuple(
            GateOf(i.path, Apply("softmax", (Parameter(_alpha(i.key)),))) for i in choice_instances(module.graph)
        )
        graph = module.graph if self.affine else deferred_norms(module.graph)
        return Rewrite(evolve(module, form="relaxed", graph=graph, parameters=parameters, gates=gates))


def _alpha(key: str) -> str:
    return f"arch.{key}.alpha"


def _check_even(choices: Mapping[str, Choice]) -> None:
    for key, choice in choices.items():
        if len({len(edge.candidates) for edge in choice.edges}) > 1:
            help_ = "give every edge of this choice as many candidates; `none` fills a gap"
            message = f"the edges of `{key}` have different numbers of candidates"
            raise ArchirError(Diagnostic("NAS402", message, choice.span, help=help_))


def deferred_norms(graph: Graph) -> Graph:
    """The graph with the batch norms inside its cells without scale and shift until derived."""
    memo: dict[tuple[int, bool], Graph] = {}

    def change(g: Graph, inside: bool) -> Graph:
        inside = inside or g.kind == "cell"
        if (id(g), inside) not in memo:
            nodes = tuple(_deferred(with_callees(n, lambda c, _: change(c, inside)), inside) for n in g.nodes)
            same = all(new is old for new, old in zip(nodes, g.nodes, strict=True))
            memo[id(g), inside] = g if same else evolve(g, nodes=nodes)
        return memo[id(g), inside]

    return change(graph, False)


def _deferred(node: Node, inside: bool) -> Node:
    if inside and isinstance(node, Operation) and isinstance(node.primitive, BatchNorm) and node.primitive.affine:
        return evolve(node, primitive=evolve(node.primitive, deferred=True))
    return node
