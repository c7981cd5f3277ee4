"""What networks shall cost, for passes: the budget of a module, and the most probable network that meets it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from attrs import evolve, frozen

from archir.analysis.cost_expression import derived_space
from archir.ir.module import Module
from archir.ir.point import Point
from archir.passes.active import active_sets, restricted
from archir.proposals.budget import COARSE, Budget, budget_of, near
from archir.proposals.costs import Array
from archir.proposals.feasible import enumerated, is_possible
from archir.proposals.layers import Picks, point_of
from archir.proposals.repair import miss, repaired, strongest
from archir.proposals.tables import tables_of
from archir.proposals.targets import parse_targets

TARGET_HELP = "what the network shall cost, such as `(macs=300M, params=60%)`, each in quotes"
LATENCY_HELP = "a table that `archir measure` wrote, for a target in time"
WITHIN_HELP = "how near to each target; 5% where no network is found so near"


@frozen
class Wish:
    """What a user wants a network to cost: targets as texts, the file of a latency table, and how near is near."""

    target: tuple[str, ...]
    latency: str
    within: float

    @property
    def bound(self) -> float:
        """What is accepted where no network is found within."""
        return max(self.within, COARSE)

    def of(self, space: Module) -> Budget:
        """The budget of a space; raises `ArchirError` NAS402, NAS406, NAS407 or NAS408 where it cannot be met."""
        targets = parse_targets(self.target)
        return budget_of(space, targets, tables_of(space, targets, self.latency), self.bound)


def searched_space(module: Module) -> Module:
    """The space of the networks that a relaxed module can derive: its base, with what is active in its own graph."""
    space = derived_space(module)
    return space if module.base is None else restricted(space, active_sets(module))


def most_probable(budget: Budget, p: Mapping[str, Array], wish: Wish) -> tuple[Point, tuple[str, ...]]:
    """The most probable network that meets a budget, and what there is to say of it.

    Where the strongest operation of each layer makes a network that misses the budget, as few operations as possible
    are exchanged, those of the least ratio of probabilities first.

    Args:
        budget: of the space.
        p: probabilities by choice, over (edge, operation).
        wish: what the budget was made of.

    Raises:
        ArchirError: NAS407 if no network is found.
    """
    likes = likings(budget, p)
    first = strongest(likes, budget.costs)
    picks = near(budget, _repaired(budget, likes, wish), 0, wish.bound)
    return point_of(budget.layers, picks), _notes(budget, first, picks)


def decided(budget: Budget, p: Mapping[str, Array], wish: Wish) -> tuple[Point, tuple[str, ...]]:
    """What choices keep that are decided before others, so that the others can still meet the budget.

    Each keeps its strongest operation, unless no network would then be within the bound. Then none could keep a
    stronger one with the others as they are. Arguments are those of `most_probable`; the choices that are decided are
    those that have probabilities.
    """
    likes = likings(budget, p)
    first = strongest(likes, budget.costs)
    mine = [n for n, layer in enumerate(budget.layers) if layer.key in p]
    picks = first
    if not _leaves_networks(budget, picks, mine, wish):
        picks = near(budget, _repaired(budget, likes, wish), 0, wish.bound)
        before = None
        while (
            before is None or (before != picks).any()
        ):  # a stronger operation may cost less: then others can have more
            before = picks
            for n in mine:
                picks = _improved(budget, picks, n, likes[n], mine, wish)
    notes = tuple(_exchanged(budget, first, picks, mine))
    kept = dict(point_of(budget.layers, picks).choices)
    return Point(tuple((key, kept[key]) for key in kept if key in p)), notes


def likings(budget: Budget, p: Mapping[str, Array]) -> Array:
    """The logarithms of probabilities, over (layer, operation); zero for choices without any."""
    found = np.zeros(budget.costs.exists.shape)
    for n, layer in enumerate(budget.layers):
        if layer.key in p:
            row = p[layer.key][layer.edge]
            found[n, : len(row)] = np.log(np.maximum(row, np.finfo(np.float64).tiny))
    return found


def _repaired(budget: Budget, likes: Array, wish: Wish) -> Picks | None:
    return repaired(likes, budget.costs, budget.targets, wish.within, frozenset(), np.random.default_rng(0))


def _leaves_networks(budget: Budget, picks: Picks, fixed: Sequence[int], wish: Wish) -> bool:
    """Whether networks that keep some of these operations come within the bound of the targets."""
    exists = budget.costs.exists.copy()
    exists[fixed] = False
    exists[fixed, picks[fixed]] = True
    costs = evolve(budget.costs, exists=exists)
    if not is_possible(costs, budget.targets, wish.bound):
        return False
    networks = enumerated(costs)
    return networks is None or bool(miss(costs.of(networks), budget.targets).min() <= wish.bound)


def _improved(budget: Budget, picks: Picks, n: int, likes: Array, fixed: Sequence[int], wish: Wish) -> Picks:
    """The same with the best operation in layer n that still leaves networks."""
    for better in np.argsort(np.where(budget.costs.exists[n], -likes, np.inf), kind="stable"):
        if better == picks[n]:
            break
        trial = picks.copy()
        trial[n] = better
        if _leaves_networks(budget, trial, fixed, wish):
            return trial
    return picks


def _notes(budget: Budget, first: Picks, picks: Picks) -> tuple[str, ...]:
    costs = f"the network costs {budget.words(picks)}"
    if (first == picks).all():
        return (costs,)
    before = f"the most probable one would cost {budget.words(first)}"
    return costs, before, *_exchanged(budget, first, picks, range(len(picks)))


def _exchanged(budget: Budget, first: Picks, picks: Picks, of: Sequence[int]) -> Iterator[str]:
    for n in of:
        if first[n] != picks[n]:
            layer = budget.layers[n]
            names = f"`{layer.operations[picks[n]]}` instead of `{layer.operations[first[n]]}`"
            yield f"for the budget, `{layer.key}` keeps {names} on edge {layer.edge}"
