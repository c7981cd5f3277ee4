"""Descends Eq. 7 of HourNAS from random starts: a few hundred steps of Adam on arrays."""

from __future__ import annotations

import numpy as np

from archir.proposals.costs import Array, Costs
from archir.proposals.objective import disorder, misses

STEPS = 600
RATE = 0.05  # falls to 0 linearly: the terms have kinks, on which a constant rate would tremble
TEMPERATURE = 0.2
"""What is sampled here fits; at lower temperatures, the more so."""
ORTHOGONALITY = (0.2, 0.01, 0.7)
"""Its weight first and last, and the part of the steps after which it is the last one.

First proposals are driven apart, then they are fitted to the targets; the rest of weight keeps them orthogonal.
"""


def optimized(costs: Costs, targets: Array, count: int, random: np.random.Generator, steps: int = STEPS) -> Array:
    """Theta over (proposal, layer, operation), zero where a layer has no operation."""
    shape = (count, *costs.exists.shape)
    theta = np.where(costs.exists, random.normal(scale=1 / np.sqrt(shape[-1]), size=shape), 0.0)
    first, second = np.zeros(shape), np.zeros(shape)
    for step in range(steps):
        gradient = misses(theta, costs, targets, TEMPERATURE)[1]
        gradient += _weight(step / steps) * disorder(theta, costs.exists)[1]
        first = 0.9 * first + 0.1 * gradient
        second = 0.99 * second + 0.01 * gradient**2
        moved = first / (1 - 0.9 ** (step + 1)) / (np.sqrt(second / (1 - 0.99 ** (step + 1))) + 1e-8)
        theta = theta - RATE * (1 - step / steps) * moved
    return theta


def _weight(time: float) -> float:
    start, end, until = ORTHOGONALITY
    return max(end, start * (1 - time / until))
