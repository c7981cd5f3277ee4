"""Eqs. 5 to 7 of HourNAS in closed form, with their gradients.

R(A(theta)) is the cost of a network that is sampled from theta: a sum of as many independent terms as there are
layers, so nearly normal, with a mean and a variance that are sums over layers. |R - T| is replaced by its
expectation under that normal distribution. The expected cost alone, |E R - T|, is blind to how far samples lie apart.
"""

from __future__ import annotations

from math import erf, pi, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archir.proposals.costs import Array, Costs

_erf = np.vectorize(erf, otypes=[np.float64])
_LEAST = 1e-12
"""Added to variances, in squares of the largest cost: where nothing varies the root has no derivative."""


class Moments(NamedTuple):
    """Of the cost of samples: mean and standard deviation, over (proposal, measure).

    `distances`: of each operation's cost from its layer's mean, over (proposal, measure, layer, operation).
    """

    mean: Array
    deviation: Array
    distances: Array


def probabilities(theta: Array, exists: NDArray[np.bool_], temperature: float) -> Array:
    """softmax(theta / temperature) over the operations of each layer (Eq. 4); zero where there is none."""
    scaled = np.where(exists, theta / temperature, -np.inf)
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def moments(p: Array, costs: Costs) -> Moments:
    """Of the cost of networks that are sampled from probabilities over (proposal, layer, operation)."""
    expected = np.einsum("mlo,ilo->mil", p, costs.table)
    distances = np.where(costs.exists, costs.table - expected[..., None], 0.0)
    variance = np.einsum("mlo,milo->mi", p, distances**2)
    return Moments(costs.fixed + expected.sum(axis=-1), np.sqrt(variance + _LEAST * costs.most**2), distances)


def misses(theta: Array, costs: Costs, targets: Array, temperature: float) -> tuple[Array, Array]:
    """Eq. 6 for each proposal: the sum over measures of E|R - T| / M, M the largest cost of the space.

    Args:
        theta: over (proposal, layer, operation).
        costs: of the space.
        targets: over (measure).
        temperature: at which networks are sampled.

    Returns:
        The misses over (proposal), and their gradients over (proposal, layer, operation).
    """
    p = probabilities(theta, costs.exists, temperature)
    mean, deviation, distances = moments(p, costs)
    above = mean - targets
    height = sqrt(2 / pi) * np.exp(-((above / deviation) ** 2) / 2)
    side = _erf(above / (sqrt(2) * deviation))
    value = ((deviation * height + above * side) / costs.most).sum(axis=-1)
    # d value / d mean = side, d value / d deviation = height; d variance / d p is the squared distance from the mean.
    by_p = np.einsum("mi,ilo->mlo", side / costs.most, costs.table)
    by_p += np.einsum("mi,milo->mlo", height / (2 * deviation * costs.most), distances**2)
    return value, p * (by_p - (p * by_p).sum(axis=-1, keepdims=True)) / temperature


def gram(theta: Array, exists: NDArray[np.bool_]) -> Array:
    """Theta Theta^T, over (proposal, proposal): inner products for each layer, in the mean over layers.

    A layer's theta is taken less its mean, which no softmax sees. Where each layer's is of length one, an entry says
    how much two proposals agree: proposals that prefer different operations everywhere are orthogonal.
    """
    centered = _centered(theta, exists)
    return np.asarray(np.einsum("alo,blo->ab", centered, centered) / theta.shape[1])


def disorder(theta: Array, exists: NDArray[np.bool_]) -> tuple[float, Array]:
    """The last term of Eq. 7, the sum of |Theta Theta^T - I|, and its gradient over (proposal, layer, operation)."""
    off = gram(theta, exists) - np.eye(len(theta))
    centered = _centered(theta, exists)
    return float(np.abs(off).sum()), 2 * np.einsum("ab,blo->alo", np.sign(off), centered) / theta.shape[1]


def _centered(theta: Array, exists: NDArray[np.bool_]) -> Array:
    mean = np.where(exists, theta, 0.0).sum(axis=-1, keepdims=True) / exists.sum(axis=-1, keepdims=True)
    return np.asarray(np.where(exists, theta - mean, 0.0))
