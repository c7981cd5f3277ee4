"""Positions in inches: columns from left to right, slots as level with their neighbors as they fit.

Where that is wider than a page, lines from top to bottom take the place of columns: the same layout with the sizes
of all boxes and labels turned, and turned back at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archir.show.drawing import Drawing, Form
from archir.show.heights import heights_of
from archir.show.layers import Layers, Slot, layers_of, links
from archir.show.places import Layout, Measure, Place, Point, box_size, curve_of, label_size, transposed
from archir.show.rows import rows_of

WIDEST = 8.0
"""Graphs that are wider with columns are drawn from top to bottom, if that is narrower by far."""
_NARROWER = 0.8
_PORT = 0.12  # between the heads of two arrows that end at one box
_GAPS = 0.28, 0.62  # between columns, least and most: it grows with the steps of the arrows there
_STEEP = 0.1  # how much a gap grows with an inch of the longest step
_SWAY = 0.05  # how far an arrow may rise or fall between the middle and the end of a column
_PULLS: dict[Form, tuple[float, float, float]] = {
    # Between two boxes, a box and an arrow's slot, two slots of an arrow: long arrows are straight, or a net's layers.
    "graph": (1.0, 2.0, 6.0),
    "column": (8.0, 1.0, 2.0),
}


def layout_of(drawing: Drawing, measure: Measure) -> Layout:
    """Places of all boxes and labels, and the ways of all arrows."""
    if drawing.form == "rows":
        return rows_of(drawing, measure)
    layers = layers_of(drawing)
    sizes = _sizes(drawing, layers, measure)
    in_columns = _layout(drawing, layers, sizes) if drawing.form == "graph" else None
    if in_columns and in_columns.width <= WIDEST:
        return in_columns
    in_lines = transposed(_layout(drawing, layers, {slot: (h, w) for slot, (w, h) in sizes.items()}))
    return in_columns if in_columns and _NARROWER * in_columns.width < in_lines.width else in_lines


def _layout(drawing: Drawing, layers: Layers, sizes: Mapping[Slot, tuple[float, float]]) -> Layout:
    """From left to right; sizes are those of texts, and boxes grow with the arrows that end there."""
    sizes = {
        slot: (w, h) if slot.box is None else (w, max(h, (_arriving(drawing, slot.box) + 0.5) * _PORT))
        for slot, (w, h) in sizes.items()
    }
    places = _places(layers, sizes, _PULLS[drawing.form])
    boxes = {slot.box: p for slot, p in places.items() if slot.box is not None}
    labels = {slot.arrow: p for slot, p in places.items() if slot.arrow is not None and slot.labelled}
    width = max(p.x + p.width / 2 for p in places.values())
    height = max(p.y + p.height / 2 for p in places.values())
    return Layout(width, height, boxes, labels, tuple(map(curve_of, _lines(layers, places))))


def _arriving(drawing: Drawing, box: str) -> int:
    return sum(arrow.target == box for arrow in drawing.arrows)


def _sizes(drawing: Drawing, layers: Layers, measure: Measure) -> dict[Slot, tuple[float, float]]:
    """Width and height of each slot; what only passes has no size."""
    boxes = {box.name: box for box in drawing.boxes}
    sizes: dict[Slot, tuple[float, float]] = {}
    for slot in (slot for row in layers.columns for slot in row):
        if slot.box is not None:
            sizes[slot] = box_size(boxes[slot.box], measure)
        elif slot.labelled and slot.arrow is not None:
            sizes[slot] = label_size(drawing.arrows[slot.arrow], measure)
        else:
            sizes[slot] = 0.0, 0.0
    return sizes


def _places(layers: Layers, sizes: Mapping[Slot, tuple[float, float]], pulls: Sequence[float]) -> dict[Slot, Place]:
    ys = heights_of(layers, {slot: size[1] for slot, size in sizes.items()}, pulls)
    top = min(ys[slot] - sizes[slot][1] / 2 for slot in ys)
    steps = [0.0] * len(layers.columns)
    for a, b in links(layers.routes):
        steps[a.column] = max(steps[a.column], abs(ys[a] - ys[b]))
    places: dict[Slot, Place] = {}
    left = 0.0
    for row, step in zip(layers.columns, steps, strict=True):
        width = max((sizes[slot][0] for slot in row), default=0.0)
        for slot in row:
            places[slot] = Place(left + width / 2, ys[slot] - top, *sizes[slot])
        left += width + min(_GAPS[0] + _STEEP * step, _GAPS[1])
    return places


def _lines(layers: Layers, places: Mapping[Slot, Place]) -> tuple[tuple[Point, ...], ...]:
    """The points of each arrow; those that end at one box end above each other, in the order they come in."""
    arriving: dict[Slot, list[int]] = {}
    for i, route in enumerate(layers.routes):
        arriving.setdefault(route[-1], []).append(i)
    port: dict[int, float] = {}
    for arrows in arriving.values():
        arrows.sort(key=lambda i: places[layers.routes[i][-2]].y)
        port |= {i: (p - (len(arrows) - 1) / 2) * _PORT for p, i in enumerate(arrows)}
    edges = [_edges([places[slot] for slot in row]) for row in layers.columns]
    return tuple(_line(route, places, edges, port[i]) for i, route in enumerate(layers.routes))


def _line(
    route: Sequence[Slot], places: Mapping[Slot, Place], edges: Sequence[tuple[float, float]], port: float
) -> tuple[Point, ...]:
    """The way of one arrow. It goes straight through each column, which keeps it away from what else stands there."""
    start, end = places[route[0]], places[route[-1]]
    points: list[Point] = [(start.x + start.width / 2, start.y, 0.0), (edges[route[0].column][1], start.y, 0.0)]
    for before, slot, after in zip(route, route[1:], route[2:], strict=False):
        (left, right), here = edges[slot.column], places[slot]
        slope = 0.0 if slot.labelled else _slope(places[before], here, places[after])
        steepest = _SWAY / max(right - here.x, _SWAY)
        slope = max(-steepest, min(steepest, slope))
        points += [(x, here.y + slope * (x - here.x), slope) for x in (left, right)]
    points += [(edges[route[-1].column][0], end.y + port, 0.0), (end.x - end.width / 2, end.y + port, 0.0)]
    return tuple(dict.fromkeys(points))


def _slope(a: Place, b: Place, c: Place) -> float:
    """The slope at the middle one of three points of a curve that never overshoots (Fritsch and Carlson, 1980)."""
    before, after = (b.y - a.y) / (b.x - a.x), (c.y - b.y) / (c.x - b.x)
    return 2 * before * after / (before + after) if before * after > 0 else 0.0


def _edges(column: Sequence[Place]) -> tuple[float, float]:
    """The left and the right end of a column."""
    return min(p.x - p.width / 2 for p in column), max(p.x + p.width / 2 for p in column)
