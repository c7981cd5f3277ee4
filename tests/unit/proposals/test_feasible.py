"""What is said to be impossible is: against all networks of small spaces."""

from __future__ import annotations

import numpy as np
import pytest

import archir
from archir.analysis.arrays import cost_arrays
from archir.diagnostics import ArchirError
from archir.proposals.costs import Costs, costs_of
from archir.proposals.feasible import check_targets, enumerated, section
from archir.proposals.layers import layers_of
from tests.unit.proposals.small import made_up


def cut(of: np.ndarray, amount: float) -> tuple[float, float]:
    """Where the line y = amount cuts the convex hull of points: the extremes over all segments between two of them."""
    x, y = of.T
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (amount - y[:, None]) / (y[None] - y[:, None])
        crossing = x[:, None] + share * (x[None] - x[:, None])
    between = (share >= 0) & (share <= 1) & np.isfinite(share)
    return float(crossing[between].min()), float(crossing[between].max())


@pytest.mark.parametrize("seed", range(6))
def test_sections_of_the_hull_are_exact(seed: int) -> None:
    costs = made_up((3, 2, 4, 3, 2), seed=seed)
    networks = enumerated(costs)
    assert networks is not None
    assert len(networks) == 3 * 2 * 4 * 3 * 2 == len({tuple(n) for n in networks.tolist()})
    of = costs.of(networks)
    assert of.min(axis=0).tolist() == costs.least.tolist()
    assert of.max(axis=0).tolist() == costs.most.tolist()
    for share in (0.1, 0.37, 0.8):
        amount = costs.least[1] + share * (costs.most[1] - costs.least[1])
        assert section(costs, 0, 1, amount) == pytest.approx(cut(of, amount))
        assert section(costs, 1, 0, of[5, 0]) == pytest.approx(cut(of[:, ::-1], of[5, 0]))


@pytest.mark.parametrize("seed", range(4))
def test_targets_are_refused_exactly_outside_of_the_hull(seed: int) -> None:
    costs = made_up((3, 2, 4, 3, 2), seed=seed)
    amount = float(costs.least[1] + 0.2 * (costs.most[1] - costs.least[1]))
    low, high = section(costs, 0, 1, amount)
    for x in (low + 1, high - 1):
        check_targets(costs, np.array([x, amount]), 0.0)
    for x in (low - 1, high + 1):
        if costs.least[0] < x < costs.most[0]:
            with pytest.raises(ArchirError, match=r"measure 0=.* and measure 1="):
                check_targets(costs, np.array([x, amount]), 0.0)
            check_targets(costs, np.array([x, amount]), 0.05)  # something within 5% may be inside


def test_no_network_is_refused() -> None:
    costs = made_up((3, 2, 4, 3, 2), measures=3)
    networks = enumerated(costs)
    assert networks is not None
    for of in costs.of(networks)[::7]:
        check_targets(costs, of, 0.0)


def fbnet() -> Costs:
    module = archir.load("fbnet")
    return costs_of(layers_of(module), {m: cost_arrays(module, m) for m in ("macs", "params")})


def test_errors_say_the_possible_range() -> None:
    costs = fbnet()
    with pytest.raises(ArchirError) as caught:
        check_targets(costs, np.array([10e6, 9e6]), 0.05)
    assert [(d.code, d.help) for d in caught.value.diagnostics] == [
        ("NAS407", "macs can be 51,812,296 to 572,634,080"),
        ("NAS407", "params can be 2,769,000 to 5,754,072"),
    ]
    check_targets(costs, np.array([51.8e6, 2.769e6]), 0.05)  # rounded below the least
    with pytest.raises(ArchirError) as caught:
        check_targets(costs, np.array([540e6, 3.0e6]), 0.05)
    (found,) = caught.value.diagnostics
    assert found.help == (
        "with params=3,000,000, macs can be 62,912,173 to 333,314,597; "
        "with macs=540,000,000, params can be 5,080,727 to 5,751,374"
    )


def test_large_spaces_are_not_enumerated() -> None:
    assert enumerated(fbnet()) is None
