"""bottleneck: candidates run on fewer channels.

x[2] = choose ops from x[0] and ...  -->  squeeze.x[0] = conv(x[0], out=C/r)
                                          x[2] = choose ops from squeeze.x[0] and ...   (C/r channels)
                                          restore.x[2] = conv(x[2], out=C)
"""

from __future__ import annotations

from typing import ClassVar, NoReturn

from attrs import evolve, field, frozen, validators

from archir.diagnostics import fail
from archir.ir.graph import Candidate, Choice, Edge, Graph, Node, Operation
from archir.ir.module import Form, Module
from archir.ir.primitive import ShapeError
from archir.ir.rewrite import rewritten
from archir.ir.types import TensorType
from archir.ops.conv import Conv
from archir.passes.base import Pass, Rewrite, Values, option
from archir.passes.narrow import narrowed, narrowed_type


@frozen
class Bottleneck(Pass):
    """The bottleneck of EnTranNAS (Yang et al. 2021, section 2.5), for as long as the search lasts.

    A 1x1 convolution divides the channels of a node before they enter its candidates; another brings them back
    behind each choice. A derived network has the channels of the space. What fills the inputs of a cell (`*choose`,
    `choose adjacent`) stays as it is: its values are handed on, not added up.
    """

    name: ClassVar[str] = "bottleneck"
    summary: ClassVar[str] = "candidates run on fewer channels while searching"
    takes: ClassVar[tuple[Form, ...]] = ("relaxed",)

    ratio: int = option(4, "what the channels are divided by", validator=validators.ge(2))

    def run(self, module: Module, values: Values | None) -> Rewrite:
        memo: dict[int, Graph] = {}
        graph = rewritten(module.graph, lambda g: _Cell(g, self.ratio, memo).nodes())
        return Rewrite(evolve(module, graph=graph, base=module.base or module.graph))


@frozen
class _Cell:
    """One graph whose choices are to run on fewer channels."""

    graph: Graph
    ratio: int
    memo: dict[int, Graph]
    renamed: dict[str, str] = field(factory=dict)
    squeezed: dict[str, str] = field(factory=dict)

    def nodes(self) -> tuple[Node, ...]:
        """The nodes with what squeezes and restores around each choice."""
        if not any(isinstance(node, Choice) and node.slots == 1 for node in self.graph.nodes):
            return self.graph.nodes
        types = self.graph.types()
        made: list[Node] = []
        for node in self.graph.nodes:
            if isinstance(node, Choice) and node.slots == 1:
                made += self._choice(node, types)
            elif isinstance(node, Choice):
                edges = (evolve(e, sources=tuple(self.renamed.get(s, s) for s in e.sources)) for e in node.edges)
                made.append(evolve(node, edges=tuple(edges)))
            else:
                made.append(evolve(node, operands=tuple(self.renamed.get(o, o) for o in node.operands)))
        if self.graph.output in self.renamed:
            where = self.graph.name
            fail("NAS402", f"`{where}` returns a choice, which cannot have a bottleneck", help="return a value of it")
        return tuple(made)

    def _choice(self, choice: Choice, types: dict[str, TensorType]) -> list[Node]:
        made: list[Node] = []
        for source in dict.fromkeys(choice.operands):
            if source not in self.squeezed:
                self.squeezed[source] = f"squeeze.{source}"
                value = self.renamed.get(source, source)
                made.append(self._conv(f"squeeze.{source}", value, types[source], self._type(types[source], choice)))
        try:
            edges = tuple(self._edge(edge) for edge in choice.edges)
        except ShapeError as error:
            self._refuse(choice, str(error))
        inner = self._type(choice.type, choice)
        made.append(evolve(choice, edges=edges, type=inner))
        made.append(self._conv(f"restore.{choice.name}", choice.name, inner, choice.type))
        self.renamed[choice.name] = f"restore.{choice.name}"
        return made

    def _edge(self, edge: Edge) -> Edge:
        candidates = tuple(Candidate(c.name, narrowed(c.graph, self.ratio, self.memo)) for c in edge.candidates)
        return evolve(edge, sources=tuple(self.squeezed[source] for source in edge.sources), candidates=candidates)

    def _conv(self, name: str, operand: str, source: TensorType, target: TensorType) -> Operation:
        conv = Conv(out=target.channels).resolve((source,))
        return Operation(name, conv, (operand,), conv.infer((source,)))

    def _type(self, type_: TensorType, choice: Choice) -> TensorType:
        if not type_.is_map:
            self._refuse(choice, f"{type_} has no channels")
        try:
            return narrowed_type(type_, self.ratio)
        except ShapeError as error:
            self._refuse(choice, str(error))

    def _refuse(self, choice: Choice, why: str) -> NoReturn:
        help_ = "take another `ratio`, or more channels: --set channels=..."
        fail("NAS402", f"`{choice.name}` cannot have a bottleneck of {self.ratio}: {why}", span=choice.span, help=help_)
