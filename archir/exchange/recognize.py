"""From a network to the names that other projects give its operations.

An operation is recognized by what it computes: the block library's own blocks are
built at the same type, and compared primitive by primitive.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from attrs import Factory, define

from archir.diagnostics import fail
from archir.exchange import genotype as darts
from archir.exchange import nasbench201
from archir.exchange.genotype import Cell, Genotype, Input
from archir.ir.graph import Call, Graph, Operation, Value
from archir.ir.module import Module
from archir.ir.types import TensorType
from archir.lowering.flatten import flatten
from archir.ops.layout import Concat, Zero
from archir.ops.pointwise import Add
from archir.sema.load import load_source
from archir.source import Source

Key: TypeAlias = tuple[Any, ...]


def genotype_of(module: Module) -> Genotype:
    """The genotype of a network of cells called `normal` and `reduce`.

    Raises:
        ArchirError: NAS402 if a cell is none that a genotype can say.
    """
    cells = _cells(module)
    found: dict[str, Cell] = {}
    for name in ("normal", "reduce"):
        graphs = cells.get(name, [])
        if not graphs:
            _refuse(module, f"has no cell `{name}`")
        readings = {_DartsCell(graph, _Names(darts.OPERATIONS, _darts_call, name)).read() for graph in graphs}
        if len(readings) != 1:
            _refuse(module, f"has {len(readings)} different cells `{name}`")
        found[name] = readings.pop()
    return Genotype(found["normal"], found["reduce"])


def architecture_of(module: Module) -> nasbench201.Edges:
    """The architecture of a network of NAS-Bench-201 cells called `normal`.

    Several compute the same; it is the one whose nodes are most often the values `x[1]`, `x[2]` and `x[3]`.

    Raises:
        ArchirError: NAS402 if its cell is none of the benchmark.
    """
    graphs = _cells(module).get("normal", [])
    if not graphs or any(len(g.inputs) != 1 for g in graphs):
        _refuse(module, "has no cell `normal` of one input")
    names = _Names(nasbench201.OPERATIONS, _nasbench201_call, "normal")
    readings = [_read_expressions(graph, names) for graph in graphs]
    wanted, named = readings[0]
    if any(reading != wanted for reading, _ in readings):
        _refuse(module, "has different cells `normal`")
    best: tuple[int, nasbench201.Edges] | None = None
    for edges in nasbench201.all_architectures():
        values = _expressions(edges)
        if values[-1] == wanted:
            agreeing = sum(named.get(f"x.{i}") == value for i, value in enumerate(values))
            best = (agreeing, edges) if best is None or agreeing > best[0] else best
    if best is None:
        _refuse(module, "is no network of NAS-Bench-201")
    return best[1]


def _refuse(module: Module, why: str) -> NoReturn:
    help_ = "a genotype holds one normal and one reduction cell of operations that archir.exchange knows"
    fail("NAS402", f"`{module.name}` {why}", help=help_)


def _cells(module: Module) -> dict[str, list[Graph]]:
    """The different graphs of the net's cells, by the last word of their name (`own_normal` is a `normal`)."""
    found: dict[str, list[Graph]] = {}
    for node in _calls(module.graph):
        if node.graph.kind == "cell":
            graphs = found.setdefault(re.split(r"[._]", node.graph.name)[-1], [])
            if not any(node.graph is g for g in graphs):
                graphs.append(node.graph)
    return found


def _calls(graph: Graph) -> Iterator[Call]:
    for node in graph.nodes:
        if isinstance(node, Call):
            yield node
            if node.graph.kind in ("net", "stage"):
                yield from _calls(node.graph)


def _darts_call(name: str, stride: int) -> str:
    return darts.call_text(name, "x", stride)


def _nasbench201_call(name: str, _stride: int) -> str:
    return nasbench201.OPERATIONS[name].format(x="x") or "none(x)"


@define
class _Names:
    """The names of operations by what they compute, at each type that was asked for."""

    operations: Mapping[str, str]
    call: Callable[[str, int], str]
    cell: str
    _known: dict[tuple[TensorType, int], dict[Key, str]] = Factory(dict)

    def of(self, graph: Graph, stride: int) -> str:
        """What a graph of one input is called; raises `ArchirError` NAS402 for an unknown one."""
        (x,) = graph.inputs
        at = (x.type, stride)
        if at not in self._known:
            self._known[at] = {key: name for name, key in self._keys(*at)}
        name = self._known[at].get(_key(graph))
        if name is None:
            what = f"`{graph.name.rpartition('.')[2]}` in the cell `{self.cell}`"
            fail("NAS402", f"{what} is no operation of that format", help=f"known are {', '.join(self.operations)}")
        return name

    def _keys(self, x: TensorType, stride: int) -> Iterator[tuple[str, Key]]:
        """What each operation computes at a type, all built in one text."""
        size = ", ".join(map(str, x.shape))
        lines = [f"  y[{i}] = {self.call(name, stride)}\n" for i, name in enumerate(self.operations)]
        body = f"{''.join(lines)}  return concat(y[0..{len(lines)}])\n"
        text = f"use ops\nnet probe(x: tensor[{size}]) {{\n{body}}}\n"
        nodes = {node.name: node for node in load_source(Source("<probe>", text), Path.cwd()).graph.nodes}
        for i, name in enumerate(self.operations):
            node = nodes.get(f"y.{i}")
            # An operation that returns its operand leaves no node behind.
            yield name, ((), 0) if not isinstance(node, Call | Operation) else _key(_alone(node, x))


def _key(graph: Graph) -> Key:
    flat = flatten(Module("probe", "network", graph))
    places = {v.name: i for i, v in enumerate(graph.inputs)} | {
        s.path: i for i, s in enumerate(flat.steps, start=len(graph.inputs))
    }
    return (tuple((s.primitive, tuple(places[o] for o in s.operands)) for s in flat.steps), places[flat.output])


def _alone(node: Call | Operation, x: TensorType) -> Graph:
    """A node of one operand as a graph."""
    if isinstance(node, Call):
        return node.graph
    return Graph(
        node.primitive.name,
        "block",
        (Value("x", x),),
        (Operation("y", node.primitive, ("x",), node.type),),
        "y",
        node.type,
    )


@define
class _DartsCell:
    """Reads one cell: its states in order, each the inputs of a node; states 0 and 1 are the preprocessed inputs."""

    graph: Graph
    names: _Names
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
        term = (self.names.of(_alone(node, types[node.operands[0]]), stride), place)
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


def _expressions(edges: nasbench201.Edges) -> list[Key]:
    """What the nodes of an architecture compute: nested sums of operations on values."""
    values: list[Key] = [("input",)]
    for node in edges:
        terms = tuple(_applied(name, values[j]) for j, name in enumerate(node) if name != "none")
        values.append(terms[0] if len(terms) == 1 else ("add", *terms) if terms else ("zero",))
    return values


def _applied(name: str, value: Key) -> Key:
    return value if name == "skip_connect" else (name, value)


def _read_expressions(graph: Graph, names: _Names) -> tuple[Key, dict[str, Key]]:
    """What a cell computes, and its values by the first two parts of their names (`x.1.add` is x[1])."""
    types = graph.types()
    values: dict[str, Key] = {v.name: ("input",) for v in graph.inputs}
    for node in graph.nodes:
        operands = tuple(values[o] for o in node.operands)
        if isinstance(node, Operation) and isinstance(node.primitive, Add):
            values[node.name] = ("add", *operands)
        elif isinstance(node, Operation) and isinstance(node.primitive, Zero):
            values[node.name] = ("zero",)
        else:
            assert isinstance(node, Call | Operation), "a network has no choices"
            name = names.of(_alone(node, types[node.operands[0]]), 1)
            values[node.name] = ("zero",) if name == "none" else _applied(name, operands[0])
    return values[graph.output], {".".join(name.split(".")[:2]): value for name, value in values.items()}
