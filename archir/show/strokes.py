"""How boxes, arrows and texts look, in matplotlib's patches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archir.show.drawing import Arrow, Box, Drawing, Family, Mark
from archir.show.page import LINE, Block
from archir.show.places import DETAIL, LABEL_HEIGHT, Curve, Layout, Place

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette, which people with color blindness tell apart; every arrow has its name, too.
COLORS: dict[Family, str] = {
    "separable": "#0072B2",
    "dilated": "#D55E00",
    "conv": "#CC79A7",
    "pool": "#009E73",
    "skip": "#5F6B76",
    "none": "#B8BEC5",
    "other": "#E69F00",
    "choice": "#56B4E9",
    "plain": "#9AA3AC",
}
_INK, _PALE = "#1B2025", "#6B7680"
_FILL = "#E9EDF1"
_TITLE = 13.0  # points
_WEAK = 0.3  # how much of its color the weakest arrow keeps

Corner = tuple[float, float]


def draw_block(axes: Axes, block: Block, corner: Corner, size: float) -> None:
    """A drawing with its title and its notes."""
    x, y = corner
    axes.text(x, y, block.drawing.title, size=_TITLE, weight="bold", color=_INK, va="top", parse_math=False)
    for i, note in enumerate(block.notes):
        top = y + block.heading - 0.1 - (len(block.notes) - i) * LINE
        axes.text(x, top, note, size=DETAIL * size, color=_PALE, va="top", parse_math=False)
    _draw(axes, block.drawing, block.layout, (x, y + block.heading), size)


def as_math(text: str) -> str:
    """`c_{k-2}` is set as a formula; names are not."""
    return f"${text.replace('-', '{-}')}$" if "{" in text else text


def _draw(axes: Axes, drawing: Drawing, layout: Layout, corner: Corner, size: float) -> None:
    most = max((a.strength for a in drawing.arrows if a.strength is not None), default=0.0) or 1.0
    dead = {box.name for box in drawing.boxes if box.dead}
    for i, (arrow, line) in enumerate(zip(drawing.arrows, layout.lines, strict=True)):
        relative = 1.0 if arrow.strength is None else arrow.strength / most
        relative = _WEAK if arrow.target in dead else relative
        _draw_line(axes, arrow, line, corner, relative)
        if i in layout.labels:
            _draw_marks(axes, arrow.marks, layout.labels[i], corner, size, relative)
    for box in drawing.boxes:
        _draw_box(axes, box, layout.boxes[box.name], corner, size, told=not layout.texts)
    for x, y, text in layout.texts:
        where = (x + corner[0], y + corner[1])
        axes.text(*where, text, size=DETAIL * size, color=_PALE, ha="right", va="center_baseline", parse_math=False)


def _draw_line(axes: Axes, arrow: Arrow, line: Curve, corner: Corner, relative: float) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    plain = arrow.family == "plain" and not arrow.marks
    vertices = [(x + corner[0], y + corner[1]) for x, y in line]
    codes = [Path.MOVETO, *[Path.CURVE4] * (len(vertices) - 1)]
    axes.add_patch(
        FancyArrowPatch(
            path=Path(vertices, codes), arrowstyle="-|>", mutation_scale=8, capstyle="butt", joinstyle="miter",
            linewidth=1.0 if plain else 1.5 if arrow.strength is None else 0.6 + 2.0 * relative,
            color=_mixed(COLORS[arrow.family], _WEAK + (1 - _WEAK) * relative),
            zorder=1 if plain else 1 + relative,
        )
    )  # fmt: skip


def _draw_marks(
    axes: Axes, marks: tuple[Mark, ...], place: Place, corner: Corner, size: float, relative: float
) -> None:
    for i, mark in enumerate(marks):
        y = place.y - place.height / 2 + (i + 0.5) * LABEL_HEIGHT
        edge = _mixed(COLORS[mark.family], _WEAK + (1 - _WEAK) * relative)
        part = Place(place.x + corner[0], y + corner[1], place.width, LABEL_HEIGHT)
        _rectangle(axes, part, LABEL_HEIGHT / 2, edge, _mixed(COLORS[mark.family], 0.16 * relative))
        _text(axes, mark.text, part.x, part.y, size, _INK if relative > _WEAK else _PALE)


def _draw_box(axes: Axes, box: Box, place: Place, corner: Corner, size: float, *, told: bool) -> None:
    """`told`: with its detail, which has no place beside it."""
    there = Place(place.x + corner[0], place.y + corner[1], place.width, place.height)
    if box.family is not None:
        _rectangle(axes, there, 0.07, COLORS[box.family], _mixed(COLORS[box.family], 0.16))
    else:
        edge, style = (_PALE, (0, (3, 2))) if box.dead else (_INK, "solid")
        _rectangle(axes, there, 0.07, edge, "white" if box.role == "node" else _FILL, linestyle=style)
    detail = box.detail if told else ""
    color = _PALE if box.dead else _INK
    _text(axes, box.label, there.x, there.y - (0.07 if detail else 0.0), size, color)
    if detail:
        _text(axes, detail, there.x, there.y + 0.11, DETAIL * size, _PALE)


def _rectangle(axes: Axes, place: Place, radius: float, edge: str, fill: str, **style: Any) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner = (place.x - place.width / 2, place.y - place.height / 2)
    shape = f"round,pad=0,rounding_size={radius}"
    axes.add_patch(
        FancyBboxPatch(
            corner, place.width, place.height, boxstyle=shape, linewidth=1.2, edgecolor=edge, facecolor=fill,
            zorder=3, **style,
        )
    )  # fmt: skip


def _text(axes: Axes, text: str, x: float, y: float, size: float, color: str) -> None:
    axes.text(
        x, y, as_math(text), size=size, color=color, ha="center", va="center_baseline", zorder=4,
        parse_math="{" in text,
    )  # fmt: skip


def _mixed(color: str, part: float) -> str:
    """A part of a color on white, opaque."""
    parts = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - part * (255 - value)):02X}" for value in parts)
