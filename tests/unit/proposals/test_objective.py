"""The terms of Eq. 7: gradients against differences, values against samples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from archir.proposals.costs import Array
from archir.proposals.objective import disorder, gram, misses, moments, probabilities
from archir.proposals.samples import sampled
from tests.unit.proposals.small import made_up

RAGGED = (4, 2, 5, 1, 3, 5)


def theta_of(costs, count: int = 3, seed: int = 1) -> Array:
    random = np.random.default_rng(seed)
    return np.where(costs.exists, random.normal(size=(count, *costs.exists.shape)), 0.0)


def differences(value: Callable[[Array], float], theta: Array, exists: Array, step: float = 1e-5) -> Array:
    """The gradient by central differences."""
    found = np.zeros_like(theta)
    for place in zip(*np.nonzero(np.broadcast_to(exists, theta.shape)), strict=True):
        up, down = theta.copy(), theta.copy()
        up[place] += step
        down[place] -= step
        found[place] = (value(up) - value(down)) / (2 * step)
    return found


@pytest.mark.parametrize("temperature", [0.3, 1.0])
@pytest.mark.parametrize("measures", [1, 3])
def test_gradient_of_the_misses(temperature: float, measures: int) -> None:
    costs = made_up(RAGGED, measures)
    theta, targets = theta_of(costs), (costs.least + costs.most) / 2
    gradient = misses(theta, costs, targets, temperature)[1]
    expected = differences(lambda t: misses(t, costs, targets, temperature)[0].sum(), theta, costs.exists)
    assert np.abs(expected).max() > 1e-2
    np.testing.assert_allclose(gradient, expected, atol=1e-7)
    assert (gradient[:, ~costs.exists] == 0).all()


def test_gradient_of_the_disorder() -> None:
    costs = made_up(RAGGED)
    theta = theta_of(costs)
    gradient = disorder(theta, costs.exists)[1]
    expected = differences(lambda t: disorder(t, costs.exists)[0], theta, costs.exists)
    assert np.abs(expected).max() > 1e-2
    np.testing.assert_allclose(gradient, expected, atol=1e-7)


def test_the_miss_is_that_of_samples() -> None:
    costs = made_up((5,) * 20, 1)
    theta = theta_of(costs, 1)
    for share in (0.2, 0.5, 0.6):
        targets = costs.least + share * (costs.most - costs.least)
        of = costs.of(sampled(theta, costs.exists, 0.7, 40_000, np.random.default_rng(0)))
        drawn = (np.abs(of - targets) / costs.most).mean()
        assert misses(theta, costs, targets, 0.7)[0][0] == pytest.approx(drawn, rel=0.02)


def test_moments_are_those_of_samples() -> None:
    costs = made_up(RAGGED)
    theta = theta_of(costs, 1)
    found = moments(probabilities(theta, costs.exists, 0.5), costs)
    of = costs.of(sampled(theta, costs.exists, 0.5, 40_000, np.random.default_rng(0)))
    np.testing.assert_allclose(found.mean[0], of.mean(axis=0), rtol=0.01)
    np.testing.assert_allclose(found.deviation[0], of.std(axis=0), rtol=0.02)


def test_one_network_misses_by_its_distance() -> None:
    costs = made_up((3, 3))
    theta = np.where(np.arange(3) == 1, 100.0, np.zeros((1, 2, 3)))
    targets = costs.of(np.array([1, 1])) + 10
    value, gradient = misses(theta, costs, targets, 1.0)
    assert value[0] == pytest.approx((10 / costs.most).sum())
    assert np.isfinite(gradient).all()


def test_probabilities_are_those_of_each_layer() -> None:
    costs = made_up(RAGGED)
    p = probabilities(theta_of(costs), costs.exists, 0.01)
    np.testing.assert_allclose(p.sum(axis=-1), 1.0)
    assert (p[:, ~costs.exists] == 0).all()
    np.testing.assert_allclose(probabilities(np.zeros((1, 1, 4)), np.ones((1, 4), bool), 5.0), 0.25)


def test_orthogonal_are_proposals_that_prefer_different_operations() -> None:
    exists = np.ones((10, 4), bool)

    def only(*operations: int) -> Array:
        return (np.eye(4)[list(operations)] - 1 / 4) * np.sqrt(4 / 3)  # of length one without its mean

    theta = np.stack([only(*[0] * 10), only(*[0] * 5 + [1] * 5), only(*[2] * 10)])
    found = gram(theta, exists)
    np.testing.assert_allclose(np.diag(found), 1.0)
    assert found[0, 1] == pytest.approx(0.5 - 0.5 / 3)
    np.testing.assert_allclose(found, gram(theta + np.arange(10.0)[:, None], exists))  # what no softmax sees


def test_the_disorder_of_orthogonal_proposals_is_zero() -> None:
    exists = np.ones((2, 3), bool)
    one = np.array([[1.0, -1.0, 0.0]] * 2) / np.sqrt(2)
    other = np.array([[1.0, 1.0, -2.0]] * 2) / np.sqrt(6)
    assert disorder(np.stack([one, other]), exists)[0] == pytest.approx(0.0, abs=1e-12)
    assert disorder(np.stack([one, one]), exists)[0] == pytest.approx(2.0)
