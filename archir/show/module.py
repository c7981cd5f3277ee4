"""The drawings of a module: its net, and each different stage and cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import evolve

from archir.diagnostics import fail
from archir.ir.graph import Call, Choice, Graph
from archir.ir.module import Module
from archir.show.candidates import Strengths
from archir.show.drawing import Drawing
from archir.show.families import short_name
from archir.show.net import overview_of
from archir.show.read import drawing_of
from archir.show.strengths import strengths_of

if TYPE_CHECKING:
    from archir.analysis.gate_rows import Array

_TAGS = 6  # of one name in a title


def drawings_of(
    module: Module, values: Mapping[str, Array] | None = None, only: str | None = None
) -> tuple[Drawing, ...]:
    """The net, then its different stages, then its different cells, in order of computation.

    What looks alike is drawn once, under the names of all. A net that a search
    has given another form is drawn as what is derived from it. `values`: of the architecture parameters of a relaxed
    module, for the strengths of edges. `only`: the net, or the stages or cells, of this name (`macro`, `macro@0`).

    Raises:
        ArchirError: NAS403 if a value is missing, NAS402 if nothing is called `only`.
    """
    graph = module.base or module.graph
    strengths = {} if values is None else strengths_of(module, values)
    net = () if only not in (None, module.name) else (overview_of(graph, module.name, strengths),)
    drawings = (*net, *cells_of(graph, strengths, only))
    if not drawings:
        names = dict.fromkeys([module.name, *(short_name(inner) for inner, _ in _units(graph, None, set()))])
        help_ = f"there are {', '.join(f'`{name}`' for name in names)}"
        fail("NAS402", f"`{module.name}` has no net, stage or cell `{only}`", help=help_)
    return drawings


def cells_of(graph: Graph, strengths: Strengths | None = None, only: str | None = None) -> tuple[Drawing, ...]:
    """The different stages and cells below a graph, stages first; those called `only`, if it is given."""
    found: dict[Drawing, dict[str, None]] = {}
    units = sorted(_units(graph, None, set()), key=lambda unit: unit[0].kind != "stage")
    for inner, tag in units:
        if only not in (None, short_name(inner), f"{short_name(inner)}@{tag}"):
            continue
        drawing = drawing_of(inner, tag, strengths)
        found.setdefault(evolve(drawing, title=""), {})[drawing.title] = None
    return tuple(evolve(drawing, title=_joined(list(titles))) for drawing, titles in found.items())


def _joined(titles: Sequence[str]) -> str:
    """`macro@0, @1, reduce` for `macro@0`, `reduce` and `macro@1`."""
    tags: dict[str, list[str]] = {}
    for title in titles:
        name, at, tag = title.partition("@")
        tags.setdefault(name, []).append(at + tag)
    for found in tags.values():
        found[2:-1] = ["..."] if len(found) > _TAGS else found[2:-1]
    return ", ".join(f"{name}{', '.join(found)}" for name, found in tags.items())


def _units(graph: Graph, tag: str | None, seen: set[tuple[int, str | None]]) -> Iterator[tuple[Graph, str | None]]:
    """Cells and stages with their tags; those inside candidates, too."""
    if (id(graph), tag) in seen:
        return
    seen.add((id(graph), tag))
    if graph.kind in ("cell", "stage"):
        yield graph, tag
    for node in graph.nodes:
        if isinstance(node, Call):
            yield from _units(node.graph, node.tag, seen)
        elif isinstance(node, Choice):
            for candidate in (c for edge in node.edges for c in edge.candidates):
                yield from _units(candidate.graph, None, seen)
