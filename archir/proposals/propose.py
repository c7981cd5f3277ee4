"""From targets to m proposals whose networks meet them (HourNAS, section 3.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen

from archir.analysis.arrays import CostArrays
from archir.diagnostics import fail
from archir.ir.module import Module
from archir.ir.point import Point
from archir.proposals.budget import COARSE, WITHIN, Budget, budget_of, near
from archir.proposals.costs import Array
from archir.proposals.layers import Picks, point_of, size
from archir.proposals.objective import gram
from archir.proposals.optimize import optimized
from archir.proposals.repair import miss, repaired, sharpened, strongest, swapped
from archir.proposals.targets import Target


@frozen(eq=False)
class Proposals(Budget):
    """m distributions over the networks of a space, each about a network of its own that meets the targets.

    Attributes:
        theta: over (proposal, layer, operation); an operation is sampled with softmax(theta / temperature).
        picks: the strongest network of each, over (proposal, layer); all differ.
    """

    theta: Array
    picks: Picks

    @property
    def points(self) -> tuple[Point, ...]:
        """The strongest network of each proposal."""
        return tuple(point_of(self.layers, picks) for picks in self.picks)

    @property
    def misses(self) -> Array:
        """(cost - target) / target of the strongest networks, over (proposal, measure)."""
        return self.costs.of(self.picks) / self.targets - 1

    @property
    def gram(self) -> Array:
        """Inner products of the proposals, over (proposal, proposal)."""
        return gram(self.theta, self.costs.exists)


def proposals_of(
    module: Module, targets: Sequence[Target], arrays: Mapping[str, CostArrays], count: int = 8, seed: int = 0,
    within: float = WITHIN, *, fewer: bool = False,
) -> Proposals:  # fmt: skip
    """Proposals for targets; the same arguments give the same ones.

    Args:
        module: a space.
        targets: one for each measure in question.
        arrays: the cost tables of these measures.
        count: how many (HourNAS: 8).
        seed: of the random starts.
        within: how near to each target the strongest network of each proposal, and the median of what is sampled from
            it at temperature 0.1, shall be. Where no network is found so near, 5% will do: the space is that coarse.
        fewer: where fewer than `count` networks meet the targets, but some do, there are as many proposals.

    Raises:
        ArchirError: NAS402 if the space is not made of layers, NAS407 if no network meets the targets, or fewer
            than `count` do.
    """
    budget = budget_of(module, targets, arrays, max(within, COARSE))
    layers, costs, wanted, bound = budget.layers, budget.costs, budget.targets, max(within, COARSE)
    count = min(count, size(layers)) if fewer else count
    if count > size(layers):
        fail("NAS407", f"the space has {size(layers)} networks, fewer than {count} proposals", help="ask for fewer")
    random = np.random.default_rng(seed)
    theta = optimized(costs, wanted, count, random)
    taken: set[tuple[int, ...]] = set()
    for p in range(count):
        picks = repaired(theta[p], costs, wanted, within, taken, random)
        if fewer and p and (picks is None or miss(costs.of(picks), wanted) > bound):
            theta = theta[:p]
            break
        picks = near(budget, picks, p, bound)
        taken.add(tuple(picks.tolist()))
        fitted = swapped(theta[p], strongest(theta[p], costs), picks)
        theta[p] = sharpened(fitted, costs, wanted, within)
    return Proposals(layers, costs, wanted, theta, strongest(theta, costs))


def agreement(picks: Picks) -> float:
    """The share of layers in which two of these networks, over (network, layer), keep the same, in the mean."""
    if len(picks) < 2:
        return 1.0
    one, other = np.triu_indices(len(picks), k=1)
    return float((picks[one] == picks[other]).mean())
