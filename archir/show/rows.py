"""A chain in rows: a row for each type of its values, from left to right, and down to the next."""

from __future__ import annotations

from itertools import groupby, pairwise

from archir.show.drawing import Box, Drawing
from archir.show.places import BOX, DETAIL, PADDING, Curve, Layout, Measure, Place, straight

LONGEST = 6
"""Boxes of a row."""
_GAP = 0.32  # between boxes, and between rows


def rows_of(drawing: Drawing, measure: Measure) -> Layout:
    """The layout of boxes that read each the one before; what a row's boxes have as detail stands before the row."""
    rows = _rows(drawing.boxes)
    width = max(measure(box.label) for box in drawing.boxes) + PADDING
    left = max(DETAIL * measure(box.detail) for box in drawing.boxes) + PADDING
    boxes: dict[str, Place] = {}
    texts = []
    for r, row in enumerate(rows):
        y = BOX / 2 + r * (BOX + _GAP)
        for i, box in enumerate(row):
            boxes[box.name] = Place(left + width / 2 + i * (width + _GAP), y, width, BOX)
        texts.append((left - PADDING / 2, y, row[0].detail))
    longest = max(map(len, rows))
    lines = tuple(_line(boxes[a.name], boxes[b.name]) for a, b in pairwise(drawing.boxes))
    size = left + longest * width + (longest - 1) * _GAP, len(rows) * (BOX + _GAP) - _GAP
    return Layout(*size, boxes, {}, lines, tuple(texts))


def _rows(boxes: tuple[Box, ...]) -> list[list[Box]]:
    rows = []
    for _, group in groupby(boxes, key=lambda box: box.detail):
        row = list(group)
        rows += [row[i : i + LONGEST] for i in range(0, len(row), LONGEST)]
    return rows


def _line(a: Place, b: Place) -> Curve:
    """To the right in a row; otherwise down, through the gap between the rows."""
    if a.y == b.y:
        return straight([(a.x + a.width / 2, a.y), (b.x - b.width / 2, b.y)])
    start, end, middle = (a.x, a.y + a.height / 2), (b.x, b.y - b.height / 2), (a.y + b.y) / 2
    if a.x == b.x:
        return straight([start, end])
    return straight([start, (a.x, middle), (b.x, middle), end])
