"""Networks sampled from proposals, and how far their costs lie from the targets (HourNAS, Figure 3)."""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from archir.proposals.costs import Array, Costs
from archir.proposals.layers import Picks
from archir.proposals.objective import probabilities

TEMPERATURES = (5.0, 1.0, 0.5, 0.1)
"""Those of Figure 3."""
NEAR = 0.05


@frozen
class Spread:
    """How the costs of sampled networks lie about the targets at one temperature.

    Attributes:
        temperature: of the softmax.
        median_miss: the median of |cost - target| / target, by measure.
        quantiles: 5%, 50% and 95% of (cost - target) / target, by measure.
        near: the share of samples that are within 5% of all targets.
    """

    temperature: float
    median_miss: tuple[float, ...]
    quantiles: tuple[tuple[float, float, float], ...]
    near: float


def sampled(
    theta: Array, exists: NDArray[np.bool_], temperature: float, count: int, random: np.random.Generator
) -> Picks:
    """Networks, over (count, layer): a proposal by chance (Pi is uniform), then an operation for each layer.

    This is what Gumbel-Max draws: operation k of a layer with probability softmax(theta / temperature)[k].
    """
    ends = probabilities(theta, exists, temperature).cumsum(axis=-1)
    which = random.integers(len(theta), size=count)
    drawn = random.random((count, theta.shape[1], 1))
    picks = np.empty(drawn.shape[:2], dtype=np.intp)
    for p, end in enumerate(ends):
        mine = which == p
        picks[mine] = (drawn[mine] >= end).sum(axis=-1)
    last = exists.shape[1] - 1 - exists[:, ::-1].argmax(axis=-1)
    return np.asarray(np.minimum(picks, last))  # the last end may be rounded to less than 1


def spread(of: Array, targets: Array, temperature: float) -> Spread:
    """What is said of the costs of samples, over (sample, measure)."""
    off = of / targets - 1
    quantiles = np.quantile(off, (0.05, 0.5, 0.95), axis=0).T
    return Spread(
        temperature,
        tuple(np.median(np.abs(off), axis=0).tolist()),
        tuple((low, middle, high) for low, middle, high in quantiles.tolist()),
        float((np.abs(off).max(axis=1) <= NEAR).mean()),
    )


def sampled_costs(
    theta: Array, costs: Costs, temperatures: tuple[float, ...] = TEMPERATURES, count: int = 10_000, seed: int = 0
) -> dict[float, Array]:
    """The costs of sampled networks at each temperature, over (sample, measure)."""
    found = {}
    for temperature in temperatures:
        random = np.random.default_rng((seed, 1))
        found[temperature] = costs.of(sampled(theta, costs.exists, temperature, count, random))
    return found


def bits(theta: Array, exists: NDArray[np.bool_], temperature: float) -> Array:
    """The entropy of each proposal, over (proposal): 2 to this power is how many networks it spreads over."""
    p = probabilities(theta, exists, temperature)
    return np.asarray(-(p * np.log2(np.where(p > 0, p, 1.0))).sum(axis=(-2, -1)))
