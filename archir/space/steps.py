"""A network as a list of steps: what stands in it, read in order of computation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from attrs import evolve

from archir.diagnostics import fail
from archir.ir.graph import Call, Choice, Graph
from archir.ir.module import join
from archir.ir.point import Kept
from archir.ir.primitive import Primitive
from archir.ops.norm import BatchNorm

Known: TypeAlias = Mapping[str, tuple[Kept, ...]]
"""What is kept of choices, as far as it is known."""


class Step(NamedTuple):
    """An operation of the network; operands are places of steps, or the net's inputs as -1, -2, ..."""

    path: str
    primitive: Primitive
    operands: tuple[int, ...]


class Reached(NamedTuple):
    """The place of the next step to match, the values just computed, and what is known of choices."""

    at: int
    values: tuple[int, ...]
    known: Known


def steps_of(graph: Graph) -> tuple[list[Step], int]:
    """The steps of a network, and the place of its output; raises `ArchirError` NAS404 at a choice."""
    steps: list[Step] = []
    return steps, _inline(graph, "", tuple(-1 - i for i in range(len(graph.inputs))), steps)


def _inline(graph: Graph, path: str, arguments: tuple[int, ...], steps: list[Step]) -> int:
    values = {v.name: a for v, a in zip(graph.inputs, arguments, strict=True)}
    for node in graph.nodes:
        operands = tuple(values[o] for o in node.operands)
        here = join(path, node.name)
        if isinstance(node, Choice):
            fail("NAS404", f"`{here}` is still to be chosen", help="give a network, not a space")
        if isinstance(node, Call):
            values[node.name] = _inline(node.graph, here, operands, steps)
        else:
            values[node.name] = len(steps)
            steps.append(Step(here, settled(node.primitive), operands))
    return values[graph.output]


def settled(primitive: Primitive) -> Primitive:
    """As it is in the network that comes of a search."""
    return evolve(primitive, deferred=False) if isinstance(primitive, BatchNorm) else primitive
