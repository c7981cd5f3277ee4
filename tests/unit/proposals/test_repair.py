"""Networks that fit, with as little change to theta as it takes."""

from __future__ import annotations

import numpy as np
import pytest

from archir.proposals.costs import Array, Costs
from archir.proposals.repair import miss, repaired, sharpened, strongest, swapped
from archir.proposals.samples import sampled_costs
from tests.unit.proposals.small import made_up

LARGE = (6,) * 12  # too many networks to enumerate
SMALL = (4, 3, 5, 3, 4)


def random_theta(costs: Costs, seed: int = 0) -> Array:
    random = np.random.default_rng(seed)
    return np.where(costs.exists, random.normal(size=costs.exists.shape), 0.0)


def middle(costs: Costs) -> Array:
    return (costs.least + costs.most) / 2


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("operations", "within"), [(LARGE, 0.02), (SMALL, 0.05)])
def test_what_is_chosen_fits_and_exchanges_win(operations: tuple[int, ...], within: float, seed: int) -> None:
    costs = made_up(operations, seed=seed)
    theta, targets = random_theta(costs, seed), middle(costs)
    picks = repaired(theta, costs, targets, within, set(), np.random.default_rng(0))
    assert picks is not None
    assert miss(costs.of(picks), targets) <= within
    changed = swapped(theta, strongest(theta, costs), picks)
    assert strongest(changed, costs).tolist() == picks.tolist()
    np.testing.assert_array_equal(np.sort(changed, axis=1), np.sort(theta, axis=1))


def test_what_fits_stays() -> None:
    costs = made_up(LARGE)
    theta = random_theta(costs)
    mine = strongest(theta, costs)
    targets = costs.of(mine)
    random = np.random.default_rng(0)
    assert repaired(theta, costs, targets, 0.01, set(), random) is not None
    np.testing.assert_array_equal(repaired(theta, costs, targets, 0.01, set(), random), mine)


@pytest.mark.parametrize("operations", [LARGE, SMALL])
def test_networks_of_others_are_not_chosen(operations: tuple[int, ...]) -> None:
    costs = made_up(operations)
    theta, random = random_theta(costs), np.random.default_rng(0)
    targets, taken = costs.of(strongest(theta, costs)), set()
    for _ in range(4):
        picks = repaired(theta, costs, targets, 0.1, taken, random)
        assert picks is not None
        assert tuple(picks.tolist()) not in taken
        taken.add(tuple(picks.tolist()))
    assert strongest(theta, costs).tolist() in [list(t) for t in taken]


def test_in_a_small_space_the_preferred_network_that_fits_is_found() -> None:
    costs = made_up(SMALL, seed=3)
    theta, targets, within = random_theta(costs), middle(costs), 0.1
    picks = repaired(theta, costs, targets, within, set(), np.random.default_rng(0))
    everything = np.stack(np.unravel_index(np.arange(4 * 3 * 5 * 3 * 4), SMALL), axis=-1)
    worth = np.take_along_axis(theta[None], everything[..., None], axis=2)[..., 0].sum(axis=1)
    worth[miss(costs.of(everything), targets) > within] = -np.inf
    assert picks is not None
    assert picks.tolist() == everything[worth.argmax()].tolist()


def test_without_a_network_that_fits_the_nearest_is_given_and_none_if_all_are_taken() -> None:
    costs = made_up((2, 2))
    targets, random = costs.most * 10, np.random.default_rng(0)
    theta = random_theta(costs)
    everything = [(0, 0), (0, 1), (1, 0), (1, 1)]
    distances = miss(costs.of(np.array(everything)), targets)
    picks = repaired(theta, costs, targets, 0.01, set(), random)
    assert picks is not None
    assert tuple(picks.tolist()) == everything[distances.argmin()]
    assert repaired(theta, costs, targets, 0.01, set(everything), random) is None


def test_samples_of_what_is_sharpened_gather_at_the_targets() -> None:
    costs = made_up(LARGE)
    theta = random_theta(costs) / 20
    targets = costs.of(strongest(theta, costs))

    def medians(of: Array) -> Array:
        return np.median(np.abs(sampled_costs(of[None], costs, (0.1,))[0.1] / targets - 1), axis=0)

    assert medians(theta).max() > 0.05
    sharp = sharpened(theta, costs, targets, 0.02)
    assert medians(sharp).max() <= 0.025  # measured on other samples than those that decided
    assert strongest(sharp, costs).tolist() == strongest(theta, costs).tolist()
    np.testing.assert_array_equal(sharpened(sharp, costs, targets, 0.02), sharp)
