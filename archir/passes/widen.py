"""widen: more may stay of each choice.

x[2] = choose ops from x[0..2] keep 2 edges  -->  x[2] = choose ops from x[0..2] keep some edges any ops
"""

from __future__ import annotations

from typing import ClassVar, Literal

from attrs import evolve, frozen

from archir.ir.graph import Amount, Choice, Graph, Keep, Node
from archir.ir.module import Form, Module
from archir.ir.rewrite import rewritten
from archir.passes.base import Pass, Rewrite, Values, option

_AMOUNTS = {"any": Amount(0, None), "some": Amount(1, None)}


@frozen
class Widen(Pass):
    """The space of a method that keeps more than the space's text says: any number of edges, or of operations.

    What is derived stays inside the module's space, so a method with a freer rule says so with this pass. A
    choice with a single source and no rule for edges keeps it, whatever `edges` says. What fills the inputs of a
    cell (`*choose`, `choose adjacent`) stays as it is: they are as many as there are.
    """

    name: ClassVar[str] = "widen"
    summary: ClassVar[str] = "more edges and operations may stay"
    takes: ClassVar[tuple[Form, ...]] = ("space",)

    edges: Literal["same", "some", "any"] = option("some", "how many edges of a choice may stay")
    ops: Literal["same", "some", "any"] = option("any", "how many operations may stay on each of them")

    def run(self, module: Module, values: Values | None) -> Rewrite:
        return Rewrite(evolve(module, graph=rewritten(module.graph, self._nodes)))

    def _nodes(self, graph: Graph) -> tuple[Node, ...]:
        return tuple(
            evolve(n, keep=self._keep(n.keep)) if isinstance(n, Choice) and n.slots == 1 else n for n in graph.nodes
        )

    def _keep(self, keep: Keep) -> Keep:
        edges = None if keep.edges is None else _AMOUNTS.get(self.edges, keep.edges)
        return Keep(edges, _AMOUNTS.get(self.ops, keep.operations))
