"""Makes the networks that proposals prefer fit the targets, and samples gather about them.

What costs the right amount in the mean need not have a strongest network that does. Where it does not, the
operations of as few layers as possible are exchanged, those that theta hardly prefers first: the values of the old
and the new operation are swapped, so that theta keeps its length and nearly its angles to the others.
"""

from __future__ import annotations

from collections.abc import Set
from typing import TypeAlias

import numpy as np

from archir.proposals.costs import Array, Costs
from archir.proposals.feasible import enumerated
from archir.proposals.layers import Picks
from archir.proposals.samples import sampled, sampled_costs

SAMPLED_AT = 0.1
_NUMBERS = 4_000_000  # in the table of neighbors: of spaces with many layers, only a part fits
_MOVES = 30
_STARTS = 10
_SAMPLES = 1000
_SHARPER = 1.15
_SHARPEST = 60

Names: TypeAlias = Set[tuple[int, ...]]


def miss(of: Array, targets: Array) -> Array:
    """The largest |cost - target| / target of any measure, over (...) for costs over (..., measure)."""
    return np.asarray(np.abs(of / targets - 1).max(axis=-1))


def strongest(theta: Array, costs: Costs) -> Picks:
    """The network with the largest theta in each layer, over (..., layer)."""
    return np.asarray(np.where(costs.exists, theta, -np.inf).argmax(axis=-1))


def swapped(theta: Array, old: Picks, new: Picks) -> Array:
    """One proposal's theta, over (layer, operation), with the values of two networks exchanged."""
    layers = np.arange(len(theta))
    found = theta.copy()
    found[layers, old], found[layers, new] = theta[layers, new], theta[layers, old]
    return found


def repaired(
    theta: Array, costs: Costs, targets: Array, within: float, taken: Names, random: np.random.Generator
) -> Picks | None:
    """The network that one proposal shall stand for: its strongest one, or one near it that fits.

    Args:
        theta: over (layer, operation).
        costs: of the space.
        targets: over (measure).
        within: what counts as fitting.
        taken: networks that others stand for.
        random: for other starts, where exchanges of one or two operations lead nowhere.

    Returns:
        A network within the bound; without any, the nearest that was found. None if all are taken.
    """
    everything = enumerated(costs)
    if everything is not None:
        return _chosen(everything, theta, costs, targets, within, taken)
    best: Picks | None = None
    starts = np.concatenate(
        [strongest(theta, costs)[None]]
        + [sampled(theta[None], costs.exists, t, 1, random) for t in np.linspace(0.2, 2.0, _STARTS)]
    )
    for start in starts:
        found = _walk(start, theta, costs, targets, within, taken)
        if found is None:
            continue
        if best is None or miss(costs.of(found), targets) < miss(costs.of(best), targets):
            best = found
        if miss(costs.of(best), targets) <= within:
            break
    return best


def sharpened(theta: Array, costs: Costs, targets: Array, within: float) -> Array:
    """One proposal's theta, made larger until the median of samples at 0.1 is within the bound of each target.

    This ends: the larger theta, the more samples are its strongest network, which fits.
    """
    bound = max(within, float(miss(costs.of(strongest(theta, costs)), targets)))
    for _ in range(_SHARPEST):
        (of,) = sampled_costs(theta[None], costs, (SAMPLED_AT,), _SAMPLES).values()
        if (np.median(np.abs(of / targets - 1), axis=0) <= bound).all():
            break
        theta = theta * _SHARPER
    return theta


def _walk(start: Picks, theta: Array, costs: Costs, targets: Array, within: float, taken: Names) -> Picks | None:
    """From a network by exchanges of one or two operations to one that fits, or until none is nearer."""
    here, best = start, None
    if _name(here) not in taken:
        best = here
        if miss(costs.of(here), targets) <= within:
            return here
    for _ in range(_MOVES):
        found = _chosen(_neighbors(here, theta, costs), theta, costs, targets, within, taken)
        if found is None:
            break
        nearer = best is None or miss(costs.of(found), targets) < miss(costs.of(best), targets)
        if not nearer:
            break
        here = best = found
        if miss(costs.of(found), targets) <= within:
            break
    return best


def _chosen(networks: Picks, theta: Array, costs: Costs, targets: Array, within: float, taken: Names) -> Picks | None:
    """Of networks that are not taken, the one that theta prefers among those that fit, else the nearest."""
    misses = miss(costs.of(networks), targets)
    preferred = np.take_along_axis(theta[None], networks[..., None], axis=2)[..., 0].sum(axis=1)
    for n in np.lexsort((-preferred, np.maximum(misses, within))):
        if _name(networks[n]) not in taken:
            return np.asarray(networks[n])
    return None


def _neighbors(here: Picks, theta: Array, costs: Costs) -> Picks:
    """The networks that differ in one or two layers, over (network, layer); of many, those that theta prefers."""
    layers, operations = np.nonzero(costs.exists & (np.arange(costs.exists.shape[1]) != here[:, None]))
    worth = theta[layers, operations] - theta[layers, here[layers]]
    kept = np.argsort(-worth, kind="stable")[: int(np.sqrt(2 * _NUMBERS / len(theta)))]
    layers, operations = layers[kept], operations[kept]
    one, other = np.triu_indices(len(layers))
    apart = (layers[one] != layers[other]) | (one == other)
    one, other = one[apart], other[apart]
    found = np.repeat(here[None], len(one), axis=0)
    rows = np.arange(len(one))
    found[rows, layers[one]] = operations[one]
    found[rows, layers[other]] = operations[other]
    return found


def _name(picks: Picks) -> tuple[int, ...]:
    return tuple(picks.tolist())
