"""Dots: one number for each of a few things, far from zero, and which of them was taken, as SVG or PNG."""

from __future__ import annotations

import os
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from attrs import frozen

from archir.files import atomic_write
from archir.show.draw import Format, format_of
from archir.show.grid import COLORS, draw_grid, ruled, titled

_WIDTH, _LETTERS = 4.2, 66  # inches of one panel, and letters of a line below it
_ROW, _LINE, _REST = 0.2, 0.14, 1.0  # inches of one row, of a line below, and of title and scale


@frozen
class Dots:
    """One panel: a row for each label, a dot at its value.

    taken: the row in another colour, and what a legend calls it. key: lines below the panel, such as what labels mean.
    """

    title: str
    labels: tuple[str, ...]
    values: tuple[float, ...]
    of_values: str
    taken: int
    taken_as: str
    key: tuple[str, ...] = ()


def save_dots(path: str | os.PathLike[str], panels: Sequence[Dots]) -> None:
    """Writes a picture of panels side by side; the file's suffix says which kind.

    Raises:
        ArchirError: NAS503 if the file cannot be written or has another suffix than .svg and .png; NAS601 for no panel.
    """
    atomic_write(path, draw_dots(panels, format_of(path)))


def draw_dots(panels: Sequence[Dots], format: Format = "svg") -> bytes:  # noqa: A002
    """A picture of panels side by side, on white; the same panels give the same bytes."""
    height = _REST + max((_ROW * len(panel.labels) + _LINE * len(_key(panel)) for panel in panels), default=0.0)
    return draw_grid(panels, _draw, format, columns=4, width=_WIDTH, height=height)


def _key(panel: Dots) -> list[str]:
    """The lines below a panel, none of them wider than it."""
    return [line for text in panel.key for line in wrap(text, _LETTERS, subsequent_indent="    ")]


def _draw(axes: Any, panel: Dots) -> None:
    from matplotlib.ticker import MaxNLocator

    places = range(len(panel.labels))
    others = [row for row in places if row != panel.taken]
    axes.scatter([panel.values[row] for row in others], others, c=COLORS[0], s=26, zorder=3)
    axes.scatter(panel.values[panel.taken], panel.taken, c=COLORS[1], s=26, zorder=3, label=panel.taken_as)
    axes.legend(
        frameon=False, fontsize=8, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2, handletextpad=0
    )
    axes.set_yticks(places, panel.labels)
    axes.set_ylim(len(panel.labels) - 0.5, -0.5)
    axes.set_xlabel(panel.of_values)
    if panel.key:
        axes.set_xlabel("\n".join([panel.of_values, "", *_key(panel)]), fontsize=7, loc="left", parse_math=False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.margins(x=0.08)
    ruled(axes)
    titled(axes, panel.title)
