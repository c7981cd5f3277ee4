"""Builds one graph: numbers its values first, names them statement by statement.

Names come from the text: `x[4] = choose ...` makes a node `x.4`; a statement that
makes several nodes puts them below its target, each under the name of what was
called (`s1.conv`, `s1.batch_norm`); `return` puts them at the top.
"""

from __future__ import annotations

from itertools import islice
from typing import TypeAlias

from attrs import Factory, define, evolve

from archir.ir.graph import Call, Choice, Edge, Graph, Kind, Node, Operation, Value, results
from archir.ir.types import TensorType
from archir.sema.values import Tensor

_Pending: TypeAlias = tuple[Node, tuple[int, ...]]
RESERVED = frozenset({"arch"})
"""Architecture parameters live below this name, so no value of a net may have it."""


@define
class GraphBuilder:
    """Collects nodes whose operands are numbers, and gives them names."""

    inputs: list[Value] = Factory(list)
    _nodes: list[_Pending] = Factory(list)
    _labels: list[str] = Factory(list)
    _names: list[str] = Factory(list)
    _values: list[tuple[int, int]] = Factory(list)
    """Behind the inputs, each value: its node's place, and which of the node's results it is."""
    _unnamed: int = 0
    _bases: set[str] = Factory(set)
    _prefixes: set[str] = Factory(set)

    def add_input(self, name: str, type_: TensorType) -> Tensor:
        """A new input of the graph. All inputs come before the first node."""
        self.inputs.append(Value(name, type_))
        return Tensor(len(self.inputs) - 1, type_)

    def add(self, node: Node, operands: tuple[Tensor, ...], label: str) -> Tensor:
        """A new node with one result; its name and its operands' names are filled in later."""
        (value,) = self.add_all(node, operands, label)
        return value

    def add_all(self, node: Node, operands: tuple[Tensor, ...], label: str) -> tuple[Tensor, ...]:
        """A new node, and all of its results."""
        self._nodes.append((node, tuple(o.id for o in operands)))
        self._labels.append(label)
        self._names.append("")
        first = len(self.inputs) + len(self._values)
        count = len(results(node))
        self._values += [(len(self._nodes) - 1, slot) for slot in range(count)]
        return tuple(Tensor(first + slot, node.type) for slot in range(count))

    def name_statement(self, base: str) -> None:
        """Names the nodes made since the last call; `base` is empty for `return`."""
        fresh = range(self._unnamed, len(self._names))
        self._unnamed = len(self._names)
        if not fresh:
            return
        labels = [self._labels[i] for i in fresh]
        if base and len(labels) == 1:
            self._names[fresh[0]] = self._allocate(base)
            return
        prefix = f"{self._allocate(base)}." if base else ""
        used: dict[str, int] = {}
        for i, label in zip(fresh, labels, strict=True):
            count = used[label] = used.get(label, -1) + 1
            name = label if count == 0 else f"{label}_{count}"
            self._names[i] = prefix + name if base else self._allocate(name)

    def _allocate(self, base: str) -> str:
        head, dot, tail = base.partition(".")
        name, count = base, 0
        while self._taken(name):
            count += 1
            name = f"{head}_{count}{dot}{tail}"
        parts = name.split(".")
        self._prefixes.update(".".join(parts[:i]) for i in range(1, len(parts)))
        self._bases.add(name)
        return name

    def _taken(self, name: str) -> bool:
        parts = name.split(".")
        above = (".".join(parts[:i]) for i in range(1, len(parts) + 1))
        is_input = any(v.name == name for v in self.inputs)
        return is_input or parts[0] in RESERVED or name in self._prefixes or any(p in self._bases for p in above)

    def finish(self, name: str, kind: Kind, output: Tensor) -> Graph:
        """The graph, with all names in place."""
        nodes = tuple(self._placed(i, node, operands) for i, (node, operands) in enumerate(self._nodes))
        return Graph(name, kind, tuple(self.inputs), nodes, self.name_of(output), output.type)

    def name_of(self, value: Tensor) -> str:
        """A value's name; all its statement's nodes must have theirs."""
        return self._value_name(value.id)

    def _value_name(self, value: int) -> str:
        if value < len(self.inputs):
            return self.inputs[value].name
        place, slot = self._values[value - len(self.inputs)]
        return results(self._nodes[place][0], self._names[place])[slot]

    def _placed(self, i: int, node: Node, operands: tuple[int, ...]) -> Node:
        name = self._names[i]
        sources = tuple(map(self._value_name, operands))
        if isinstance(node, Choice):
            rest = iter(sources)
            edges = tuple(Edge(tuple(islice(rest, len(e.sources))), e.candidates) for e in node.edges)
            return evolve(node, name=name, edges=edges)
        return evolve(node, name=name, operands=sources)


def without_unused_inputs(graph: Graph) -> tuple[Graph, tuple[int, ...]]:
    """The graph without inputs that nothing reads (the first stays), and which are kept."""
    used = {o for node in graph.nodes for o in node.operands} | {graph.output}
    kept = tuple(i for i, v in enumerate(graph.inputs) if i == 0 or v.name in used)
    if len(kept) == len(graph.inputs):
        return graph, kept
    return evolve(graph, inputs=tuple(graph.inputs[i] for i in kept)), kept


def forwarded(graph: Graph) -> tuple[Graph, tuple[int, ...]] | None:
    """If a graph does no more than call another: that one, and which inputs it reads.

    So a block that only chooses between others leaves no trace in paths.
    """
    if len(graph.nodes) != 1:
        return None
    (node,) = graph.nodes
    if not isinstance(node, Call) or node.tag is not None or graph.output != node.name:
        return None
    place = {v.name: i for i, v in enumerate(graph.inputs)}
    return node.graph, tuple(place[o] for o in node.operands)


__all__ = ["GraphBuilder", "Operation", "forwarded", "without_unused_inputs"]
