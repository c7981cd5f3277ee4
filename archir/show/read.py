"""From the graph of a cell, or of a stage of cells, to a drawing.

A box is a value that a reader of the paper would number: inputs, sums, choices,
calls with several operands. What has one operand becomes an arrow, or goes into
its box: preprocessing into the input, what follows the concatenation into the output.
"""

from __future__ import annotations

import re
from collections import Counter

from attrs import define, field

from archir.ir.graph import Call, Choice, Graph, Node, Operation, results
from archir.ir.module import Module
from archir.ir.primitive import Primitive
from archir.ops.layout import Concat
from archir.ops.pointwise import Add, Scale
from archir.show.drawing import Arrow, Box, Drawing, Family
from archir.show.families import family_of, label_of

OUTPUT = "(output)"
_INPUTS = ("c_{k-2}", "c_{k-1}")
_CANDIDATE = re.compile(r"(?P<node>.+)\.\d+\.[A-Za-z_]\w*")
_RANK: tuple[Family, ...] = ("dilated", "separable", "conv", "pool", "other", "none", "skip")


def drawings_of(module: Module) -> tuple[Drawing, ...]:
    """The different cells and stages of a module, in order of computation.

    Instances that differ in channels only look alike and are drawn once.
    """
    found: dict[Drawing, None] = {}
    seen: set[int] = set()

    def visit(graph: Graph) -> None:
        if id(graph) in seen:
            return
        seen.add(id(graph))
        if graph.kind in ("cell", "stage"):
            found.setdefault(drawing_of(graph))
        for node in graph.nodes:
            if isinstance(node, Call) and node.graph.kind != "block":
                visit(node.graph)

    visit(module.graph)
    return tuple(found)


def drawing_of(graph: Graph) -> Drawing:
    """The drawing of a cell or stage of any form: space, relaxed or network.

    An operation that was chosen is an arrow with its name, an open choice an arrow
    with the number of candidates.
    """
    reader = _Reader(graph)
    title = graph.name.rsplit(".", 1)[-1]
    return Drawing(title, tuple(reader.boxes), tuple(reader.arrows))


@define
class _Reader:
    graph: Graph
    boxes: list[Box] = field(factory=list)
    arrows: list[Arrow] = field(factory=list)
    _nodes: dict[str, Node] = field(init=False)
    _users: Counter[str] = field(init=False)
    _box: dict[str, str] = field(factory=dict)
    _numbered: int = 0

    def __attrs_post_init__(self) -> None:
        graph = self.graph
        self._nodes = {node.name: node for node in graph.nodes}
        self._users = Counter(operand for node in graph.nodes for operand in node.operands)
        self._users[graph.output] += 1
        on_arrows = {n.name for end in graph.nodes for term in _terms(end) for n in self._chain(end, term)}
        ending = self._ending(on_arrows)
        inside = self._inputs(on_arrows | {n.name for n in ending})
        for node in graph.nodes:
            if node.name not in on_arrows | inside and node not in ending:
                self._add_box(node)
        self._finish(ending)

    def _chain(self, end: Node, term: str) -> list[Operation | Call]:
        """The nodes on the way to an operand that belong to `end` (a sum, a cell) by name, the last one first."""
        prefix = end.name.rpartition(".")[0]
        chain: list[Operation | Call] = []
        node = self._single(term)
        while node and prefix and node.name.startswith(f"{prefix}.") and self._users[node.name] == 1:
            chain.append(node)
            node = self._single(node.operands[0])
        return chain

    def _single(self, name: str) -> Operation | Call | None:
        """The node of a value, if it is one with a single operand and no sum."""
        node = self._nodes.get(name)
        return None if node is None or isinstance(node, Choice) or _terms(node) else node

    def _ending(self, on_arrows: set[str]) -> list[Node]:
        """What is drawn as the output: the concatenation and what follows it, the last one first."""
        found: list[Node] = []
        node = self._single(self.graph.output)
        while node and node.name not in on_arrows and not _CANDIDATE.fullmatch(node.name):
            if self._users[node.name] > 1:
                return []
            found.append(node)
            node = self._single(node.operands[0])
        source = found[-1].operands[0] if found else self.graph.output
        last = self._nodes.get(source)
        if last is not None and _is(last, Concat) and self._users[source] == 1:
            return [*found, last]
        return []

    def _inputs(self, elsewhere: set[str]) -> set[str]:
        """Adds the boxes of the inputs; returns the names of what prepares them, which is not drawn."""
        inside: set[str] = set()
        known = self.graph.kind == "cell" and len(self.graph.inputs) == len(_INPUTS)
        for i, value in enumerate(self.graph.inputs):
            self.boxes.append(Box(value.name, _INPUTS[i] if known else value.name, "input"))
            name: str | None = value.name
            while name is not None:
                self._box[name] = value.name
                name = self._preparation(name, elsewhere)
                inside |= {name} if name else set()
        return inside

    def _preparation(self, name: str, elsewhere: set[str]) -> str | None:
        """The only user of a value, if that has one operand and is no operation that was chosen."""
        if self._users[name] != 1 or name == self.graph.output:
            return None
        (user,) = (n for n in self.graph.nodes if name in n.operands)
        kept = user.name in elsewhere or _CANDIDATE.fullmatch(user.name)
        return None if kept or self._single(user.name) is None else user.name

    def _add_box(self, node: Node) -> None:
        base = _CANDIDATE.fullmatch(node.name) if len(node.operands) == 1 else None
        name = base["node"] if base and base["node"] not in self._box.values() else node.name
        self._box |= dict.fromkeys(results(node), name)
        self.boxes.append(Box(name, self._label(node, name), "node"))
        if isinstance(node, Choice):
            for edge in node.edges:
                count = len(edge.candidates)
                label = f"{count} ops" if count > 1 else edge.candidates[0].name
                label = f"{node.slots} adjacent" if node.windows else label
                self.arrows += [Arrow(self._box[source], name, label, "choice") for source in edge.sources]
        elif terms := _terms(node):
            for term in terms:
                self._add_term(node, term, name)
        else:
            family, label = _told(node)
            self.arrows.append(Arrow(self._box[node.operands[0]], name, label, family))

    def _add_term(self, node: Operation | Call, term: str, name: str) -> None:
        chain = self._chain(node, term)
        if not chain:
            kept: tuple[str, Family] = ("skip", "skip") if _is(node, Add) else ("", "plain")
            self.arrows.append(Arrow(self._box[term], name, *kept))
            return
        # A coefficient is no operation: what it belongs to gives the name.
        told = [_told(n) for n in chain if not _is(n, Scale)]
        if not told:
            told = [("skip", chain[0].name.rpartition(".")[2].removesuffix("_scale"))]
        family, label = min(told, key=lambda t: _RANK.index(t[0]))
        self.arrows.append(Arrow(self._box[chain[-1].operands[0]], name, label, family))

    def _label(self, node: Node, name: str) -> str:
        if self.graph.kind != "cell":
            return name.rpartition(".")[0] if any(self._chain(node, t) for t in _terms(node)) else name
        if isinstance(node, Operation) and len(node.operands) > 1 and not _is(node, Add):
            return node.primitive.name
        self._numbered += 1
        return str(self._numbered - 1)

    def _finish(self, ending: list[Node]) -> None:
        self.boxes.append(Box(OUTPUT, "c_{k}" if self.graph.kind == "cell" else "output", "output"))
        for operand in ending[-1].operands if ending else (self.graph.output,):
            self.arrows.append(Arrow(self._box[operand], OUTPUT, "", "plain"))


def _told(node: Operation | Call) -> tuple[Family, str]:
    label = label_of(node, node.name.rpartition(".")[2])
    return family_of(node, label), label


def _terms(node: Node) -> tuple[str, ...]:
    """The operands of a sum, and of what else has several."""
    return () if isinstance(node, Choice) or (len(node.operands) == 1 and not _is(node, Add)) else node.operands


def _is(node: Node, primitive: type[Primitive]) -> bool:
    return isinstance(node, Operation) and isinstance(node.primitive, primitive)
