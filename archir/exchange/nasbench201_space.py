"""The space of NAS-Bench-201 in archir's words, and architectures as points of it."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from attrs import frozen

from archir.diagnostics import fail
from archir.exchange.nasbench201 import Edges
from archir.ir.module import Module, shared_choices
from archir.ir.point import Kept, Point
from archir.space.space import Space, space_of

NODES = (1, 2, 3)
CANDIDATES: dict[str, str] = {  # theirs: ours; `none` keeps no edge
    "skip_connect": "skip",
    "nor_conv_1x1": "conv_1x1",
    "nor_conv_3x3": "conv_3x3",
    "avg_pool_3x3": "avg_pool_3x3",
}
_THEIRS = {ours: theirs for theirs, ours in CANDIDATES.items()}
_KEYS = {f"normal.x.{i}": i for i in NODES}
_REMEDY = "name a search of `nasbench201`: `archir search nasbench201 -o RUN`"


@frozen
class Cells:
    """The architectures of the benchmark that are points of a space: all, or a part if it is restricted."""

    space: Space

    @property
    def size(self) -> int:
        """How many architectures there are."""
        return self.space.size

    def __iter__(self) -> Iterator[Edges]:
        return map(edges_of, self.space.enumerate())

    def sample(self, count: int, seed: int) -> list[Edges]:
        """So many different architectures, each equally likely; all of them if there are no more."""
        if count >= self.size:
            return list(self)
        ranks = Random(seed).sample(range(self.size), count)  # noqa: S311 - a seed, not a secret
        return [edges_of(self.space.unrank(rank)) for rank in ranks]

    def has(self, other: Cells) -> bool:
        """Whether all architectures of the other are here."""
        return set(other) <= set(self)


def cells_of(module: Module) -> Cells:
    """The architectures of the benchmark that are points of a module.

    Raises:
        ArchirError: NAS402 if it has not the benchmark's choices.
    """
    choices = shared_choices(module)
    if set(choices) != set(_KEYS):
        words = ", ".join(choices) or "nothing"
        fail("NAS402", f"`{module.name}` chooses {words}, and NAS-Bench-201 {', '.join(_KEYS)}", help=_REMEDY)
    for key, node in _KEYS.items():
        edges = choices[key].edges
        names = [{c.name for c in edge.candidates} for edge in edges]
        if names != [{"none", *_THEIRS}] * node:
            message = f"the edges of `{key}` have not the operations of NAS-Bench-201"
            fail("NAS402", message, span=choices[key].span, help=_REMEDY)
    return Cells(space_of(module))


def point_of(edges: Edges) -> Point:
    """An architecture as a point: an edge with `none` is not kept."""
    return Point(
        tuple(
            (key, tuple(Kept(e, CANDIDATES[name]) for e, name in enumerate(edges[node - 1]) if name != "none"))
            for key, node in _KEYS.items()
        )
    )


def edges_of(point: Point) -> Edges:
    """The architecture of a point of the benchmark's choices; what is multiplied by a coefficient counts as it is.

    Raises:
        ArchirError: NAS402 if an edge keeps several operations.
    """
    found = []
    for key, node in _KEYS.items():
        kept = point.kept(key) or ()
        by_edge = {k.edge: _THEIRS[k.operation] for k in kept}
        if len(by_edge) < len(kept):
            message = f"`{key}` keeps several operations on an edge, and a cell of NAS-Bench-201 one"
            fail("NAS402", message, help="search with a method that keeps one operation on each edge")
        found.append(tuple(by_edge.get(e, "none") for e in range(node)))
    return tuple(found)
