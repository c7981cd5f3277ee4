"""The blocks of a space: what can be timed by itself so that the latency of a network is a sum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from attrs import evolve, frozen

from archir.diagnostics import fail
from archir.ir.behind import behind
from archir.ir.graph import Call, Choice, Graph, Operation, Value
from archir.ir.module import Module, chooses, join, owner_of
from archir.ir.types import TensorType


@frozen
class Place:
    """Where a block stands: a candidate (`operation`) on an edge of a choice, or outside of choices (`choice` empty).

    `input` is the shape that it gets there, for example `24x56x56`.
    """

    choice: str
    edge: int
    operation: str
    input: str


@frozen
class Block:
    """A block at its place, and how often a network runs it there."""

    place: Place
    graph: Graph
    count: int = 1


def blocks_of(module: Module) -> tuple[Block, ...]:
    """Each candidate of each choice at each of its input shapes, and what all networks run, in order of computation.

    Raises:
        ArchirError: NAS402 where a choice is nested in a candidate or stands behind a choice of windows, and for a
            block of several inputs.
    """
    found: dict[Place, Block] = {}
    for block in _blocks(module.graph, None):
        known = found.get(block.place)
        found[block.place] = block if known is None else evolve(known, count=known.count + 1)
    return tuple(found.values())


def _blocks(graph: Graph, tag: str | None) -> Iterator[Block]:
    owner, types = owner_of(graph, tag), graph.types()
    if behind(graph):
        _refuse(owner, "leaves out cells that a network does not need")
    for node in graph.nodes:
        here = join(owner, node.name)
        if isinstance(node, Choice):
            for e, edge in enumerate(node.edges):
                for _, c in edge.alternatives:
                    if chooses(c.graph):
                        _refuse(here, f"has a choice in its candidate `{c.name}`")
                    yield Block(Place(here, e, c.name, _shape(c.graph, here)), c.graph)
        elif isinstance(node, Call) and chooses(node.graph):
            yield from _blocks(node.graph, node.tag)
        else:
            block = node.graph if isinstance(node, Call) else _alone(node, types)
            yield Block(Place("", 0, here, _shape(block, here)), block)


def _alone(node: Operation, types: dict[str, TensorType]) -> Graph:
    """A graph of one operation."""
    inputs = tuple(Value(f"x{i}", types[operand]) for i, operand in enumerate(node.operands))
    inside = evolve(node, name=node.primitive.name, operands=tuple(v.name for v in inputs))
    return Graph(node.primitive.name, "block", inputs, (inside,), inside.name, node.type)


def _shape(graph: Graph, where: str) -> str:
    if len(graph.inputs) != 1:
        _refuse(where, "takes several values")
    return "x".join(map(str, graph.inputs[0].type.shape))


def _refuse(where: str, why: str) -> NoReturn:
    help_ = "latency is measured of chains, and of cells whose parts take one value each"
    fail("NAS402", f"`{where}` {why}, so its latency is no sum over blocks", help=help_)
