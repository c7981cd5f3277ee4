"""What the networks of a space cost, and shall cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen

from archir.analysis.arrays import CostArrays
from archir.diagnostics import fail
from archir.ir.module import Module
from archir.proposals.costs import Array, Costs, costs_of
from archir.proposals.feasible import check_targets, enumerated
from archir.proposals.layers import Layer, Picks, layers_of
from archir.proposals.repair import miss
from archir.proposals.targets import Target, quantity

WITHIN = 0.02
COARSE = 0.05
"""What is accepted where no network was found within the bound."""


@frozen(eq=False)
class Budget:
    """What the networks of a space cost, and shall cost.

    Attributes:
        layers: of the space.
        costs: in the measures that have a target.
        targets: over (measure).
    """

    layers: tuple[Layer, ...]
    costs: Costs
    targets: Array

    def words(self, picks: Picks) -> str:
        """What a network costs, and how far that is from each target."""
        of = self.costs.of(picks)
        rows = zip(self.costs.measures, of, self.targets, strict=True)
        return ", ".join(f"{m}={quantity(m, a)} ({a / t - 1:+.2%} off {quantity(m, t)})" for m, a, t in rows)


def budget_of(module: Module, targets: Sequence[Target], arrays: Mapping[str, CostArrays], bound: float) -> Budget:
    """Targets for a space, given the cost tables of their measures.

    Raises:
        ArchirError: NAS402 if the space is not made of layers, NAS407 with the possible range if no network comes
            within the bound of the targets.
    """
    layers = layers_of(module)
    costs = costs_of(layers, {t.measure: arrays[t.measure] for t in targets})
    wanted = np.array([t.between(*ends) for t, *ends in zip(targets, costs.least, costs.most, strict=True)])
    _check_positive(costs, wanted)
    check_targets(costs, wanted, bound)
    return Budget(layers, costs, wanted)


def near(budget: Budget, picks: Picks | None, number: int, bound: float) -> Picks:
    """The network itself; raises `ArchirError` NAS407 if there is none (of proposal `number`, from 0) in the bound."""
    costs, targets = budget.costs, budget.targets
    if picks is not None and miss(costs.of(picks), targets) <= bound:
        return picks
    wanted, other = f"within {bound:.0%} of {_words(costs.measures, targets)}", "other " if number else ""
    nearest = "" if picks is None else f"the nearest has {_words(costs.measures, costs.of(picks))}"
    help_ = "; ".join(part for part in ("ask for fewer proposals" if number else "", nearest) if part)
    if enumerated(costs) is None:
        fail("NAS407", f"no {other}network {wanted} was found; there may be one", help=f"{help_}; or try another seed")
    fail("NAS407", f"the space has no {other}network {wanted}", help=help_)


def _check_positive(costs: Costs, targets: Array) -> None:
    for name, target in zip(costs.measures, targets, strict=True):
        if target <= 0:
            fail("NAS406", f"the target for `{name}` is zero", help="distances are relative: use a target above zero")


def _words(measures: Sequence[str], amounts: Array) -> str:
    return ", ".join(f"{m}={quantity(m, a)}" for m, a in zip(measures, amounts, strict=True))
