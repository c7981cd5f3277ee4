"""Curves of runs over epochs, as SVG or PNG."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, TypeAlias

from attrs import frozen

from archir.files import atomic_write
from archir.show.draw import Format, format_of
from archir.show.grid import COLORS, draw_grid, legend_outside, ruled, titled

Values: TypeAlias = Sequence[float | None]

_STYLES = ("-", "--", ":", "-.")
_WIDTH = 4.8  # inches of one panel, its legend included


@frozen
class Curve:
    """One line: its name, its number (which decides the colour), a value for each epoch from the first; None is a gap.

    style: lines of one colour are told apart by it. band: between which values, epoch by epoch, the line's colour is
    drawn faintly: of several runs, for example, of which the line is the mean.
    """

    name: str
    values: Values
    number: int = 0
    style: int = 0
    band: tuple[Values, Values] | None = None


@frozen
class Panel:
    """What one panel shows."""

    title: str
    curves: tuple[Curve, ...]
    percent: bool = False


def save_curves(path: str | os.PathLike[str], panels: Sequence[Panel], *, columns: int = 4) -> None:
    """Writes a picture of panels; the file's suffix says which kind.

    Raises:
        ArchirError: NAS503 if the file cannot be written or has another suffix than .svg and .png.
    """
    atomic_write(path, draw_curves(panels, format_of(path), columns=columns))


def draw_curves(panels: Sequence[Panel], format: Format = "svg", *, columns: int = 4) -> bytes:  # noqa: A002
    """A picture of panels row by row, on white; the same panels give the same bytes."""
    return draw_grid(panels, _draw, format, columns=columns, width=_WIDTH)


def _draw(axes: Any, panel: Panel) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    for curve in panel.curves:
        numbers = _numbers(curve.values)
        epochs, color = range(1, len(numbers) + 1), COLORS[curve.number % len(COLORS)]
        axes.plot(
            epochs, numbers, label=curve.name, color=color, linestyle=_STYLES[curve.style % len(_STYLES)],
            linewidth=1.6, marker="o" if sum(v is not None for v in curve.values) < 2 else None,
        )  # fmt: skip
        if curve.band is not None:
            axes.fill_between(epochs, *map(_numbers, curve.band), color=color, alpha=0.15, linewidth=0)
    titled(axes, panel.title)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if panel.percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    ruled(axes)
    legend_outside(axes)


def _numbers(values: Values) -> list[float]:
    return [float("nan") if v is None else v for v in values]
