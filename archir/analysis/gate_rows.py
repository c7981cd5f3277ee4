"""The meaning of gate functions in NumPy: one row for each, on arrays over (edge, operation).

The indicators (`top_edges`, `argmax`, `nonzero`, `nonempty`) are defined here alone: deriving a network and running a
transit cell ask the same row.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add, mul
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from archir.analysis.axes import Axes
from archir.ir.gates import as_float32

Array: TypeAlias = NDArray[np.floating[Any]]
Row: TypeAlias = Callable[..., Array]
"""Takes the axes of the choice, then the arguments."""

HIGHEST = 1 - 2**-20
"""The largest threshold: the strongest connection of a node has p / max = 1, and stays above it."""


def there(axes: Axes, x: Array, otherwise: float) -> Array:
    """A table over (edge, operation) with `otherwise` where no candidate is active; anything else as it is."""
    return np.where(axes.exist(), x, otherwise) if axes.ragged and x.shape[-2:] == axes.shape else x


def elements(axes: Axes, x: Array) -> Array:
    """The elements of a table where a candidate is active; all of anything else."""
    return np.asarray(x[..., axes.exist()] if axes.ragged and x.shape[-2:] == axes.shape else np.ravel(x))


def softmax(axes: Axes, x: Array) -> Array:
    """Over the operations that an edge has; zero where it has none."""
    x = there(axes, x, -np.inf)
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def edge_softmax(_axes: Axes, x: Array) -> Array:
    """Over the edges, for an array over (edge, 1)."""
    powers = np.exp(x - x.max(axis=-2, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-2, keepdims=True))


def gumbel_softmax(axes: Axes, p: Array, noise: Array, temperature: Array) -> Array:
    """Over the operations of each edge that p leaves, of (log p + noise) / temperature; an edge of zeros stays."""
    left = axes.exist() & (p > 0)
    x = np.where(left, (np.log(np.where(left, p, 1.0)) + noise) / temperature, -np.inf)
    most = x.max(axis=-1, keepdims=True)
    powers = np.exp(x - np.where(np.isfinite(most), most, 0.0))
    total = powers.sum(axis=-1, keepdims=True)
    return np.asarray(powers / np.where(total > 0, total, 1.0))


def one_hot(axes: Axes, y: Array) -> Array:
    """1 for the largest of each edge, the earlier of equal ones; an edge without any above zero is zero."""
    best = np.where(axes.exist(), y, -np.inf).argmax(axis=-1)
    chosen = np.zeros_like(y)
    chosen[np.arange(len(best)), best] = 1.0
    return np.asarray(np.where(y > 0, chosen, 0.0))


def over_max(axes: Axes, p: Array) -> Array:
    """Over the largest of all that are not `none`; zero for `none` (EnTranNAS, Eq. 7)."""
    kept = np.where(axes.kept(), p, 0.0)
    return np.asarray(kept / kept.max())


def threshold(_axes: Axes, x: Array) -> Array:
    """The sigmoid, held below 1."""
    return np.minimum(1 / (1 + np.exp(-x)), HIGHEST)


def normalize(axes: Axes, q: Array) -> Array:
    """Over each edge's sum where there is any (EnTranNAS, Eq. 9)."""
    q = there(axes, q, 0.0)
    total = q.sum(axis=-1, keepdims=True)
    return np.asarray(q / np.where(total > 0, total, 1.0))


def shares(axes: Axes, x: Array) -> Array:
    """Over the sum of all elements where there is any."""
    x = there(axes, x, 0.0)
    total = x.sum()
    return np.asarray(x / np.where(total > 0, total, 1.0))


def top_edges(axes: Axes, p: Array, count: Array) -> Array:
    """1 for the strongest operation that is not `none` of each of the `count` strongest edges; the earlier wins a tie.

    An edge is as strong as that operation (DARTS, section 2.4).
    """
    strength = np.where(axes.kept(), p, -np.inf)
    best = strength.argmax(axis=-1)
    edges = np.argsort(-strength.max(axis=-1), kind="stable")[: int(count)]
    chosen = np.zeros_like(strength)
    chosen[edges, best[edges]] = 1.0
    return np.asarray(np.where(axes.kept(), chosen, 0.0))


def argmax(axes: Axes, p: Array) -> Array:
    """1 for the strongest operation of each edge, unless that is `none`; the earlier wins a tie."""
    best = np.where(axes.exist(), p, -np.inf).argmax(axis=-1)
    chosen = np.zeros_like(p)
    chosen[np.arange(len(best)), best] = 1.0
    return np.asarray(np.where(axes.kept(), chosen, 0.0))


def nonzero(axes: Axes, q: Array) -> Array:
    """1 where the coefficient of what is not `none` is above zero (EnTranNAS, Eq. 10)."""
    return np.asarray(np.where(axes.kept() & (q > 0), 1.0, 0.0))


def nonempty(axes: Axes, q: Array, p: Array) -> Array:
    """As `nonzero`; where that is nowhere, 1 for the largest of p: the strongest operation of the strongest edge."""
    found = nonzero(axes, q)
    return found if found.any() else top_edges(axes, p, np.asarray(1))


def step(_axes: Axes, mask: Array, threshold: Array) -> Array:
    """1 where the mask reaches the threshold, which is rounded as masks are."""
    return np.asarray(np.where(mask >= as_float32(float(threshold)), 1.0, 0.0))


def _mean(_axes: Axes, *arrays: Array) -> Array:
    return np.asarray(np.mean(np.concatenate(arrays)))


ROWS: dict[str, Row] = {
    "softmax": softmax,
    "edge_softmax": edge_softmax,
    "gumbel_softmax": gumbel_softmax,
    "one_hot": one_hot,
    "exponential": lambda _, t, start, factor: start * factor**t,
    "over_max": over_max,
    "threshold": threshold,
    "relu": lambda _, x: np.maximum(x, 0.0),
    "normalize": normalize,
    "top_edges": top_edges,
    "argmax": argmax,
    "nonzero": nonzero,
    "nonempty": nonempty,
    "detach": lambda _, x: x,
    "step": step,
    "+": lambda _, *terms: reduce(add, terms),
    "-": lambda _, a, b: a - b,
    "*": lambda _, *factors: reduce(mul, factors),
    "/": lambda _, a, b: a / b,
    "log": lambda axes, x: np.log(there(axes, x, 1.0)),
    "dot": lambda axes, a, b: np.asarray(np.sum(there(axes, a * b, 0.0))),
    "per_edge": lambda axes, a, b: np.sum(there(axes, a * b, 0.0), axis=-1, keepdims=True),
    "per_proposal": lambda axes, a, b: np.sum(there(axes, a * b, 0.0), axis=(-2, -1))[None],
    "mix": lambda _, weights, p: np.einsum("i,ieo->eo", weights[0], p),
    "abs": lambda _, x: np.abs(x),
    "shares": shares,
    "pick": lambda _, p, e, k: p[int(e), int(k)],
    "mean": _mean,
}
