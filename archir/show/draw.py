"""Drawings as SVG or PNG, drawn by matplotlib."""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, get_args

from archir.diagnostics import fail
from archir.files import atomic_write
from archir.show.drawing import Arrow, Box, Drawing, Family
from archir.show.layout import Layout, Place, Point, curve_of, layout_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Format: TypeAlias = Literal["svg", "png"]

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
_INK = "#1B2025"
_SIZE, _TITLE = 9.5, 13.0  # points
_MARGIN, _HEADING, _BETWEEN = 0.15, 0.36, 0.3  # inches


def draw_cells(drawings: Sequence[Drawing], format: Format = "svg") -> bytes:  # noqa: A002
    """A picture of drawings one below the other, on white.

    The same drawings give the same bytes.

    Raises:
        ArchirError: NAS601 if there is nothing to draw.
    """
    if not drawings:
        fail("NAS601", "there is no cell or stage to draw", help="define a `cell` or a `stage` and call it in the net")
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    settings: Any = {"font.family": ["DejaVu Sans"], "mathtext.fontset": "dejavuserif", "svg.hashsalt": "archir"}
    with mpl.rc_context(settings):
        layouts = [layout_of(drawing, _width) for drawing in drawings]
        width = max(layout.width for layout in layouts) + 2 * _MARGIN
        height = sum(layout.height + _HEADING for layout in layouts) + _BETWEEN * (len(layouts) - 1) + 2 * _MARGIN
        figure = Figure(figsize=(width, height), facecolor="white")
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        top = _MARGIN
        for drawing, layout in zip(drawings, layouts, strict=True):
            axes.text(
                _MARGIN, top + 0.02, drawing.title, size=_TITLE, weight="bold", color=_INK, va="top", parse_math=False
            )
            _draw(axes, drawing, layout, (_MARGIN, top + _HEADING))
            top += _HEADING + layout.height + _BETWEEN
        out = BytesIO()
        figure.savefig(out, format=format, dpi=200, metadata={"Date": None} if format == "svg" else None)
    return out.getvalue()


def save_cells(path: str | os.PathLike[str], drawings: Sequence[Drawing]) -> None:
    """Writes a picture; the file's suffix says which kind.

    Raises:
        ArchirError: NAS503 if the file cannot be written or has another suffix than .svg and .png.
    """
    atomic_write(path, draw_cells(drawings, format_of(path)))


def format_of(path: str | os.PathLike[str]) -> Format:
    """The kind of picture that a file's suffix says; raises `ArchirError` NAS503 for any but .svg and .png."""
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in get_args(Format):
        fail("NAS503", f"`{path}` is no name for a picture", help="let it end in `.svg` or `.png`")
    return cast(Format, suffix)


def _width(text: str) -> float:
    """The width of a text in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    return (
        float(TextPath((0, 0), _math(text), prop=FontProperties(family="DejaVu Sans", size=_SIZE)).get_extents().width)
        / 72
    )


def _math(text: str) -> str:
    """`c_{k-2}` is set as a formula; names are not."""
    return f"${text.replace('-', '{-}')}$" if "{" in text else text


def _draw(axes: Axes, drawing: Drawing, layout: Layout, corner: tuple[float, float]) -> None:
    for arrow, line in zip(drawing.arrows, layout.lines, strict=True):
        _draw_line(axes, arrow, [(x + corner[0], y + corner[1], slope) for x, y, slope in line])
    for i, place in layout.labels.items():
        arrow = drawing.arrows[i]
        _draw_text(axes, arrow.label, place, corner, COLORS[arrow.family], _tint(COLORS[arrow.family]), round_=True)
    for box in drawing.boxes:
        _draw_box(axes, box, layout.boxes[box.name], corner)


def _draw_line(axes: Axes, arrow: Arrow, points: Sequence[Point]) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Curve

    vertices = curve_of(points)
    codes = [Curve.MOVETO, *[Curve.CURVE4] * (len(vertices) - 1)]
    thin = arrow.family == "plain"
    axes.add_patch(
        FancyArrowPatch(
            path=Curve(vertices, codes),
            arrowstyle="-|>",
            mutation_scale=8,
            linewidth=1.0 if thin else 1.5,
            color=COLORS[arrow.family],
            capstyle="butt",
            joinstyle="miter",
            zorder=1 if thin else 2,
        )
    )


def _draw_box(axes: Axes, box: Box, place: Place, corner: tuple[float, float]) -> None:
    fill = "white" if box.role == "node" else "#E9EDF1"
    _draw_text(axes, box.label, place, corner, _INK, fill, round_=False)


def _draw_text(
    axes: Axes, text: str, place: Place, corner: tuple[float, float], edge: str, fill: str, *, round_: bool
) -> None:
    from matplotlib.patches import FancyBboxPatch

    x, y = place.x + corner[0], place.y + corner[1]
    radius = place.height / 2 if round_ else 0.07
    axes.add_patch(
        FancyBboxPatch(
            (x - place.width / 2, y - place.height / 2),
            place.width,
            place.height,
            boxstyle=f"round,pad=0,rounding_size={radius}",
            linewidth=1.2,
            edgecolor=edge,
            facecolor=fill,
            zorder=3,
        )
    )
    axes.text(
        x, y, _math(text), size=_SIZE, color=_INK, ha="center", va="center_baseline", zorder=4, parse_math="{" in text
    )


def _tint(color: str) -> str:
    """A light shade of a color, opaque, on which dark text is read well."""
    parts = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - 0.16 * (255 - part)):02X}" for part in parts)
