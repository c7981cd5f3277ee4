"""From a network of normal and reduction cells to its DARTS genotype."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from attrs import Factory, define

from archir.diagnostics import fail
from archir.exchange.genotype import OPERATIONS, Cell, Genotype, Input, call_text
from archir.exchange.operations import Names, alone, cells_of, refuse
from archir.ir.graph import Call, Graph, Operation
from archir.ir.module import Module
from archir.ir.types import TensorType
from archir.ops.layout import Concat
from archir.ops.pointwise import Add


def genotype_of(module: Module) -> Genotype:
    """The genotype of a network of cells called `normal` and `reduce`.

    Raises:
        ArchirError: NAS402 if a cell is none that a genotype can say.
    """
    cells = cells_of(module)
    found: dict[str, Cell] = {}
    for name in ("normal", "reduce"):
        graphs = cells.get(name, [])
        if not graphs:
            refuse(module, f"has no cell `{name}`")
        readings = {_Reader(graph, Names(OPERATIONS, _darts_call, name)).read() for graph in graphs}
        if len(readings) != 1:
            refuse(module, f"has {len(readings)} different cells `{name}`")
        found[name] = readings.pop()
    return Genotype(found["normal"], found["reduce"])


def _darts_call(name: str, stride: int) -> str:
    return call_text(name, "x", stride)


@define
class _Reader:
    """Reads one cell: its states in order, each the inputs of a node; states 0 and 1 are the preprocessed inputs."""

    graph: Graph
    names: Names
    nodes: list[tuple[Input, ...]] = Factory(list)
    states: dict[str, int] = Factory(dict)
    terms: dict[str, Input] = Factory(dict)

    def read(self) -> Cell:
        """The cell; raises `ArchirError` NAS402 if it is none of DARTS."""
        types = self.graph.types()
        *inner, last = self.graph.nodes
        if len(self.graph.inputs) != 2 or not isinstance(last, Operation) or not isinstance(last.primitive, Concat):
            self._refuse("has not two inputs and a concatenation as its output")
        inputs = {v.name: i for i, v in enumerate(self.graph.inputs)}
        summed = {o for n in inner if isinstance(n, Operation) and isinstance(n.primitive, Add) for o in n.operands}
        for node in inner:
            if isinstance(node, Operation) and isinstance(node.primitive, Add):
                self._state(node.name, tuple(self._term(o) for o in node.operands))
            elif node.operands[0] in inputs and len(node.operands) == 1:
                self.states[node.name] = inputs[node.operands[0]]
            elif isinstance(node, Call | Operation) and len(node.operands) == 1 and node.operands[0] in self.states:
                self._operation(node, types, node.name in summed)
            else:
                self._refuse(f"computes `{node.name}`, which is no node of a genotype")
        output = self._output(last)  # which may add nodes
        return Cell(tuple(self.nodes), output)

    def _operation(self, node: Call | Operation, types: Mapping[str, TensorType], is_term: bool) -> None:
        place = self.states[node.operands[0]]
        stride = 2 if self.names.cell == "reduce" and place < 2 else 1
        term = (self.names.of(alone(node, types[node.operands[0]]), stride), place)
        if is_term:
            self.terms[node.name] = term
        else:
            self._state(node.name, (term,))

    def _term(self, operand: str) -> Input:
        if operand in self.terms:
            return self.terms[operand]
        if operand in self.states:
            return ("skip_connect", self.states[operand])
        self._refuse(f"adds `{operand}`, which is no operation of a genotype")

    def _state(self, name: str, inputs: tuple[Input, ...]) -> None:
        self.nodes.append(inputs)
        self.states[name] = len(self.nodes) + 1

    def _output(self, last: Operation) -> tuple[int, ...]:
        """The concatenated values; one that only passes another on (a skip alone) becomes a node of its own."""
        places: list[int] = []
        for operand in last.operands:
            if operand not in self.states:
                self._refuse(f"returns `{operand}`, which is no node of a genotype")
            place = self.states[operand]
            if place in places or place < 2:
                self.nodes.append((("skip_connect", place),))
                place = len(self.nodes) + 1
            places.append(place)
        return tuple(places)

    def _refuse(self, why: str) -> NoReturn:
        fail(
            "NAS402",
            f"the cell `{self.names.cell}` {why}",
            help="see the cells that `archir import --from darts` writes",
        )
