"""What a layout is made of: rectangles, curves and texts, in inches; y grows downwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from attrs import field, frozen

from archir.show.drawing import Arrow, Box

Measure: TypeAlias = Callable[[str], float]
"""The width of a text in inches."""

Point: TypeAlias = tuple[float, float, float]
"""x, y, and the slope of the curve there."""

Curve: TypeAlias = tuple[tuple[float, float], ...]
"""The control points of cubic Bezier curves: the start, then three for each part."""

BOX = 0.4
"""Least width and height of a box."""
LABEL_HEIGHT = 0.25
DETAIL = 0.78
"""The size of a box's second line over that of the first."""
PADDING = 0.2
"""Of a text on both sides together."""


@frozen
class Place:
    """A rectangle: its center and its size."""

    x: float
    y: float
    width: float
    height: float


@frozen
class Layout:
    """Where everything of a drawing is. Arrows without a label have no place in `labels`.

    lines: from the side of the source to that of the target. texts: beside the boxes, right-aligned at a point.
    """

    width: float
    height: float
    boxes: Mapping[str, Place]
    labels: Mapping[int, Place]
    lines: tuple[Curve, ...]
    texts: tuple[tuple[float, float, str], ...] = field(default=())


def box_size(box: Box, measure: Measure) -> tuple[float, float]:
    """Width and height that the text of a box needs."""
    width = max(measure(box.label), DETAIL * measure(box.detail) if box.detail else 0.0) + PADDING
    return max(BOX, width), BOX + (0.08 if box.detail else 0.0)


def label_size(arrow: Arrow, measure: Measure) -> tuple[float, float]:
    """Width and height of an arrow's marks, one below the other."""
    return max(measure(mark.text) for mark in arrow.marks) + PADDING, LABEL_HEIGHT * len(arrow.marks)


def curve_of(points: Sequence[Point]) -> Curve:
    """The curve through points with slopes."""
    control = [points[0][:2]]
    for (x0, y0, slope0), (x1, y1, slope1) in pairwise(points):
        # A level end makes an S; a part between two inclined ends is nearly the straight line that it belongs to.
        reach = (x1 - x0) / (3 if slope0 and slope1 else 2)
        control += [(x0 + reach, y0 + slope0 * reach), (x1 - reach, y1 - slope1 * reach), (x1, y1)]
    return tuple(control)


def straight(points: Sequence[tuple[float, float]]) -> Curve:
    """The polygon through points."""
    control = [points[0]]
    for (x0, y0), (x1, y1) in pairwise(points):
        thirds = [(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t) for t in (1 / 3, 2 / 3)]
        control += [*thirds, (x1, y1)]
    return tuple(control)


def transposed(layout: Layout) -> Layout:
    """The layout with x and y exchanged."""

    def turned(place: Place) -> Place:
        return Place(place.y, place.x, place.height, place.width)

    return Layout(
        layout.height,
        layout.width,
        {name: turned(place) for name, place in layout.boxes.items()},
        {i: turned(place) for i, place in layout.labels.items()},
        tuple(tuple((y, x) for x, y in line) for line in layout.lines),
    )
