"""From targets to m proposals whose networks meet them (HourNAS, section 3.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen

from archir.analysis.arrays import CostArrays, cost_arrays
from archir.analysis.conventions import DEFAULT
from archir.diagnostics import fail
from archir.ir.module import Module
from archir.ir.point import Point
from archir.proposals.costs import Array, Costs, costs_of
from archir.proposals.feasible import check_targets, enumerated
from archir.proposals.layers import Layer, Picks, layers_of, point_of, size
from archir.proposals.objective import gram
from archir.proposals.optimize import optimized
from archir.proposals.repair import miss, repaired, sharpened, strongest, swapped
from archir.proposals.targets import Target, quantity

WITHIN = 0.02
COARSE = 0.05
"""What is accepted where no network was found within the bound."""


@frozen(eq=False)
class Proposals:
    """m distributions over the networks of a space, each about a network of its own that meets the targets.

    Attributes:
        layers: of the space.
        costs: in the measures that have a target.
        targets: over (measure).
        theta: over (proposal, layer, operation); an operation is sampled with softmax(theta / temperature).
        picks: the strongest network of each, over (proposal, layer); all differ.
    """

    layers: tuple[Layer, ...]
    costs: Costs
    targets: Array
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


def tables(
    module: Module, measures: Sequence[str], convention: str = DEFAULT, latency: CostArrays | None = None
) -> dict[str, CostArrays]:
    """The cost tables of measures by name; raises `ArchirError` NAS406 for `latency` without a table of it."""
    if "latency" in measures and latency is None:
        help_ = "measure one on the machine in question: `archir measure SPACE -o latency.csv`, then `--latency FILE`"
        fail("NAS406", "a target for `latency` needs a latency table", help=help_)
    return {
        name: latency if name == "latency" and latency is not None else cost_arrays(module, name, convention)
        for name in measures
    }


def proposals_of(
    module: Module, targets: Sequence[Target], arrays: Mapping[str, CostArrays], count: int = 8, seed: int = 0,
    within: float = WITHIN,
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

    Raises:
        ArchirError: NAS402 if the space is not made of layers, NAS407 if no network meets the targets, or fewer
            than `count` do.
    """
    layers = layers_of(module)
    costs = costs_of(layers, {t.measure: arrays[t.measure] for t in targets})
    wanted = np.array([t.between(*ends) for t, *ends in zip(targets, costs.least, costs.most, strict=True)])
    _check_positive(costs, wanted)
    check_targets(costs, wanted, max(within, COARSE))
    if count > size(layers):
        fail("NAS407", f"the space has {size(layers)} networks, fewer than {count} proposals", help="ask for fewer")
    random = np.random.default_rng(seed)
    theta = optimized(costs, wanted, count, random)
    taken: set[tuple[int, ...]] = set()
    for p in range(count):
        picks = repaired(theta[p], costs, wanted, within, taken, random)
        _check_near(costs, wanted, picks, p, max(within, COARSE))
        assert picks is not None
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


def _check_positive(costs: Costs, targets: Array) -> None:
    for name, target in zip(costs.measures, targets, strict=True):
        if target <= 0:
            fail("NAS406", f"the target for `{name}` is zero", help="distances are relative: use a target above zero")


def _check_near(costs: Costs, targets: Array, picks: Picks | None, number: int, bound: float) -> None:
    """Raises `ArchirError` NAS407 if the network of a proposal (counted from 0) is not within the bound."""
    if picks is not None and miss(costs.of(picks), targets) <= bound:
        return
    wanted, other = f"within {bound:.0%} of {_words(costs.measures, targets)}", "other " if number else ""
    nearest = "" if picks is None else f"the nearest has {_words(costs.measures, costs.of(picks))}"
    help_ = "; ".join(part for part in ("ask for fewer proposals" if number else "", nearest) if part)
    if enumerated(costs) is None:
        fail("NAS407", f"no {other}network {wanted} was found; there may be one", help=f"{help_}; or try another seed")
    fail("NAS407", f"the space has no {other}network {wanted}", help=help_)


def _words(measures: Sequence[str], amounts: Array) -> str:
    return ", ".join(f"{m}={quantity(m, a)}" for m, a in zip(measures, amounts, strict=True))
