"""Curves over epochs: small panels side by side, drawn by matplotlib."""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from attrs import frozen

from archir.files import atomic_write
from archir.show.draw import Format, format_of

_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5F6B76")  # Okabe and Ito
_STYLES = ("-", "--", ":", "-.")
_WIDTH, _HEIGHT = 4.2, 3.0  # inches of one panel


@frozen
class Curve:
    """One line: its name, its number (which decides the colour), a value for each epoch from the first; None is a gap.

    style: lines of one colour are told apart by it.
    """

    name: str
    values: Sequence[float | None]
    number: int = 0
    style: int = 0


@frozen
class Panel:
    """What one panel shows."""

    title: str
    curves: tuple[Curve, ...]
    percent: bool = False


def save_curves(path: str | os.PathLike[str], panels: Sequence[Panel]) -> None:
    """Writes a picture of panels; the file's suffix says which kind.

    Raises:
        ArchirError: NAS503 if the file cannot be written or has another suffix than .svg and .png.
    """
    atomic_write(path, draw_curves(panels, format_of(path)))


def draw_curves(panels: Sequence[Panel], format: Format = "svg") -> bytes:  # noqa: A002
    """A picture of panels side by side, on white; the same panels give the same bytes."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    settings: Any = {"font.family": ["DejaVu Sans"], "font.size": 9, "svg.hashsalt": "archir"}
    with mpl.rc_context(settings):
        figure = Figure(figsize=(_WIDTH * len(panels), _HEIGHT), facecolor="white", layout="constrained")
        FigureCanvasAgg(figure)
        for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            _draw(axes, panel)
        out = BytesIO()
        figure.savefig(out, format=format, dpi=150, metadata={"Date": None} if format == "svg" else None)
    return out.getvalue()


def _draw(axes: Any, panel: Panel) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    for curve in panel.curves:
        numbers = [float("nan") if v is None else v for v in curve.values]
        axes.plot(
            range(1, len(numbers) + 1), numbers, label=curve.name, color=_COLORS[curve.number % len(_COLORS)],
            linestyle=_STYLES[curve.style % len(_STYLES)], linewidth=1.6, marker="o" if len(numbers) < 2 else None,
        )  # fmt: skip
    axes.set_title(panel.title, loc="left", weight="bold", fontsize=10, parse_math=False)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if panel.percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(color="#E3E7EB", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False, fontsize=8)
