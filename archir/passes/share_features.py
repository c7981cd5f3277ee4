"""share_features: one set of weights for each source and operation of a cell.

x[2] = choose ops from x[0] and ...; x[3] = choose ops from x[0] and ...
-->  x[2] = choose ops from x[0] at shared.x.0 and ...; x[3] = choose ops from x[0] at shared.x.0 and ...
"""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from attrs import evolve, frozen

from archir.diagnostics import fail
from archir.ir.graph import Candidate, Choice, Edge, Graph, Node
from archir.ir.module import Form, Module, chooses, homes
from archir.ir.rewrite import rewritten
from archir.passes.base import Pass, Rewrite, Values


@frozen
class ShareFeatures(Pass):
    """The feature sharing of EnTranNAS (Yang et al. 2021, section 2.3, Eq. 6).

    The same operation from one node towards several later nodes of a cell has one set of weights, and its output
    is computed once: (n - 1) * K connections with weights instead of |E| * K. A derived network has weights of
    its own on each connection again; each begins as a copy.
    """

    name: ClassVar[str] = "share_features"
    summary: ClassVar[str] = "operations on one source share weights and outputs"
    takes: ClassVar[tuple[Form, ...]] = ("relaxed",)

    def run(self, module: Module, values: Values | None) -> Rewrite:
        after = evolve(module, graph=rewritten(module.graph, _shared))
        weights: dict[str, str] = {}
        for alone, shared in homes(after.graph):  # a home begins with the weights of the first edge that has it
            weights.setdefault(shared, alone)
        return Rewrite(after, weights)


def _shared(graph: Graph) -> tuple[Node, ...]:
    offers: dict[tuple[str, ...], tuple[Candidate, ...]] = {}
    uses: Counter[tuple[str, ...]] = Counter()
    for choice in graph.nodes:
        for edge in choice.edges if isinstance(choice, Choice) else ():
            if edge.candidates is offers.setdefault(edge.sources, edge.candidates) or (
                edge.candidates == offers[edge.sources]
            ):
                uses[edge.sources] += 1
    return tuple(_node(node, offers, uses) if isinstance(node, Choice) else node for node in graph.nodes)


def _node(
    choice: Choice, offers: dict[tuple[str, ...], tuple[Candidate, ...]], uses: Counter[tuple[str, ...]]
) -> Choice:
    edges = tuple(
        evolve(edge, home=f"shared.{'_and_'.join(edge.sources)}")
        if edge.home is None and uses[edge.sources] > 1 and edge.candidates == offers[edge.sources]
        else edge
        for edge in choice.edges
    )
    for edge in edges:
        if edge.home is not None:
            _check_plain(choice, edge)
    return choice if edges == choice.edges else evolve(choice, edges=edges)


def _check_plain(choice: Choice, edge: Edge) -> None:
    for candidate in edge.candidates:
        if chooses(candidate.graph):
            help_ = "leave out `share_features`, or the choice inside the candidate"
            message = f"the candidate `{candidate.name}` of `{choice.name}` chooses, so it cannot be shared"
            fail("NAS402", message, span=choice.span, help=help_)
