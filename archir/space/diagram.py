"""A decision diagram over the slots of variables that open one another.

The slots are decided one after another, kept or not. What the rest depends on is small: which variables
are open, how many edges were kept, how many operations on this edge. So counts, least and largest sums,
and ranks follow from one table, however many alternatives there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from attrs import frozen

from archir.ir.graph import Amount


class Shape(NamedTuple):
    """A variable without names: for each slot of each edge, which variables of the diagram it opens (by place).

    `staying`: for each edge, whether it cannot be left out.
    """

    slots: tuple[tuple[frozenset[int], ...], ...]
    edges: Amount
    operations: Amount
    conditional: bool
    staying: tuple[bool, ...]


class State(NamedTuple):
    """What was decided so far, as far as it matters: open variables to come, edges kept, operations kept here."""

    open: frozenset[int]
    edges: int
    operations: int


class _Level(NamedTuple):
    """One slot: its variable, what it opens, whether it is the last of its edge and of its variable.

    `stays`: whether its edge cannot be left out.
    """

    variable: int
    opens: frozenset[int]
    ends_edge: bool
    ends_variable: bool
    stays: bool


Place: TypeAlias = tuple[int, State]
"""A slot to decide, and the state there; the level behind the last one is the end."""
_Branches: TypeAlias = tuple[Place | None, Place | None]
_START = State(frozenset(), 0, 0)


@frozen(eq=False)
class Diagram:
    """Every way to decide the slots, in order: keeping a slot comes before not keeping it.

    `counts[level][state]` is the number of ways from there to the end; `branches` has what follows if the
    slot is kept and if it is not, None where the rules forbid it.
    """

    start: Place | None
    levels: int
    branches: tuple[dict[State, _Branches], ...]
    counts: tuple[dict[State, int], ...]

    @property
    def size(self) -> int:
        """How many ways there are."""
        return self.ways(self.start)

    def ways(self, place: Place | None) -> int:
        """Ways from a place to the end."""
        return 0 if place is None else self.counts[place[0]].get(place[1], 0)

    def unrank(self, rank: int) -> list[int]:
        """The slots that the way of this rank keeps (0 <= rank < size)."""
        kept: list[int] = []
        place = self.start
        while place is not None and place[0] < self.levels:
            keep, leave = self.branches[place[0]][place[1]]
            first = self.ways(keep)
            if rank < first:
                kept.append(place[0])
                place = keep
            else:
                rank -= first
                place = leave
        return kept

    def rank(self, kept: frozenset[int]) -> int:
        """The rank of the way that keeps these slots; ValueError if there is none."""
        rank, place, seen = 0, self.start, 0
        while self.ways(place) and place is not None and place[0] < self.levels:
            keep, leave = self.branches[place[0]][place[1]]
            if place[0] in kept:
                seen += 1
                place = keep
            else:
                rank += self.ways(keep)
                place = leave
        if not self.ways(place) or seen != len(kept):
            raise ValueError("no way keeps these slots")
        return rank

    def totals(self, weights: Sequence[int]) -> tuple[int, int, int]:
        """Least, largest and summed weight over all ways; `weights` has one number a slot, counted where it is kept.

        ValueError if there is no way at all.
        """
        return _totals(self, tuple(weights))

    def _totals(self, weights: tuple[int, ...]) -> tuple[int, int, int]:
        if self.start is None or not self.size:
            raise ValueError("there is nothing to keep")
        later: list[dict[State, tuple[int, int, int]]] = [{} for _ in range(self.levels + 1)]
        later[self.levels] = dict.fromkeys(self.counts[self.levels], (0, 0, 0))
        for level in range(self.levels - 1, -1, -1):
            for state, branches in self.branches[level].items():
                ends = [
                    (later[p[0]][p[1]], weight, self.ways(p))
                    for p, weight in zip(branches, (weights[level], 0), strict=True)
                    if p is not None and self.ways(p)
                ]
                if ends:
                    later[level][state] = (
                        min(low + w for (low, _, _), w, _ in ends),
                        max(high + w for (_, high, _), w, _ in ends),
                        sum(total + w * ways for (_, _, total), w, ways in ends),
                    )
        return later[self.start[0]][self.start[1]]


@lru_cache(maxsize=4096)
def _totals(of: Diagram, weights: tuple[int, ...]) -> tuple[int, int, int]:
    return of._totals(weights)


@lru_cache(maxsize=4096)
def diagram(shapes: tuple[Shape, ...]) -> Diagram:
    """The diagram of variables, each of which stands behind those that open it."""
    return _Maker(shapes).made()


class _Maker:
    def __init__(self, shapes: tuple[Shape, ...]) -> None:
        self.shapes = shapes
        self.first: list[int] = []
        self.levels: list[_Level] = []
        for number, shape in enumerate(shapes):
            self.first.append(len(self.levels))
            edges = [(edge, stays) for edge, stays in zip(shape.slots, shape.staying, strict=True) if edge]
            for e, (edge, stays) in enumerate(edges):
                for k, opens in enumerate(edge):
                    last = k == len(edge) - 1
                    self.levels.append(_Level(number, opens, last, last and e == len(edges) - 1, stays))

    def made(self) -> Diagram:
        depth = len(self.levels)
        start = self._enter(0, frozenset())
        branches: list[dict[State, _Branches]] = [{} for _ in range(depth)]
        reached: list[set[State]] = [set() for _ in range(depth + 1)]
        if start is not None:
            reached[start[0]].add(start[1])
        for level in range(depth):
            for state in reached[level]:
                both = self._keep(level, state), self._leave(level, state)
                branches[level][state] = both
                for place in both:
                    if place is not None:
                        reached[place[0]].add(place[1])
        counts: list[dict[State, int]] = [{} for _ in range(depth + 1)]
        counts[depth] = dict.fromkeys(reached[depth], 1)
        for level in range(depth - 1, -1, -1):
            counts[level] = {
                state: sum(counts[p[0]].get(p[1], 0) for p in both if p is not None)
                for state, both in branches[level].items()
            }
        return Diagram(start, depth, tuple(branches), tuple(counts))

    def _enter(self, number: int, opened: frozenset[int]) -> Place | None:
        """The first slot to decide from a variable on."""
        for n in range(number, len(self.shapes)):
            shape = self.shapes[n]
            if shape.conditional and n not in opened:
                continue
            opened -= {n}
            if any(shape.slots):
                return self.first[n], State(opened, 0, 0)
            if shape.edges.least > 0:
                return None
        return len(self.levels), _START

    def _keep(self, level: int, state: State) -> Place | None:
        info = self.levels[level]
        shape = self.shapes[info.variable]
        edges = state.edges + (state.operations == 0)
        if _above(shape.operations, state.operations + 1) or _above(shape.edges, edges):
            return None
        return self._next(level, State(state.open | info.opens, edges, state.operations + 1))

    def _leave(self, level: int, state: State) -> Place | None:
        return self._next(level, state)

    def _next(self, level: int, state: State) -> Place | None:
        info = self.levels[level]
        shape = self.shapes[info.variable]
        if not info.ends_edge:
            return level + 1, state
        if 0 < state.operations < shape.operations.least or (info.stays and not state.operations):
            return None
        if not info.ends_variable:
            return level + 1, State(state.open, state.edges, 0)
        return None if state.edges < shape.edges.least else self._enter(info.variable + 1, state.open)


def _above(amount: Amount, n: int) -> bool:
    return amount.most is not None and n > amount.most
