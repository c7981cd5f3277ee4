"""Which stage of a net a cell belongs to: cells at one resolution make one stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, TypeGuard

from attrs import evolve, frozen

from archir.ir.graph import Call, Graph, Node
from archir.ir.module import chooses
from archir.ir.rewrite import rewritten
from archir.ir.types import TensorType


@frozen
class StageTags:
    """The tags that the calls of a cell get, by their reduction; and its inputs that are feature maps, by name."""

    inputs: tuple[str, ...]
    by_reduction: Mapping[int, str]


Stages: TypeAlias = Mapping[tuple[str, str | None], StageTags]
"""By the name of a cell and the tag that its calls had."""


def reduction(net_input: TensorType, value: TensorType) -> int:
    """How many times a value is smaller than the net's input in height, rounded: 1, 2, 4, ..."""
    return round(net_input.height / value.height)


def with_stage_tags(graph: Graph) -> tuple[Graph, Stages]:
    """The net with a tag for each stage on the calls of cells that hold choices, and those tags.

    A cell belongs to the stage of its smallest input, so one that reduces belongs to the stage in front of it. Stages
    are counted from 0 by their reduction, over all such cells of the net. A tag that was there stays in front, or
    alone, where all its calls are in one stage.
    """
    source = _first_map(graph)
    if source is None:
        return graph, {}
    found: dict[tuple[str, str | None], set[int]] = {}
    inputs: dict[tuple[str, str | None], tuple[str, ...]] = {}

    def note(g: Graph) -> tuple[Node, ...]:
        for call in filter(_is_own, g.nodes):
            cell = call.graph.name, call.tag
            found.setdefault(cell, set()).add(_reduction(call, source))
            inputs.setdefault(cell, tuple(value.name for value in call.graph.inputs if value.type.is_map))
        return g.nodes

    rewritten(graph, note)
    place = {r: stage for stage, r in enumerate(sorted(set().union(*found.values())))}

    stages = {
        (name, tag): StageTags(
            inputs[name, tag], {r: str(place[r]) if tag is None else f"{tag}_{place[r]}" for r in sorted(of)}
        )
        for (name, tag), of in found.items()
        if tag is None or len(of) > 1
    }

    def tagged(node: Node) -> Node:
        tags = stages.get((node.graph.name, node.tag)) if _is_own(node) else None
        return node if tags is None else _with_tag(node, tags, source)

    return rewritten(graph, lambda g: tuple(map(tagged, g.nodes))), stages


def _with_tag(node: Node, tags: StageTags, source: TensorType) -> Node:
    assert isinstance(node, Call)
    return evolve(node, tag=tags.by_reduction[_reduction(node, source)])


def has_own_cells(graph: Graph) -> bool:
    """Whether there are cells that hold choices, so that stages can have their own."""
    return any(map(_is_own, graph.nodes)) or any(has_own_cells(n.graph) for n in graph.nodes if isinstance(n, Call))


def _is_own(node: Node) -> TypeGuard[Call]:
    """Whether a node is a call of a cell that holds choices itself, and has a resolution."""
    return (
        isinstance(node, Call)
        and node.graph.kind == "cell"
        and chooses(node.graph)
        and any(value.type.is_map for value in node.graph.inputs)
    )


def _reduction(call: Call, source: TensorType) -> int:
    return max(reduction(source, value.type) for value in call.graph.inputs if value.type.is_map)


def _first_map(graph: Graph) -> TensorType | None:
    return next((value.type for value in graph.inputs if value.type.is_map), None)
