"""Positions in inches: columns from left to right, slots as level with their neighbors as they fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from attrs import frozen

from archir.show.drawing import Drawing
from archir.show.layers import Layers, Slot, layers_of, links

Measure: TypeAlias = Callable[[str], float]
"""The width of a text in inches."""

Point: TypeAlias = tuple[float, float, float]
"""x, y, and the slope of the curve there."""

BOX = 0.42
"""Least width and height of a box."""
LABEL_HEIGHT = 0.25
_PORT = 0.12  # between the heads of two arrows that end at one box
_GAP = 0.42  # between columns
_APART = 0.09  # between slots of a column
_SWAY = 0.05  # how far an arrow may rise or fall between the middle and the end of a column
_PADDING = 0.2  # of a text on both sides together
_ROUNDS = 100
_PULL = (1.0, 2.0, 6.0)  # between two boxes, a box and an arrow's slot, two slots of an arrow: long arrows are straight


@frozen
class Place:
    """A rectangle: its center and its size."""

    x: float
    y: float
    width: float
    height: float


@frozen
class Layout:
    """Where everything of a drawing is; y grows downwards. Arrows without a label have no place in `labels`."""

    width: float
    height: float
    boxes: Mapping[str, Place]
    labels: Mapping[int, Place]
    lines: tuple[tuple[Point, ...], ...]
    """The points of each arrow, from the right side of its source to the left side of its target."""


def layout_of(drawing: Drawing, measure: Measure) -> Layout:
    """Places of all boxes and labels, and the ways of all arrows."""
    layers = layers_of(drawing)
    sizes = _sizes(drawing, layers, measure)
    places = _places(layers, sizes)
    boxes = {slot.box: p for slot, p in places.items() if slot.box is not None}
    labels = {slot.arrow: p for slot, p in places.items() if slot.arrow is not None and slot.labelled}
    width = max(p.x + p.width / 2 for p in places.values())
    height = max(p.y + p.height / 2 for p in places.values())
    return Layout(width, height, boxes, labels, _lines(layers, places))


def curve_of(points: Sequence[Point]) -> list[tuple[float, float]]:
    """The control points of cubic Bezier curves, three for each part after the start."""
    control = [points[0][:2]]
    for (x0, y0, slope0), (x1, y1, slope1) in pairwise(points):
        # A level end makes an S; a part between two inclined ends is nearly the straight line that it belongs to.
        reach = (x1 - x0) / (3 if slope0 and slope1 else 2)
        control += [(x0 + reach, y0 + slope0 * reach), (x1 - reach, y1 - slope1 * reach), (x1, y1)]
    return control


def _sizes(drawing: Drawing, layers: Layers, measure: Measure) -> dict[Slot, tuple[float, float]]:
    """Width and height of each slot; what only passes has no size."""
    sizes: dict[Slot, tuple[float, float]] = {}
    boxes = {box.name: box for box in drawing.boxes}
    for slot in (slot for row in layers.columns for slot in row):
        if slot.box is not None:
            arrows = sum(arrow.target == slot.box for arrow in drawing.arrows)
            text = measure(boxes[slot.box].label)
            sizes[slot] = max(BOX, text + _PADDING), max(BOX, (arrows + 0.5) * _PORT)
        elif slot.labelled and slot.arrow is not None:
            sizes[slot] = measure(drawing.arrows[slot.arrow].label) + _PADDING, LABEL_HEIGHT
        else:
            sizes[slot] = 0.0, 0.0
    return sizes


def _places(layers: Layers, sizes: Mapping[Slot, tuple[float, float]]) -> dict[Slot, Place]:
    ys = _heights(layers, {slot: size[1] for slot, size in sizes.items()})
    top = min(ys[slot] - sizes[slot][1] / 2 for slot in ys)
    places: dict[Slot, Place] = {}
    left = 0.0
    for row in layers.columns:
        width = max((sizes[slot][0] for slot in row), default=0.0)
        for slot in row:
            places[slot] = Place(left + width / 2, ys[slot] - top, *sizes[slot])
        left += width + _GAP
    return places


def _heights(layers: Layers, size: Mapping[Slot, float]) -> dict[Slot, float]:
    """The vertical centers: the least sum of squared steps of all arrows, nothing closer than allowed.

    Column by column, each to and fro: the wanted centers of a column are the means of
    their neighbors; what stands too close is moved apart by the least squares.
    """
    near: dict[Slot, list[tuple[Slot, float]]] = {}
    for a, b in links(layers.routes):
        pull = _PULL[(a.box is None) + (b.box is None)]
        near.setdefault(a, []).append((b, pull))
        near.setdefault(b, []).append((a, pull))
    offsets = {row: _offsets(row, size) for row in layers.columns}
    ys = {slot: y - offsets[row][-1] / 2 for row in layers.columns for slot, y in zip(row, offsets[row], strict=True)}
    rows = [row for row in layers.columns if row]
    for _ in range(_ROUNDS):
        for row in (*rows, *reversed(rows)):
            pulls = [near.get(slot) or [(slot, 1.0)] for slot in row]
            weights = [sum(w for _, w in pull) for pull in pulls]
            wanted = [sum(w * ys[n] for n, w in pull) / weight for pull, weight in zip(pulls, weights, strict=True)]
            moved = _increasing([y - o for y, o in zip(wanted, offsets[row], strict=True)], weights)
            ys.update((s, m + o) for s, m, o in zip(row, moved, offsets[row], strict=True))
    return ys


def _offsets(row: Sequence[Slot], size: Mapping[Slot, float]) -> list[float]:
    """The centers of a column's slots when they stand as close as they may."""
    offsets = [0.0] if row else []
    for above, below in pairwise(row):
        offsets.append(offsets[-1] + (size[above] + size[below]) / 2 + _APART)
    return offsets


def _increasing(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The nearest sequence that never falls, by weighted least squares (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []  # mean, weight, length
    for value, weight in zip(values, weights, strict=True):
        mean, total, length = value, weight, 1
        while pools and pools[-1][0] > mean:
            m, w, n = pools.pop()
            mean, total, length = (m * w + mean * total) / (w + total), w + total, n + length
        pools.append((mean, total, length))
    return [mean for mean, _, length in pools for _ in range(length)]


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
