"""Drawings as SVG or PNG, drawn by matplotlib."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, get_args

from archir.diagnostics import fail
from archir.files import atomic_write
from archir.show.drawing import Drawing
from archir.show.page import page_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Format: TypeAlias = Literal["svg", "png"]

SIZE = 9.5
"""Of texts, in points."""


def draw(drawings: Sequence[Drawing], format: Format = "svg") -> bytes:  # noqa: A002
    """A picture of drawings, on white.

    The same drawings give the same bytes.

    Raises:
        ArchirError: NAS601 if there is nothing to draw.
    """
    if not drawings:
        fail("NAS601", "there is nothing to draw", help="give a net, a stage or a cell")
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from archir.show.strokes import draw_block

    settings: Any = {"font.family": ["DejaVu Sans"], "mathtext.fontset": "dejavuserif", "svg.hashsalt": "archir"}
    settings["text.hinting"] = "no_hinting"  # texts are as wide as they were measured
    with mpl.rc_context(settings):
        page = page_of(drawings, _width)
        figure = Figure(figsize=(page.width, page.height), facecolor="white")
        FigureCanvasAgg(figure)
        axes: Axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, page.width), ylim=(page.height, 0))
        axes.set_axis_off()
        for x, y, block in page.blocks:
            draw_block(axes, block, (x, y), SIZE)
        out = BytesIO()
        figure.savefig(out, format=format, dpi=200, metadata={"Date": None} if format == "svg" else None)
    return out.getvalue()


def save(path: str | os.PathLike[str], drawings: Sequence[Drawing]) -> None:
    """Writes a picture; the file's suffix says which kind.

    Raises:
        ArchirError: NAS503 if the file cannot be written or has another suffix than .svg and .png.
    """
    atomic_write(path, draw(drawings, format_of(path)))


def format_of(path: str | os.PathLike[str]) -> Format:
    """The kind of picture that a file's suffix says; raises `ArchirError` NAS503 for any but .svg and .png."""
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in get_args(Format):
        fail("NAS503", f"`{path}` is no name for a picture", help="let it end in `.svg` or `.png`")
    return cast(Format, suffix)


@lru_cache(maxsize=4096)
def _width(text: str) -> float:
    """The width of a text in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    from archir.show.strokes import as_math

    font = FontProperties(family="DejaVu Sans", size=SIZE)
    return float(TextPath((0, 0), as_math(text), prop=font).get_extents().width) / 72
