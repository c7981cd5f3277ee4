"""Panels in rows and columns, drawn by matplotlib to SVG or PNG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from math import ceil
from typing import Any, TypeVar

from archir.diagnostics import fail
from archir.show.draw import Format

P = TypeVar("P")
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5F6B76")  # Okabe and Ito


def draw_grid(
    panels: Sequence[P], draw: Callable[[Any, P], None], format: Format, *, columns: int,  # noqa: A002
    width: float, height: float = 3.0,
) -> bytes:  # fmt: skip
    """A picture on white of panels row by row; the same panels give the same bytes.

    Each is `width` inches wide and `height` high; `draw` puts it onto matplotlib's axes.

    Raises:
        ArchirError: NAS601 if there is nothing to draw.
    """
    if not panels:
        fail(
            "NAS601", "there is nothing to draw", help="pictures show what a run has come to; wait for an epoch to end"
        )
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(columns, len(panels))
    rows = ceil(len(panels) / columns)
    settings: Any = {"font.family": ["DejaVu Sans"], "font.size": 9, "svg.hashsalt": "archir"}
    with mpl.rc_context(settings):
        figure = Figure(figsize=(width * columns, height * rows), facecolor="white", layout="constrained")
        FigureCanvasAgg(figure)
        places = list(figure.subplots(rows, columns, squeeze=False).flat)
        for axes in places[len(panels) :]:
            axes.set_axis_off()
        for axes, panel in zip(places, panels, strict=False):
            draw(axes, panel)
        out = BytesIO()
        figure.savefig(out, format=format, dpi=150, metadata={"Date": None} if format == "svg" else None)
    return out.getvalue()


def titled(axes: Any, title: str) -> None:
    """What all panels have in common: a title on the left, and no frame above and on the right."""
    axes.set_title(title, loc="left", weight="bold", fontsize=10, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)


def ruled(axes: Any) -> None:
    """Pale lines at the ticks."""
    axes.grid(color="#E3E7EB", linewidth=0.8)


def legend_outside(axes: Any) -> None:
    """The legend right of the panel, where it covers no line; none without names."""
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.02), borderaxespad=0.2)
