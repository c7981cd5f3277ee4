"""The vertical centers of slots: few and large steps of arrows, nothing closer than allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import inf
from statistics import median

from archir.show.layers import Layers, Slot, links

_APART = 0.09  # between slots of a column
_ROUNDS = 120
_SOFT = 2.0, 0.05, 0.93  # inches below which a step is as good as none: first, last, and from round to round


def heights_of(layers: Layers, size: Mapping[Slot, float], by_kind: Sequence[float]) -> dict[Slot, float]:
    """The vertical centers: the least sum of the steps of all arrows, nothing closer than allowed.

    Column by column, each to and fro: the wanted centers of a column are the means of their neighbors, each weighed
    by one over its step, so that an arrow makes one large step rather than many small ones; what stands too close is
    moved apart by the least squares.
    """
    near: dict[Slot, list[tuple[Slot, float]]] = {}
    for a, b in links(layers.routes):
        pull = by_kind[(a.box is None) + (b.box is None)]
        near.setdefault(a, []).append((b, pull))
        near.setdefault(b, []).append((a, pull))
    offsets = {row: _offsets(row, size) for row in layers.columns}
    ys = {slot: y - offsets[row][-1] / 2 for row in layers.columns for slot, y in zip(row, offsets[row], strict=True)}
    for n in range(_ROUNDS):
        soft = max(_SOFT[1], _SOFT[0] * _SOFT[2] ** n)  # squares at first, absolute values at the end
        for row in (*layers.columns, *reversed(layers.columns)):
            pulls = [
                [(m, w / (abs(ys[m] - ys[slot]) + soft)) for m, w in near.get(slot, ())] or [(slot, 1.0)]
                for slot in row
            ]
            weights = [sum(w for _, w in pull) for pull in pulls]
            wanted = [sum(w * ys[m] for m, w in pull) / weight for pull, weight in zip(pulls, weights, strict=True)]
            moved = _increasing([y - o for y, o in zip(wanted, offsets[row], strict=True)], weights)
            ys.update((s, m + o) for s, m, o in zip(row, moved, offsets[row], strict=True))
    _straighten(layers, size, ys)
    return ys


def _straighten(layers: Layers, size: Mapping[Slot, float], ys: dict[Slot, float]) -> None:
    """Puts all slots of an arrow at one height where what stands beside them leaves room, long arrows first."""
    above: dict[Slot, Slot] = {}
    below: dict[Slot, Slot] = {}
    for row in layers.columns:
        below |= dict(pairwise(row))
        above |= {b: a for a, b in pairwise(row)}
    for route in sorted(layers.routes, key=len, reverse=True):
        inner = route[1:-1]
        least = max((ys[above[s]] + _distance(size, above[s], s) for s in inner if s in above), default=-inf)
        most = min((ys[below[s]] - _distance(size, s, below[s]) for s in inner if s in below), default=inf)
        if inner and least <= most:
            ys |= dict.fromkeys(inner, max(least, min(most, median(ys[s] for s in inner))))


def _offsets(row: Sequence[Slot], size: Mapping[Slot, float]) -> list[float]:
    """The centers of a column's slots when they stand as close as they may."""
    offsets = [0.0] if row else []
    for above, below in pairwise(row):
        offsets.append(offsets[-1] + _distance(size, above, below))
    return offsets


def _distance(size: Mapping[Slot, float], a: Slot, b: Slot) -> float:
    """Least, of the centers of two neighbors in a column."""
    return (size[a] + size[b]) / 2 + _APART


def _increasing(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The nearest sequence that never falls, by weighted least squares (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []  # mean, weight, length
    for value, weight in zip(values, weights, strict=True):
        mean, total, length = value, weight, 1
        while pools and pools[-1][0] > mean:
            m, w, n = pools.pop()
            mean, total, length = (m * w + mean * total) / (w + total), w + total, n + length
        pools.append((mean, total, length))
    return [mean for mean, _, length in pools for _ in range(length)]
