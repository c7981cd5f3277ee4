"""Which targets some network can meet: exact ranges, and what is impossible in two measures at once.

The costs of networks are sums of one point for each layer, so their convex hull is known without enumeration: the
largest value of a weighted sum of measures is the sum of each layer's largest. In the plane of two measures the
sides of the hull are parallel to differences between operations of one layer, so looking along these is exact:
outside the hull there is neither a network nor a distribution that costs so much in the mean. Inside there is a
distribution; whether a network lies close is left to the search, unless the space is small enough to enumerate.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import prod
from typing import NoReturn

import numpy as np

from archir.analysis.bounds import SMALL
from archir.diagnostics import ArchirError, Diagnostic
from archir.proposals.costs import Array, Costs
from archir.proposals.layers import Picks
from archir.proposals.targets import quantity

_ROUNDING = 1e-9
_AT_ONCE = 256  # directions


def check_targets(costs: Costs, targets: Array, within: float) -> None:
    """Refuses targets that provably no network of the space comes close to.

    Args:
        costs: of the space.
        targets: over (measure).
        within: what counts as close, relative to the target.

    Raises:
        ArchirError: NAS407 with the possible range, if a target lies outside of the space's range, or two of them
            together outside the convex hull of its networks' costs.
    """
    problems = [
        Diagnostic("NAS407", f"no network of the space has {_words(name, target)}", help=_range(name, least, most))
        for name, target, least, most in zip(costs.measures, targets, costs.least, costs.most, strict=True)
        if not least * (1 - _ROUNDING) <= target * (1 + within) or not target * (1 - within) <= most * (1 + _ROUNDING)
    ]
    if problems:
        raise ArchirError(*problems)
    for i, j in combinations(range(len(targets)), 2):
        if not _is_inside(costs, targets, (i, j), within):
            _refuse_both(costs, targets, i, j)


def is_possible(costs: Costs, targets: Array, within: float) -> bool:
    """Whether `check_targets` lets the targets pass."""
    try:
        check_targets(costs, targets, within)
    except ArchirError:
        return False
    return True


def section(costs: Costs, i: int, j: int, amount: float) -> tuple[float, float]:
    """What measure i can be in the mean over networks that cost `amount` in measure j; low > high if there are none.

    Exact for distributions over networks. No network of that cost lies outside.
    """
    low, high = float(costs.least[i]), float(costs.most[i])
    for normals, reach in _sides(costs, (i, j)):
        with np.errstate(divide="ignore", invalid="ignore"):
            bound = (reach - normals[:, 1] * amount) / normals[:, 0]
        high = min(high, np.min(bound, where=normals[:, 0] > 0, initial=np.inf))
        low = max(low, np.max(bound, where=normals[:, 0] < 0, initial=-np.inf))
    return low, high


def enumerated(costs: Costs) -> Picks | None:
    """All networks of a small space, over (network, layer); None if there are more than 20,000."""
    shape = costs.exists.sum(axis=-1).tolist()
    if prod(shape) > SMALL:
        return None
    numbers = np.stack(np.unravel_index(np.arange(prod(shape)), shape), axis=-1)
    active = np.argsort(~costs.exists, axis=-1, kind="stable")  # the places of what can be kept first, in order
    return np.take_along_axis(active, numbers.T, axis=1).T


def _is_inside(costs: Costs, targets: Array, pair: tuple[int, int], within: float) -> bool:
    """Whether something of the box about two targets lies in the hull."""
    wanted = targets[list(pair)]
    for normals, reach in _sides(costs, pair):
        nearest = normals @ wanted - within * np.abs(normals) @ wanted
        if (nearest > reach + _ROUNDING * np.abs(normals) @ costs.most[list(pair)]).any():
            return False
    return True


def _sides(costs: Costs, pair: tuple[int, int]) -> Iterator[tuple[Array, Array]]:
    """The directions in which the hull may have sides, over (direction, 2), and how far it reaches in each."""
    table = costs.table[list(pair)]
    scale = np.maximum(costs.most[list(pair)], 1.0)[:, None, None]
    differences = table[..., :, None] - table[..., None, :]
    differences = (differences / scale[..., None])[:, costs.exists[:, :, None] & costs.exists[:, None, :]].T
    normals = np.stack((differences[:, 1], -differences[:, 0]), axis=1)  # both signs are there: k - l and l - k
    normals = np.concatenate((normals[np.abs(normals).sum(axis=1) > 0], np.eye(2), -np.eye(2)))
    normals = np.unique((normals / np.linalg.norm(normals, axis=1, keepdims=True)).round(12), axis=0) / scale[:, 0, 0]
    for start in range(0, len(normals), _AT_ONCE):
        some = normals[start : start + _AT_ONCE]
        along = np.where(costs.exists, np.einsum("di,ilo->dlo", some, table), -np.inf)
        yield some, some @ costs.fixed[list(pair)] + along.max(axis=2).sum(axis=1)


def _refuse_both(costs: Costs, targets: Array, i: int, j: int) -> NoReturn:
    names, lines = costs.measures, []
    for one, other in ((i, j), (j, i)):
        low, high = section(costs, one, other, targets[other])
        if low <= high:
            lines.append(f"with {_words(names[other], targets[other])}, {_range(names[one], low, high)}")
    message = f"no network of the space has {_words(names[i], targets[i])} and {_words(names[j], targets[j])}"
    raise ArchirError(Diagnostic("NAS407", message, help="; ".join(lines)))


def _words(measure: str, amount: float) -> str:
    return f"{measure}={quantity(measure, amount)}"


def _range(measure: str, low: float, high: float) -> str:
    least, most = quantity(measure, low), quantity(measure, high)
    return f"{measure} is {least}" if least == most else f"{measure} can be {least} to {most}"
