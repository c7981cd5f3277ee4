"""The minimum cut of a similarity matrix: two groups that have as little as possible to do with one another.

Every cut is looked at, since cosine similarities may be negative: then the problem is that of the maximum cut, too,
and `networkx.stoer_wagner` refuses it. There are 2^(n-1) - 1 cuts of n operations, 127 for the eight of DARTS.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Cut: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]

MOST = 20
"""The most elements: half a million cuts."""
_ALIKE = 1e-12
"""Cuts that differ by less, in units of the whole matrix, tie: rounding does not decide."""


def minimum_cut(similarity: NDArray[np.floating[Any]], least: int = 1) -> Cut:
    """Two groups of 0..n with the smallest sum of similarities between them (HEP-NAS, Eq. 2).

    Each group has at least so many elements, or half of them where there are too few for that.

    similarity: [n, n]; entry (i, j) and (j, i) count alike, the diagonal does not count. Element 0 is in the first
    group. Of several smallest cuts it is one of the most even, and of those the one whose first group comes first.

    Raises:
        ValueError: for fewer than two elements or more than `MOST`, for another shape, or for what is no number.
    """
    n = len(similarity)
    if similarity.shape != (n, n) or not 2 <= n <= MOST:
        raise ValueError(f"a matrix of 2 to {MOST} rows and as many columns is needed, not {similarity.shape}")
    if not np.isfinite(similarity).all():
        raise ValueError("similarities must be finite numbers")
    weights = (similarity + similarity.T) / 2
    bits = (np.arange(2 ** (n - 1) - 1)[:, None] >> np.arange(n - 1)) & 1
    first = np.concatenate([np.ones((len(bits), 1)), bits], axis=1)
    smaller = np.minimum(first.sum(axis=1), n - first.sum(axis=1))
    first = first[smaller >= min(least, n // 2)]
    between = ((first @ weights) * (1 - first)).sum(axis=1)
    ties = first[between <= between.min() + _ALIKE * np.abs(weights).sum()].astype(bool)
    evenness = np.minimum(ties.sum(axis=1), n - ties.sum(axis=1))
    best = min(tuple(np.flatnonzero(row).tolist()) for row in ties[evenness == evenness.max()])
    return best, tuple(i for i in range(n) if i not in best)
