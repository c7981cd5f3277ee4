"""The cost tables of a space by layer: F[measure, layer, operation] (HourNAS, section 3.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from archir.analysis.arrays import CostArrays
from archir.proposals.layers import Layer, Picks

Array = NDArray[np.float64]


@frozen(slots=False, eq=False)
class Costs:
    """What the networks of a space cost, in several measures at once.

    cost of a network = fixed + sum over layers of table[:, layer, what it keeps]

    All are whole numbers below 2^53, so sums are exact.

    Attributes:
        measures: their names.
        fixed: over (measure), paid by every network.
        table: over (measure, layer, operation), zero where a layer has fewer operations than others or cannot keep one.
        exists: over (layer, operation), whether there is one, and it can be kept.
    """

    measures: tuple[str, ...]
    fixed: Array
    table: Array
    exists: NDArray[np.bool_]

    def of(self, picks: Picks) -> Array:
        """The costs of networks, over (..., measure)."""
        paid = self.table[:, np.arange(self.table.shape[1]), picks].sum(axis=-1)
        return np.asarray(self.fixed + np.moveaxis(paid, 0, -1))

    @cached_property
    def least(self) -> Array:
        """The least cost of any network, exactly, over (measure)."""
        return np.asarray(self.fixed + np.where(self.exists, self.table, np.inf).min(axis=2).sum(axis=1))

    @cached_property
    def most(self) -> Array:
        """The largest cost of any network, exactly, over (measure)."""
        return np.asarray(self.fixed + np.where(self.exists, self.table, -np.inf).max(axis=2).sum(axis=1))


def costs_of(layers: Sequence[Layer], arrays: Mapping[str, CostArrays]) -> Costs:
    """The tables of measures (by name) for the layers of the same space."""
    most = max(len(layer.operations) for layer in layers)
    table = np.zeros((len(arrays), len(layers), most))
    exists = np.zeros((len(layers), most), dtype=bool)
    for n, layer in enumerate(layers):
        exists[n, list(layer.active)] = True
        for i, of in enumerate(arrays.values()):
            table[i, n, : len(layer.operations)] = of.of[layer.key][layer.edge, : len(layer.operations)]
        if layer.none is not None:  # an edge that is left out costs nothing, not even zeros
            table[:, n, layer.none] = 0.0
    return Costs(tuple(arrays), np.array([float(a.fixed) for a in arrays.values()]), table, exists)
