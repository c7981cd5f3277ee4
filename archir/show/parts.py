"""Which nodes of a cell or a stage have a box, and which belong to an arrow, an input or the output."""

from __future__ import annotations

import re
from collections import Counter

from attrs import Factory, define, field

from archir.ir.graph import Call, Choice, Graph, Node, Operation, results
from archir.ir.primitive import Primitive
from archir.ops.layout import Concat
from archir.ops.pointwise import Add
from archir.show.families import short_name

CANDIDATE = re.compile(r"(?P<node>.+)\.\d+\.[A-Za-z_]\w*")
"""The name of an operation that was chosen: below its node, edge by edge."""


@define
class Parts:
    """The nodes of a graph by their part in its picture.

    on_arrows: what leads to a sum or a cell and belongs to it. ending: the concatenation and what follows it, the
    last one first; empty where the output is a value like any other. filling: choices that only fill the inputs of
    one other node, by the name of each value; of a choice of windows that node is the concatenation.
    """

    graph: Graph
    nodes: dict[str, Node] = field(init=False)
    users: Counter[str] = field(init=False)
    on_arrows: set[str] = Factory(set)
    ending: list[Node] = Factory(list)
    filling: dict[str, Choice] = Factory(dict)

    def __attrs_post_init__(self) -> None:
        graph = self.graph
        self.nodes = {node.name: node for node in graph.nodes}
        self.users = Counter(operand for node in graph.nodes for operand in node.operands)
        self.users[graph.output] += 1
        self.on_arrows = {n.name for end in graph.nodes for term in terms_of(end) for n in self.chain(end, term)}
        self.ending = self._ending()
        self.filling = self._filling()

    def chain(self, end: Node, term: str) -> list[Operation | Call]:
        """The nodes on the way to an operand that belong to `end` (a sum, a cell) by name, the last one first."""
        chain: list[Operation | Call] = []
        node = self.single(term)
        while node and _belongs(node, end) and self.users[node.name] == 1:
            chain.append(node)
            node = self.single(node.operands[0])
        return chain

    def single(self, name: str) -> Operation | Call | None:
        """The node of a value, if it is one with a single operand and no sum."""
        node = self.nodes.get(name)
        return None if node is None or isinstance(node, Choice) or terms_of(node) else node

    def preparation(self, name: str) -> str | None:
        """The only user of a value, if that has one operand and is no operation that was chosen."""
        if self.users[name] != 1 or name == self.graph.output:
            return None
        (user,) = (n for n in self.graph.nodes if name in n.operands)
        kept = user.name in self.on_arrows or user in self.ending or CANDIDATE.fullmatch(user.name)
        return None if kept or self.single(user.name) is None else user.name

    def _ending(self) -> list[Node]:
        found: list[Node] = []
        node = self.single(self.graph.output)
        while node and node.name not in self.on_arrows and not CANDIDATE.fullmatch(node.name):
            if self.users[node.name] > 1:
                return []
            found.append(node)
            node = self.single(node.operands[0])
        source = found[-1].operands[0] if found else self.graph.output
        last = self.nodes.get(source)
        if last is not None and is_a(last, Concat) and self.users[source] == 1:
            return [*found, last]
        return []

    def _filling(self) -> dict[str, Choice]:
        found: dict[str, Choice] = {}
        for choice in self.graph.nodes:
            if not isinstance(choice, Choice) or choice.slots == 1:
                continue
            users = [n for n in self.graph.nodes if {*results(choice)} & {*n.operands}]
            used = self.graph.output not in results(choice) and len(users) == 1
            if used and (users[0] in self.ending if choice.windows else isinstance(users[0], Call)):
                found |= dict.fromkeys(results(choice), choice)
        return found


def statement_of(name: str) -> str:
    """The name of the statement that made a node: `x.2` of `x.2.add`, and of `x.2` where that is all it made."""
    before, _, last = name.rpartition(".")
    return name if last.isdigit() else before


def _belongs(node: Operation | Call, end: Node) -> bool:
    """Whether the statement that made `end` made the node, too."""
    statement = statement_of(end.name)
    if statement:
        return statement != end.name and node.name.startswith(f"{statement}.")
    # What `return` makes is named after what it calls, and so is the concatenation that is drawn as the output.
    return _unnamed(node) and _unnamed(end) and not is_a(end, Concat)


def _unnamed(node: Node) -> bool:
    if isinstance(node, Choice):
        return False
    own = node.primitive.name if isinstance(node, Operation) else short_name(node.graph)
    return re.fullmatch(rf"{re.escape(own)}(_\d+)?", node.name) is not None


def terms_of(node: Node) -> tuple[str, ...]:
    """The operands of a sum, and of what else has several."""
    return () if isinstance(node, Choice) or (len(node.operands) == 1 and not is_a(node, Add)) else node.operands


def is_a(node: Node, primitive: type[Primitive]) -> bool:
    """Whether a node is an operation of this kind."""
    return isinstance(node, Operation) and isinstance(node.primitive, primitive)
