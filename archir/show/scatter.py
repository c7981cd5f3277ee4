"""Clouds of points in one plane, a panel each, about a target (HourNAS, Figure 3)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from archir.files import atomic_write
from archir.show.draw import Format, format_of
from archir.show.grid import COLORS, draw_grid, ruled, titled

_WIDTH, _HEIGHT = 3.05, 3.4  # inches of one panel
_FEW = 500  # points that are seen one by one
_MARGIN = 0.06  # of the range of the points


@frozen
class Axis:
    """What one coordinate is: its name, and the amount that is wished for, if any."""

    name: str
    target: float | None = None


@frozen(eq=False)
class Cloud:
    """What one panel shows: its title, and points over (point, 2): across and upwards."""

    title: str
    points: NDArray[np.float64]


def save_scatter(path: str | os.PathLike[str], clouds: Sequence[Cloud], across: Axis, upwards: Axis) -> None:
    """Writes a picture of clouds; the file's suffix says which kind.

    Raises:
        ArchirError: NAS503 if the file cannot be written or has another suffix than .svg and .png.
    """
    atomic_write(path, draw_scatter(clouds, across, upwards, format_of(path)))


def draw_scatter(clouds: Sequence[Cloud], across: Axis, upwards: Axis, format: Format = "svg") -> bytes:  # noqa: A002
    """Panels side by side with the same axes, and lines at the targets; the same clouds give the same bytes.

    Many points are pixels in an .svg, too: as shapes, tens of thousands of them would take megabytes.
    """
    limits = _limits(clouds, across, upwards)

    def panel(axes: Any, cloud: Cloud) -> None:
        _draw(axes, cloud, across, upwards)
        axes.set(**limits)
        if cloud is clouds[0]:
            axes.set_ylabel(upwards.name)
        else:
            axes.tick_params(labelleft=False)

    return draw_grid(clouds, panel, format, columns=len(clouds), width=_WIDTH, height=_HEIGHT)


def _draw(axes: Any, cloud: Cloud, across: Axis, upwards: Axis) -> None:
    from matplotlib.ticker import EngFormatter, MaxNLocator

    if across.target is not None:
        axes.axvline(across.target, color=COLORS[1], linewidth=0.8)
    if upwards.target is not None:
        axes.axhline(upwards.target, color=COLORS[1], linewidth=0.8)
    few = len(cloud.points) <= _FEW
    axes.plot(
        *cloud.points.T, linestyle="", marker="o", markersize=4.4 if few else 2.2, markeredgewidth=0, color=COLORS[0],
        alpha=0.6 if few else 0.25, rasterized=not few,
    )  # fmt: skip
    titled(axes, cloud.title)
    axes.set_xlabel(across.name)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5))
        axis.set_major_formatter(EngFormatter(sep=""))
    ruled(axes)
    axes.set_axisbelow(True)


def _limits(clouds: Sequence[Cloud], across: Axis, upwards: Axis) -> dict[str, tuple[float, float]]:
    target = np.array([[np.nan if axis.target is None else axis.target for axis in (across, upwards)]])
    points = np.concatenate([*(cloud.points for cloud in clouds), target])
    least, most = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    margin = _MARGIN * np.where(most > least, most - least, 1.0)
    low, high = (least - margin).tolist(), (most + margin).tolist()
    return {"xlim": (low[0], high[0]), "ylim": (low[1], high[1])}
