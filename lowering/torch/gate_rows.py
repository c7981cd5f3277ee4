"""The meaning of gate functions in PyTorch: one row for each, on tensors over (edge, operation).

The indicators are those of `archir.analysis.gate_rows`, so a transit cell runs what would be derived.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, reduce
from operator import add, mul
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from archir.analysis import gate_rows as numeric
from archir.analysis.axes import Axes, Table
from archir.ir import gates as ir
from archir.lowering.torch.masks import step

GateRow: TypeAlias = Callable[..., Tensor]
"""Takes the axes of the choice, then the arguments: tensors, or numbers where the gate has constants."""


@cache
def _mask(table: Table, device: torch.device) -> Tensor:
    return torch.tensor(table, device=device)


def there(axes: Axes, x: Tensor, otherwise: float) -> Tensor:
    """A table over (edge, operation) with `otherwise` where no candidate is active; anything else as it is."""
    if not axes.ragged or x.shape[-2:] != axes.shape:
        return x
    return x.masked_fill(~_mask(axes.exists, x.device), otherwise)


def elements(axes: Axes, x: Tensor) -> Tensor:
    """The elements of a table where a candidate is active; all of anything else."""
    ragged = axes.ragged and x.shape[-2:] == axes.shape
    return x[..., _mask(axes.exists, x.device)].reshape(-1) if ragged else x.reshape(-1)


def softmax(axes: Axes, x: Tensor) -> Tensor:
    """Over the operations that an edge has; zero where it has none."""
    return torch.softmax(x.masked_fill(~_mask(axes.exists, x.device), -torch.inf) if axes.ragged else x, dim=-1)


def edge_softmax(_axes: Axes, x: Tensor) -> Tensor:
    """Over the edges, for a tensor over (edge, 1)."""
    return torch.softmax(x, dim=-2)


def gumbel_softmax(axes: Axes, p: Tensor, noise: Tensor, temperature: Tensor | float) -> Tensor:
    """Over the operations of each edge that p leaves, of (log p + noise) / temperature; an edge of zeros stays."""
    left = p > 0
    if axes.ragged:
        left = left & _mask(axes.exists, p.device)
    x = (torch.log(torch.where(left, p, 1.0)) + noise) / temperature
    lowest = torch.finfo(x.dtype).min  # not -inf: the gradient of an edge of zeros would be no number
    return torch.softmax(torch.where(left, x, lowest), dim=-1) * left


def one_hot(axes: Axes, y: Tensor) -> Tensor:
    """1 for the largest of each edge above zero; the gradient that arrives there passes unchanged, all others stop."""
    there = y.detach()
    if axes.ragged:
        there = there.masked_fill(~_mask(axes.exists, y.device), -1.0)
    best = there.argmax(dim=-1, keepdim=True)
    chosen = torch.zeros_like(there).scatter_(-1, best, (there.gather(-1, best) > 0).to(y.dtype))
    return chosen * (1 + (y - y.detach()))  # the difference is zero, and passes the gradient


def exponential(_axes: Axes, t: Tensor, start: float, factor: float) -> Tensor:
    """Start * factor ** t."""
    return start * torch.pow(factor, t)


def over_max(axes: Axes, p: Tensor) -> Tensor:
    """Over the largest of all that are not `none`; zero for `none`."""
    kept = p * _mask(axes.solid, p.device)
    return kept / kept.amax()


def threshold(_axes: Axes, x: Tensor) -> Tensor:
    """The sigmoid, held below 1."""
    return torch.sigmoid(x).clamp(max=numeric.HIGHEST)


def normalize(axes: Axes, q: Tensor) -> Tensor:
    """Over each edge's sum where there is any."""
    q = there(axes, q, 0.0)
    total = q.sum(dim=-1, keepdim=True)
    return q / torch.where(total > 0, total, torch.ones_like(total))


def _array(value: Tensor | float) -> numeric.Array:
    return value.detach().cpu().double().numpy() if isinstance(value, Tensor) else np.asarray(value)


def _indicator(row: numeric.Row) -> GateRow:
    """A row of NumPy whose value is a constant for autograd."""

    def indicate(axes: Axes, p: Tensor, *others: Tensor | float) -> Tensor:
        found = row(axes, _array(p), *map(_array, others))
        return torch.as_tensor(found, dtype=p.dtype, device=p.device)

    return indicate


@cache
def _constants(table: ir.Table, dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.tensor(table.rows, dtype=dtype, device=device)


def _products(a: Tensor, b: Tensor | ir.Table) -> Tensor:
    return a * (_constants(b, a.dtype, a.device) if isinstance(b, ir.Table) else b)


def dot(axes: Axes, a: Tensor, b: Tensor | ir.Table) -> Tensor:
    """The sum of the products."""
    return there(axes, _products(a, b), 0.0).sum()


def per_edge(axes: Axes, a: Tensor, b: Tensor | ir.Table) -> Tensor:
    """The sum of the products on each edge."""
    return there(axes, _products(a, b), 0.0).sum(dim=-1, keepdim=True)


def per_proposal(axes: Axes, a: Tensor, b: Tensor | ir.Table) -> Tensor:
    """The sum of the products of each proposal, as a row."""
    return there(axes, _products(a, b), 0.0).sum(dim=(-2, -1))[None]


def mix(_axes: Axes, weights: Tensor, p: Tensor) -> Tensor:
    """The sum over proposals of weight times table."""
    return (weights.reshape(-1, 1, 1) * p).sum(dim=0)


def shares(axes: Axes, x: Tensor) -> Tensor:
    """Over the sum of all elements where there is any."""
    x = there(axes, x, 0.0)
    total = x.sum()
    return x / torch.where(total > 0, total, torch.ones_like(total))


def mean(_axes: Axes, *tensors: Tensor) -> Tensor:
    """The mean of all elements, which come as vectors."""
    return torch.cat(tensors).mean()


GATE_ROWS: dict[str, GateRow] = {
    "softmax": softmax,
    "edge_softmax": edge_softmax,
    "gumbel_softmax": gumbel_softmax,
    "one_hot": one_hot,
    "exponential": exponential,
    "over_max": over_max,
    "threshold": threshold,
    "relu": lambda _, x: torch.relu(x),
    "normalize": normalize,
    "top_edges": _indicator(numeric.top_edges),
    "argmax": _indicator(numeric.argmax),
    "nonzero": _indicator(numeric.nonzero),
    "nonempty": _indicator(numeric.nonempty),
    "detach": lambda _, x: x.detach(),
    "step": lambda _, mask, threshold: step(mask, float(threshold)),
    "+": lambda _, *terms: reduce(add, terms),
    "-": lambda _, a, b: a - b,
    "*": lambda _, *factors: reduce(mul, factors),
    "/": lambda _, a, b: a / b,
    "log": lambda axes, x: torch.log(there(axes, x, 1.0)),
    "dot": dot,
    "per_edge": per_edge,
    "per_proposal": per_proposal,
    "mix": mix,
    "abs": lambda _, x: x.abs(),
    "shares": shares,
    "pick": lambda _, p, e, k: p[int(e), int(k)],
    "mean": mean,
}
