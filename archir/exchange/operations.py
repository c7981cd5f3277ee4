"""Cells and operations of a network, by the names that other projects give them.

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
from archir.ir.graph import Call, Graph, Operation, Value
from archir.ir.module import Module
from archir.ir.types import TensorType
from archir.lowering.flatten import flatten
from archir.sema.load import load_source
from archir.source import Source

Key: TypeAlias = tuple[Any, ...]
"""What a graph or a value computes; equal keys compute the same."""


def refuse(module: Module, why: str) -> NoReturn:
    """Raises `ArchirError` NAS402: the module is none that a format can say."""
    help_ = "a genotype holds one normal and one reduction cell of operations that archir.exchange knows"
    fail("NAS402", f"`{module.name}` {why}", help=help_)


def cells_of(module: Module) -> dict[str, list[Graph]]:
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


@define
class Names:
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
            yield name, ((), 0) if not isinstance(node, Call | Operation) else _key(alone(node, x))


def _key(graph: Graph) -> Key:
    flat = flatten(Module("probe", "network", graph))
    places = {v.name: i for i, v in enumerate(graph.inputs)} | {
        s.path: i for i, s in enumerate(flat.steps, start=len(graph.inputs))
    }
    return (tuple((s.primitive, tuple(places[o] for o in s.operands)) for s in flat.steps), places[flat.output])


def alone(node: Call | Operation, x: TensorType) -> Graph:
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
