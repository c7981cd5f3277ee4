"""Bars: how much of each of a few things, and of how much, as SVG or PNG."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from archir.files import atomic_write
from archir.show.draw import Format, format_of
from archir.show.grid import COLORS, draw_grid, titled

_LETTERS = 34  # that stand side by side below one panel
_WIDTH = 4.2  # inches of one panel


@frozen
class Bars:
    """One panel: a bar for each label.

    wholes: what each value is a part of, drawn as a pale bar behind it. words: what is written at the end of each
    bar. across: the bars lie, the labels stand left of them, and there is no scale.
    """

    title: str
    labels: tuple[str, ...]
    values: tuple[float, ...]
    words: tuple[str, ...]
    wholes: tuple[float, ...] | None = None
    of_labels: str = ""
    of_values: str = ""
    across: bool = False


def save_bars(path: str | os.PathLike[str], panels: Sequence[Bars], *, columns: int = 2, width: float = _WIDTH) -> None:
    """Writes a picture of panels; the file's suffix says which kind.

    Raises:
        ArchirError: NAS503 if the file cannot be written or has another suffix than .svg and .png.
    """
    atomic_write(path, draw_bars(panels, format_of(path), columns=columns, width=width))


def draw_bars(
    panels: Sequence[Bars], format: Format = "svg", *, columns: int = 2, width: float = _WIDTH  # noqa: A002
) -> bytes:  # fmt: skip
    """A picture of panels row by row, on white; the same panels give the same bytes."""
    return draw_grid(panels, _draw, format, columns=columns, width=width)


def _draw(axes: Any, panel: Bars) -> None:
    places = range(len(panel.labels))
    draw = axes.barh if panel.across else axes.bar
    if panel.wholes is not None:
        draw(places, panel.wholes, color="#DCE3E9")
    bars = draw(places, panel.values, color=COLORS[0])
    axes.bar_label(bars, labels=panel.words, padding=2, fontsize=8)
    titled(axes, panel.title)
    if panel.across:
        axes.set_yticks(places, panel.labels)
        axes.invert_yaxis()
        axes.set_xlim(0, 1.5 * max([*panel.values, *(panel.wholes or ())], default=1.0) or 1.0)  # room for words
        axes.set_xticks([])  # the words say it
        axes.spines["bottom"].set_visible(False)
        return
    crowded = sum(len(label) + 1 for label in panel.labels) > _LETTERS
    axes.set_xticks(places, panel.labels, rotation=90 if crowded else 0, fontsize=7 if len(places) > 14 else 9)
    axes.set_xlabel(panel.of_labels)
    axes.set_ylabel(panel.of_values)
    axes.set_ylim(0, 1.15 * max([*panel.values, *(panel.wholes or ())], default=1.0) or 1.0)
    axes.yaxis.get_major_locator().set_params(integer=True)
