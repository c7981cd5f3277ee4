"""What you set is what you get: on the spaces of HourNAS, and on random ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archir
from archir.analysis.bounds import bounds
from archir.analysis.expected import cost_of
from archir.diagnostics import ArchirError
from archir.ir.module import Module
from archir.proposals.budget import COARSE, WITHIN
from archir.proposals.feasible import enumerated
from archir.proposals.propose import Proposals, agreement, proposals_of
from archir.proposals.repair import miss, repaired
from archir.proposals.samples import NEAR, bits, sampled_costs, spread
from archir.proposals.tables import tables
from archir.proposals.targets import parse_targets
from archir.space.points import check_point
from tests.unit.analysis.test_cost import load
from tests.unit.proposals.small import made_up

BUDGETS = [
    ("fbnet", ("macs=300M", "params=4.8M")),  # HourNAS-A, Figure 3
    ("fbnet", ("macs=90%", "params=95%")),
    ("fbnet_k7", ("macs=300M", "params=4.8M")),
    ("mnasnet", ("macs=312M", "params=3.9M")),
    ("mnasnet", ("macs=50%", "params=50%", "elements=40%")),
    ("efficientnet", ("macs=383M", "params=5.3M")),
    ("nasbench201", ("macs=50%",)),
]
COARSE_SPACE = """
candidates mine = conv_3x3: conv(k=3) | conv_5x5: conv(k=5)
net n(image: tensor[8, 8, 8]) {
  for i in 0..4 { image = choose mine from image keep 1 op }
  return image
}
"""


def proposed(module: Module, *targets: str, count: int = 8, seed: int = 0) -> Proposals:
    wanted = parse_targets(targets)
    return proposals_of(module, wanted, tables(module, [t.measure for t in wanted]), count, seed)


@pytest.mark.parametrize(("name", "targets"), BUDGETS)
def test_networks_and_samples_meet_the_targets(name: str, targets: tuple[str, ...]) -> None:
    module = archir.load(name)
    found = proposed(module, *targets)
    ranges = bounds(module)
    ends = [(ranges[m].min, ranges[m].max) for m in found.costs.measures]
    assert found.targets.tolist() == [t.between(*e) for t, e in zip(parse_targets(targets), ends, strict=True)]
    assert len(set(found.points)) == 8
    for point, off in zip(found.points, found.misses, strict=True):
        check_point(module, point)
        exact = np.array([getattr(cost_of(module, point), m) for m in found.costs.measures])
        np.testing.assert_array_equal(exact / found.targets - 1, off)
    assert np.abs(found.misses).max() <= WITHIN
    spreads = [spread(of, found.targets, t) for t, of in sampled_costs(found.theta, found.costs, seed=5).items()]
    assert max(spreads[-1].median_miss) <= WITHIN
    near = [s.near for s in spreads]
    assert near == sorted(near)  # Figure 3: the lower the temperature, the nearer
    assert near[-1] > 0.95


def test_proposals_are_spaces_that_differ() -> None:
    found = proposed(archir.load("fbnet"), "macs=300M", "params=4.8M")
    off = found.gram - np.diag(np.diag(found.gram))
    assert np.abs(off).max() < 0.05
    assert np.diag(found.gram).min() > 0.8
    assert agreement(found.picks) < 0.25
    assert bits(found.theta, found.costs.exists, 0.1).mean() > 1  # more than one network each
    assert bits(found.theta, found.costs.exists, 5.0).min() > 60  # of 68.7


def test_the_seed_decides() -> None:
    module = archir.load("fbnet", image=(3, 32, 32), width=0.5)
    first, again, other = (proposed(module, "macs=40%", count=3, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.theta, again.theta)
    assert first.points == again.points
    assert first.points != other.points


def test_one_proposal_and_a_network_at_the_very_end_of_the_range() -> None:
    module = archir.load("fbnet")
    found = proposed(module, "macs=0%", "params=0%", count=1)
    (cost,) = (cost_of(module, p) for p in found.points)
    least = {m: b.min for m, b in bounds(module).items()}
    assert cost.macs <= 1.02 * least["macs"]
    assert cost.params <= 1.02 * least["params"]


def test_of_a_coarse_space_what_is_there() -> None:
    module = load(COARSE_SPACE)  # four convolutions of 9 or 25 times 64 weights: 5 different costs
    step, least = 16 * 64, 4 * 9 * 64
    found = proposed(module, f"params={least + 2 * step}", count=6)
    assert len(set(found.points)) == 6
    assert (found.misses == 0).all()
    with pytest.raises(ArchirError) as caught:
        proposed(module, f"params={least + 2 * step}", count=7)
    (said,) = caught.value.diagnostics
    assert (said.code, said.message) == ("NAS407", "the space has no other network within 5% of params=4,352")
    ends = [f"ask for fewer proposals; the nearest has params={near}" for near in ("3,328", "5,376")]
    assert said.help in ends
    near = round((least + 2 * step) * 1.04)  # no network within 2%, six within 5%
    assert np.abs(proposed(module, f"params={near}", count=2).misses).max() == pytest.approx(0.04, abs=0.002)
    with pytest.raises(ArchirError, match="16 networks, fewer than 17"):
        proposed(module, "params=50%", count=17)


def test_what_is_wrong_with_a_target_is_said() -> None:
    module = load("net n(image: tensor[8, 8, 8]) { return choose one_of from image keep 1 op }\n"
                  "candidates one_of = relu | conv_3x3: conv(k=3)")  # fmt: skip
    for targets, code, message in (
        (("macs=0",), "NAS406", "the target for `macs` is zero"),
        (("macs=0%",), "NAS406", "the target for `macs` is zero"),
        (("macs=1M",), "NAS407", "no network of the space has macs=1,000,000"),
        (("latency=1ms",), "NAS406", "needs a latency table"),
    ):
        with pytest.raises(ArchirError) as caught:
            proposed(module, *targets, count=1)
        assert caught.value.diagnostics[0].code == code
        assert message in caught.value.diagnostics[0].message
    with pytest.raises(ArchirError, match="that it never keeps"):
        proposed(archir.load("darts"), "macs=50%")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=14), st.integers(1, 3), st.integers(0, 10**6), st.floats(0.2, 0.8)
)
def test_repair_gives_different_networks_and_the_nearest_of_small_spaces(
    operations: list[int], measures: int, seed: int, share: float
) -> None:
    costs = made_up(operations, measures, seed)
    random = np.random.default_rng(seed)
    theta = np.where(costs.exists, random.normal(size=costs.exists.shape), 0.0)
    targets = costs.least + share * (costs.most - costs.least) + 1
    networks = enumerated(costs)
    near = None if networks is None else np.sort(miss(costs.of(networks), targets))
    taken: set[tuple[int, ...]] = set()
    for n in range(3):
        picks = repaired(theta, costs, targets, COARSE, taken, random)
        if picks is None:
            assert len(taken) == np.prod(operations)
            break
        assert costs.exists[np.arange(len(operations)), picks].all()
        assert tuple(picks.tolist()) not in taken
        if near is not None:
            assert miss(costs.of(picks), targets) <= max(COARSE, near[n])
        taken.add(tuple(picks.tolist()))


def test_spread_is_what_the_samples_say() -> None:
    of = np.array([[100.0, 200.0], [103.0, 200.0], [120.0, 190.0], [100.0, 300.0]])
    found = spread(of, np.array([100.0, 200.0]), 0.5)
    assert found.near == 0.5  # within NEAR of both
    assert NEAR == 0.05
    assert found.median_miss == pytest.approx((0.015, 0.025))
    assert found.quantiles[0][1] == pytest.approx(0.015)
