"""From the graph of a cell, or of a stage of cells, to a drawing.

A box is a value that a reader of the paper would number: inputs, sums, choices,
calls with several operands. What has one operand becomes an arrow, or goes into
its box: preprocessing into the input, what follows the concatenation into the output.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from attrs import Factory, define, evolve, field

from archir.analysis.depth import dead_cells, depth, is_cell
from archir.ir.graph import Call, Choice, Graph, Node, Operation, results
from archir.ir.module import owner_of
from archir.ops.pointwise import Add, Scale
from archir.show.candidates import Open, Strengths, grouped
from archir.show.drawing import Arrow, Box, Drawing, Family, Mark
from archir.show.families import marked, short_name
from archir.show.parts import CANDIDATE, Parts, is_a, statement_of, terms_of

OUTPUT = "(output)"
_INPUTS = ("c_{k-2}", "c_{k-1}")
_RANK: tuple[Family, ...] = ("dilated", "separable", "conv", "pool", "other", "none", "skip")
_SKIP = Mark("skip", "skip")


def drawing_of(graph: Graph, tag: str | None = None, strengths: Strengths | None = None) -> Drawing:
    """The drawing of a cell or stage of any form: space, relaxed or network.

    An operation that was chosen is written on its arrow; of an open choice the arrows say what they have besides
    the others, or how strong they are if `strengths` are given.
    """
    reader = _Reader(graph, Open.of(graph, owner_of(graph, tag), strengths or {}))
    boxes = _marked_dead(reader.boxes, reader.arrows)
    name = short_name(graph) if tag is None else f"{short_name(graph)}@{tag}"
    return Drawing(name, boxes, grouped(reader.arrows), (*_stage_notes(graph), *reader.open.notes()))


@define
class _Reader:
    graph: Graph
    open: Open
    boxes: list[Box] = field(factory=list)
    arrows: list[Arrow] = field(factory=list)
    parts: Parts = field(default=Factory(lambda self: Parts(self.graph), takes_self=True))
    _box: dict[str, str] = field(factory=dict)
    _numbered: int = 0

    def __attrs_post_init__(self) -> None:
        parts = self.parts
        inside = self._inputs()
        for node in self.graph.nodes:
            if node.name not in parts.on_arrows | inside and node not in parts.ending and not self._fills(node):
                self._add_box(node)
        label = "c_{k}" if self.graph.kind == "cell" else "output"
        self.boxes.append(Box(OUTPUT, label, "output"))
        self._add_terms(parts.ending[-1].operands if parts.ending else (self.graph.output,), OUTPUT)

    def _fills(self, node: Node) -> bool:
        return any(result in self.parts.filling for result in results(node))

    def _inputs(self) -> set[str]:
        """Adds the boxes of the inputs; returns the names of what prepares them, which is not drawn."""
        inside: set[str] = set()
        known = self.graph.kind == "cell" and len(self.graph.inputs) == len(_INPUTS)
        for i, value in enumerate(self.graph.inputs):
            self.boxes.append(Box(value.name, _INPUTS[i] if known else value.name, "input"))
            name: str | None = value.name
            while name is not None:
                self._box[name] = value.name
                name = self.parts.preparation(name)
                inside |= {name} if name else set()
        return inside

    def _add_box(self, node: Node) -> None:
        base = CANDIDATE.fullmatch(node.name) if len(node.operands) == 1 else None
        name = base["node"] if base and base["node"] not in self._box.values() else node.name
        self._box |= dict.fromkeys(results(node), name)
        self.boxes.append(Box(name, self._label(node, name), "node", self._detail(node)))
        if isinstance(node, Choice):
            self.arrows += self.open.arrows(node, self._box, name)
        elif terms := terms_of(node):
            self._add_terms(terms, name, node)
        else:
            mark = marked(node)
            self.arrows.append(Arrow(self._box[node.operands[0]], name, (mark,), mark.family))

    def _add_terms(self, terms: Sequence[str], name: str, node: Node | None = None) -> None:
        """The arrows of a sum, of a cell, or of the output into the box `name`."""
        filled: set[str] = set()
        for term in terms:
            choice = self.parts.filling.get(term)
            if choice is None:
                self._add_term(node, term, name)
            elif choice.name not in filled:
                filled.add(choice.name)
                self.arrows += self.open.arrows(choice, self._box, name)

    def _add_term(self, node: Node | None, term: str, name: str) -> None:
        chain = self.parts.chain(node, term) if node else []
        if not chain:
            # What a cell of a stage, or a sum, reads without an operation was chosen so.
            skips = node is not None and (is_a(node, Add) or (self.graph.kind == "stage" and is_cell(node)))
            self.arrows.append(Arrow(self._box[term], name, *(((_SKIP,), "skip") if skips else ())))
            return
        mark = _told(chain)
        self.arrows.append(Arrow(self._box[chain[-1].operands[0]], name, (mark,), mark.family))

    def _label(self, node: Node, name: str) -> str:
        if self.graph.kind != "cell":
            of_several = isinstance(node, Call) or any(self.parts.chain(node, t) for t in terms_of(node))
            own = statement_of(name) if of_several and name == node.name else name
            return re.sub(r"\.(\d+)", r"[\1]", own or name)
        if isinstance(node, Operation) and len(node.operands) > 1 and not is_a(node, Add):
            return node.primitive.name
        self._numbered += 1
        return str(self._numbered - 1)

    def _detail(self, node: Node) -> str:
        """What distinguishes the node from others of the graph: its rule, or its cell."""
        if isinstance(node, Choice):
            return self.open.rule(node)
        kinds = {short_name(n.graph) for n in self.graph.nodes if isinstance(n, Call) and is_cell(n)}
        return short_name(node.graph) if isinstance(node, Call) and is_cell(node) and len(kinds) > 1 else ""


def _told(chain: Sequence[Operation | Call]) -> Mark:
    """What is written for all nodes of an arrow. A coefficient stands before what it belongs to."""
    factors = [n.primitive.factor for n in chain if isinstance(n, Operation) and isinstance(n.primitive, Scale)]
    told = [marked(n) for n in chain if not is_a(n, Scale)]
    if not told:
        name = chain[0].name.rpartition(".")[2]  # of a network read from text it is `scale`, or `scale_2`
        told = [_SKIP if re.fullmatch(r"scale(_\d+)?", name) else Mark(name.removesuffix("_scale"), "skip")]
    best = min(told, key=lambda mark: _RANK.index(mark.family))
    return Mark(" ".join([*(f"{factor:.2f}" for factor in factors), best.text]), best.family)


def _marked_dead(boxes: Sequence[Box], arrows: Iterable[Arrow]) -> tuple[Box, ...]:
    """The boxes, with those marked from which no arrow leads on to the output."""
    sources: dict[str, list[str]] = {}
    for arrow in arrows:
        sources.setdefault(arrow.target, []).append(arrow.source)
    alive, found = {OUTPUT}, [OUTPUT]
    while found:
        new = {*sources.get(found.pop(), ())} - alive
        alive |= new
        found += sorted(new)
    dead = {b.name for b in boxes if b.role == "node"} - alive
    return tuple(evolve(b, dead=True, detail=b.detail or "dead") if b.name in dead else b for b in boxes)


def _stage_notes(graph: Graph) -> tuple[str, ...]:
    """What there is to say of a stage's cells."""
    cells = [n for n in graph.nodes if isinstance(n, Call) and is_cell(n)]
    if graph.kind != "stage" or not cells:
        return ()
    kinds = list(dict.fromkeys(short_name(n.graph) for n in cells))
    count = f"{len(cells)} {kinds[0]} cells" if len(kinds) == 1 else f"{len(cells)} cells: {', '.join(kinds)}"
    if any(isinstance(n, Choice) for n in graph.nodes):
        return (count,)
    dead = len(dead_cells(graph))
    return (f"{count}; {depth(graph)} on the longest path, {dead or 'none'} dead",)
