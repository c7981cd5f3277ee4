"""A network as a list of steps: what stands in it, read in order of computation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from attrs import evolve

from archir.diagnostics import fail
from archir.ir.graph import Graph, Operation
from archir.ir.inlined import inlined
from archir.ir.module import choice_instances
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
    for instance in choice_instances(graph):
        fail("NAS404", f"`{instance.path}` is still to be chosen", help="give a network, not a space")
    whole = inlined(graph)
    places = {v.name: -1 - i for i, v in enumerate(whole.inputs)}
    steps: list[Step] = []
    for node in whole.nodes:
        assert isinstance(node, Operation), "the graph is inlined"
        places[node.name] = len(steps)
        steps.append(Step(node.name, settled(node.primitive), tuple(places[o] for o in node.operands)))
    return steps, places[whole.output]


def settled(primitive: Primitive) -> Primitive:
    """As it is in the network that comes of a search."""
    return evolve(primitive, deferred=False) if isinstance(primitive, BatchNorm) else primitive
