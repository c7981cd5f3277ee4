"""Boxes and arrows in columns, ordered so that few arrows cross (Sugiyama, Tagawa, Toda, 1981).

Columns of boxes alternate with columns of labels. An arrow that passes a column
has a slot in it, as if it were a box, so nothing is ever drawn over anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, pairwise
from typing import TypeAlias

from attrs import frozen

from archir.show.drawing import Drawing

_SWEEPS = 12


@frozen
class Slot:
    """A place in a column: a box (by name), or an arrow (by position) that passes there, with its label or without."""

    column: int
    box: str | None = None
    arrow: int | None = None
    labelled: bool = False


Columns: TypeAlias = tuple[tuple[Slot, ...], ...]
Route: TypeAlias = tuple[Slot, ...]


@frozen
class Layers:
    """The slots of each column from top to bottom, and the slots of each arrow from its source to its target."""

    columns: Columns
    routes: tuple[Route, ...]


def layers_of(drawing: Drawing) -> Layers:
    """Columns by longest path from the inputs; the output stands in the last one.

    Columns of boxes alternate with columns of labels, which are left out where there are none.
    """
    raw = _columns(drawing)
    used = sorted({*raw.values(), *(raw[arrow.target] - 1 for arrow in drawing.arrows if arrow.marks)})
    column = {name: used.index(number) for name, number in raw.items()}
    boxes = {box.name: Slot(column[box.name], box=box.name) for box in drawing.boxes}
    routes = _routes(drawing, boxes)
    rows: list[list[Slot]] = [[] for _ in used]
    for slot in dict.fromkeys([*boxes.values(), *(slot for route in routes for slot in route)]):
        rows[slot.column].append(slot)
    return Layers(_fewest_crossings(tuple(map(tuple, rows)), routes), routes)


def _columns(drawing: Drawing) -> dict[str, int]:
    """A number for the column of each box: even ones, with those of labels between them."""
    depth = {box.name: 0 for box in drawing.boxes}
    for box in drawing.boxes:
        sources = [arrow.source for arrow in drawing.arrows if arrow.target == box.name]
        depth[box.name] = max((depth[s] + 2 for s in sources), default=0)
    last = max(depth.values())
    return {box.name: last if box.role == "output" else depth[box.name] for box in drawing.boxes}


def _routes(drawing: Drawing, boxes: dict[str, Slot]) -> tuple[Route, ...]:
    """The slots of each arrow; a label stands just before the target."""
    routes = []
    for i, arrow in enumerate(drawing.arrows):
        source, target = boxes[arrow.source], boxes[arrow.target]
        at = target.column - 1 if arrow.marks else None
        between = (Slot(c, arrow=i, labelled=c == at) for c in range(source.column + 1, target.column))
        routes.append((source, *between, target))
    return tuple(routes)


def _fewest_crossings(columns: Columns, routes: Sequence[Route]) -> Columns:
    """Sweeps to and fro, each column sorted by the mean place of its neighbors; the best order seen wins."""
    before: dict[Slot, list[Slot]] = {}
    after: dict[Slot, list[Slot]] = {}
    for a, b in links(routes):
        before.setdefault(b, []).append(a)
        after.setdefault(a, []).append(b)
    rank = {slot: r for r, slot in enumerate(slot for row in columns for slot in row)}
    best, least = columns, _cost(columns, routes, rank)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        rows = list(columns)
        # The first column stays as it is: inputs are read in the order of the definition.
        for i in range(1, len(rows)) if forward else range(len(rows) - 2, 0, -1):
            place = {slot: p for row in rows for p, slot in enumerate(row)}
            near = before if forward else after
            rows[i] = tuple(sorted(rows[i], key=lambda s: _mean([place[n] for n in near.get(s, [s])])))
            rows[i] = _swapped(rows, i, before, after)
        columns = tuple(rows)
        cost = _cost(columns, routes, rank)
        if cost < least:
            best, least = columns, cost
    return best


def _swapped(
    rows: Sequence[tuple[Slot, ...]], i: int, before: dict[Slot, list[Slot]], after: dict[Slot, list[Slot]]
) -> tuple[Slot, ...]:
    """The column with neighbors exchanged wherever their arrows cross less then."""
    place = {slot: p for row in rows for p, slot in enumerate(row)}
    row = list(rows[i])
    for p in range(len(row) - 1):
        a, b = row[p], row[p + 1]
        sides = [([place[n] for n in near.get(a, ())], [place[n] for n in near.get(b, ())]) for near in (before, after)]
        now = sum(x > y for above, below in sides for x in above for y in below)
        then = sum(x < y for above, below in sides for x in above for y in below)
        if then < now:
            row[p], row[p + 1] = b, a
    return tuple(row)


def links(routes: Iterable[Route]) -> list[tuple[Slot, Slot]]:
    """The pairs of slots in neighboring columns that an arrow joins."""
    return [pair for route in routes for pair in pairwise(route)]


def _cost(columns: Columns, routes: Sequence[Route], rank: Mapping[Slot, int]) -> tuple[int, int]:
    """How often arrows cross, and how many pairs of boxes stand against the order of computation."""
    place = {slot: p for row in columns for p, slot in enumerate(row)}
    ends: dict[int, list[tuple[int, int]]] = {}
    for a, b in links(routes):
        ends.setdefault(a.column, []).append((place[a], place[b]))
    boxes = ([rank[slot] for slot in row if slot.box is not None] for row in columns)
    return (
        sum((a - c) * (b - d) < 0 for pairs in ends.values() for i, (a, b) in enumerate(pairs) for c, d in pairs[:i]),
        sum(a > b for ranks in boxes for a, b in combinations(ranks, 2)),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
