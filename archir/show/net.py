"""From the graph of a net to a drawing: its layers, cells and stages, equal ones in a row drawn once."""

from __future__ import annotations

from itertools import pairwise

from attrs import Factory, define, evolve, field

from archir.ir.graph import Call, Choice, Graph, Node, Operation, results
from archir.ir.origin import NamedDefinition
from archir.ir.types import TensorType
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Dropout, Relu, Relu6, Scale, Sigmoid, Swish
from archir.show.candidates import Open, Strengths, grouped, indexed
from archir.show.drawing import Arrow, Box, Drawing
from archir.show.families import family_of, label_of, short_name
from archir.show.parts import CANDIDATE

_SMALL = (BatchNorm, Relu, Relu6, Sigmoid, Swish, Dropout, Scale)
"""What is not drawn by itself, but belongs to the layer before it."""


def overview_of(graph: Graph, title: str, strengths: Strengths | None = None) -> Drawing:
    """The drawing of a net: layers from its input to its output.

    A net without cells in which every layer reads the one before it is drawn in rows, a row for each type; others
    as a column.
    """
    graph = _innermost(graph)
    reader = _Reader(graph, Open.of(graph, graph.name, strengths or {}))
    boxes, arrows = tuple(reader.boxes), grouped(reader.arrows)
    units = any(isinstance(n, Call) and n.graph.kind != "block" for n in graph.nodes)
    names = [box.name for box in boxes]
    chain = [(a.source, a.target) for a in arrows] == list(pairwise(names))
    return Drawing(title, boxes, arrows, reader.open.notes(), "rows" if chain and not units else "column")


def _innermost(graph: Graph) -> Graph:
    """The net that a net only calls."""
    while len(graph.nodes) == 1 and isinstance(node := graph.nodes[0], Call) and node.graph.kind == "net":
        graph = node.graph
    return graph


@define
class _Run:
    """Equal units, one after the other."""

    box: str
    node: Node
    reads: set[str]
    count: int = 1


@define
class _Reader:
    graph: Graph
    open: Open
    boxes: list[Box] = Factory(list)
    arrows: list[Arrow] = Factory(list)
    _box: dict[str, str] = field(factory=dict)
    _last: _Run | None = None
    _users: dict[str, int] = field(init=False)
    _varying: dict[str, set[str]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        operands = [operand for node in self.graph.nodes for operand in node.operands]
        self._users = {name: operands.count(name) for name in {*operands}}
        self._varying = _varying(self.graph)
        for value in self.graph.inputs:
            self._box[value.name] = value.name
            self.boxes.append(Box(value.name, value.name, "input", written(value.type)))
        for node in self.graph.nodes:
            if not self._joined(node):
                self._add(node)
        last = self._box[self.graph.output]
        self.boxes = [evolve(b, role="output") if b.name == last else b for b in self.boxes]

    def _joined(self, node: Node) -> bool:
        """Whether the node went into the last box: what is too small to be drawn, and one more of the same kind."""
        last = self._last
        if last is None or isinstance(node, Choice):
            return False
        reads = {self._box[operand] for operand in node.operands}
        if isinstance(node, Operation):
            joins = isinstance(node.primitive, _SMALL) and reads == {last.box} and self._users[node.operands[0]] == 1
        else:
            joins = node.graph.kind != "block" and self._like(node, last) and reads <= {last.box, *last.reads}
        if joins:
            self._box[node.name] = last.box
            last.count += isinstance(node, Call)
            label = self._label(last.node) + (f" \u00d7{last.count}" if last.count > 1 else "")
            self.boxes[-1] = evolve(self.boxes[-1], label=label, detail=written(node.type))
        return joins

    def _like(self, node: Call, last: _Run) -> bool:
        known = last.node
        return isinstance(known, Call) and self._label(known) == self._label(node) and known.type == node.type

    def _add(self, node: Node) -> None:
        reads = list(dict.fromkeys(self._box[operand] for operand in node.operands))
        name = node.name
        if isinstance(node, Choice) and (len(node.edges) > 1 or len(node.edges[0].sources) > 1):
            self.boxes.append(Box(name, indexed(name.removesuffix(".choose")), "node", written(node.type)))
            self.arrows += self.open.arrows(node, self._box, name)
        else:
            if isinstance(node, Choice):
                mark = self.open.mark(node)
                box = Box(name, mark.text, "node", written(node.type), mark.family)
            else:
                label = self._label(node)
                block = isinstance(node, Operation) or node.graph.kind == "block"
                box = Box(name, label, "node", written(node.type), family_of(node, label) if block else None)
            self.boxes.append(box)
            self.arrows += [Arrow(source, name) for source in reads]
        self._box |= dict.fromkeys(results(node), name)
        self._last = _Run(name, node, {*reads})

    def _label(self, node: Node) -> str:
        if isinstance(node, Choice):
            return node.name
        if isinstance(node, Operation):
            return label_of(node, node.primitive.name)
        own = short_name(node.graph) if node.tag is None else f"{short_name(node.graph)}@{node.tag}"
        known = dict(node.graph.arguments)
        varying = self._varying.get(node.graph.name, set())
        if told := [_argument(name, known[name]) for name in known if name in varying]:
            return " ".join([own if "k" in varying else label_of(node, own), *filter(None, told)])
        if node.graph.kind != "block":
            return own
        chosen = not known and CANDIDATE.fullmatch(node.name)
        return label_of(node, node.name.rpartition(".")[2] if chosen else own)


def _varying(graph: Graph) -> dict[str, set[str]]:
    """By definition: the arguments that differ between its calls and that no type tells."""
    calls = [n for n in graph.nodes if isinstance(n, Call) and n.graph.kind == "block"]
    types = graph.types()
    found: dict[str, set[str]] = {}
    for name in {call.graph.name for call in calls}:
        alike = [call for call in calls if call.graph.name == name]
        tables = [dict(call.graph.arguments) for call in alike]
        told = [_told_by_types(types[c.operands[0]], c.type) for c in alike]
        found[name] = {
            key
            for key in tables[0]
            if len({str(table.get(key)) for table in tables}) > 1
            and not any(all(t.get(key) == told[i][kind] for i, t in enumerate(tables)) for kind in range(2))
        }
    return found


def _told_by_types(before: TensorType, after: TensorType) -> tuple[int, int | None]:
    """The channels and the stride of a layer."""
    return after.channels, before.height // after.height if before.is_map and after.is_map else None


def _argument(name: str, value: object) -> str:
    """`k3`, `groups=2`; nothing for what is off, and for what is no quantity."""
    if isinstance(value, NamedDefinition | bool) or not value:
        return ""
    return f"{name}{value}" if len(name) < 3 else f"{name}={value}"


def written(type_: TensorType) -> str:
    """A type as it stands in a picture: `16 x 32 x 32`."""
    return " \u00d7 ".join(map(str, type_.shape))
