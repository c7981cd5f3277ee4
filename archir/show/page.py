"""Drawings on a page: the net at the left, its stages and cells beside it, as near to a square as they fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from attrs import frozen

from archir.show.drawing import Drawing
from archir.show.layout import layout_of
from archir.show.places import DETAIL, Layout, Measure

MARGIN = 0.15
LINE = 0.17
"""The height of a line of notes."""
_TITLE = 0.3
_BELOW = 0.1  # between notes and drawing
_BETWEEN = 0.35
_NARROWEST = 3.6  # of a column of notes


@frozen
class Block:
    """A drawing with its title and its notes, broken into lines."""

    drawing: Drawing
    layout: Layout
    notes: tuple[str, ...]
    width: float

    @property
    def heading(self) -> float:
        """The height above the layout."""
        return _TITLE + len(self.notes) * LINE + _BELOW

    @property
    def height(self) -> float:
        """The height of all."""
        return self.heading + self.layout.height


Placed: TypeAlias = tuple[float, float, Block]
"""A block with the corner at its upper left."""


@frozen
class Page:
    """Where blocks are, in inches."""

    width: float
    height: float
    blocks: tuple[Placed, ...]


def page_of(drawings: Sequence[Drawing], measure: Measure) -> Page:
    """The page of some drawings; a column in front of others stays at their left."""
    blocks = [_block(drawing, measure) for drawing in drawings]
    side = blocks[:1] if len(blocks) > 1 and drawings[0].form == "column" else []
    left = MARGIN + sum(block.width + 1.5 * _BETWEEN for block in side)
    rest = blocks[len(side) :]
    pages = [_columns(rest, left, count) for count in range(1, len(rest) + 1)]
    placed = [*((MARGIN, MARGIN, block) for block in side), *min(pages, key=lambda page: max(_size(page)))]
    width, height = _size(placed)
    return Page(width + MARGIN, height + MARGIN, tuple(placed))


def _size(placed: Sequence[Placed]) -> tuple[float, float]:
    return max(x + block.width for x, _, block in placed), max(y + block.height for _, y, block in placed)


def _columns(blocks: Sequence[Block], left: float, count: int) -> list[Placed]:
    """Blocks in columns, each in the one that is shortest so far."""
    columns: list[list[Block]] = [[] for _ in range(count)]
    bottoms = [MARGIN] * count
    tops = []
    for block in blocks:
        i = bottoms.index(min(bottoms))
        columns[i].append(block)
        tops.append((i, bottoms[i], block))
        bottoms[i] += block.height + _BETWEEN
    widths = [max((block.width for block in column), default=0.0) + _BETWEEN for column in columns]
    return [(left + sum(widths[:i]), top, block) for i, top, block in tops]


def _block(drawing: Drawing, measure: Measure) -> Block:
    layout = layout_of(drawing, measure)
    width = max(layout.width, _NARROWEST) if drawing.notes else layout.width
    notes = tuple(line for note in drawing.notes for line in _broken(note, measure, width / DETAIL))
    texts = [measure(drawing.title) * 1.5, *(measure(note) * DETAIL for note in notes)]
    return Block(drawing, layout, notes, max(layout.width, *texts))


def _broken(note: str, measure: Measure, width: float) -> list[str]:
    lines: list[str] = []
    for word in note.split(" "):
        if lines and measure(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word if not lines else f"    {word}")
    return lines
