"""The minimum cut against every cut tried by hand, and against networkx where that takes the matrix."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import numpy as np
import pytest

from archir.analysis.cut import MOST, minimum_cut


def between(weights, group) -> float:
    rest = [j for j in range(len(weights)) if j not in group]
    return sum(weights[i, j] + weights[j, i] for i in group for j in rest) / 2


@pytest.mark.parametrize("seed", range(12))
def test_no_cut_is_smaller(seed: int) -> None:
    source = np.random.default_rng(seed)
    n = 2 + seed % 7
    weights = source.uniform(-1, 1, (n, n))
    first, second = minimum_cut(weights)
    assert 0 in first
    assert second
    assert sorted(first + second) == list(range(n))
    cuts = [between(weights, (0, *more)) for size in range(n - 1) for more in combinations(range(1, n), size)]
    assert len(cuts) == 2 ** (n - 1) - 1
    assert between(weights, first) == pytest.approx(min(cuts), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_that_of_networkx_where_nothing_is_negative(seed: int) -> None:
    weights = np.random.default_rng(seed).uniform(0, 1, (8, 8))
    graph = nx.Graph()
    graph.add_weighted_edges_from((i, j, (weights[i, j] + weights[j, i]) / 2) for i, j in combinations(range(8), 2))
    value, (mine, others) = nx.stoer_wagner(graph)
    first, second = minimum_cut(weights)
    assert between(weights, first) == pytest.approx(value)
    assert {frozenset(mine), frozenset(others)} == {frozenset(first), frozenset(second)}


@pytest.mark.parametrize(("n", "least", "smallest"), [(5, 1, 1), (5, 2, 2), (7, 3, 3), (5, 3, 2), (2, 2, 1), (3, 9, 1)])
def test_groups_have_at_least_so_many_or_half(n: int, least: int, smallest: int) -> None:
    weights = np.random.default_rng(n).uniform(0, 1, (n, n))
    first, second = minimum_cut(weights, least)
    assert min(len(first), len(second)) >= smallest
    cuts = [
        between(weights, (0, *more))
        for size in range(n - 1) if smallest <= size + 1 <= n - smallest
        for more in combinations(range(1, n), size)
    ]  # fmt: skip
    assert between(weights, first) == pytest.approx(min(cuts))


def test_one_that_is_least_alike_is_set_apart_unless_groups_are_larger() -> None:
    weights = np.full((5, 5), 0.6)
    weights[3], weights[:, 3] = 0.3, 0.3
    weights[1, 4] = weights[4, 1] = 0.9
    assert minimum_cut(weights) == ((0, 1, 2, 4), (3,))
    assert minimum_cut(weights, least=2) == ((0, 1, 4), (2, 3))


def test_ties_are_decided_in_one_way() -> None:
    assert minimum_cut(np.zeros((5, 5))) == ((0, 1), (2, 3, 4))
    assert minimum_cut(np.ones((4, 4))) == ((0,), (1, 2, 3))  # 3 against 4 for two and two
    pairs = np.kron(np.eye(2), np.ones((2, 2)))
    assert minimum_cut(pairs) == ((0, 1), (2, 3))
    order = [2, 0, 3, 1]
    assert minimum_cut(pairs[np.ix_(order, order)]) == ((0, 2), (1, 3))
    thirds = np.ones((6, 6)) / 3  # rounding differs from cut to cut
    assert minimum_cut(thirds) == minimum_cut(np.ones((6, 6)))


def test_the_diagonal_and_the_order_of_a_pair_do_not_matter() -> None:
    weights = np.random.default_rng(1).normal(size=(6, 6))
    expected = minimum_cut(weights)
    assert minimum_cut(weights.T) == expected
    assert minimum_cut(weights + np.diag(np.full(6, 100.0))) == expected


@pytest.mark.parametrize("wrong", [np.ones((1, 1)), np.ones((2, 3)), np.ones((MOST + 1, MOST + 1)), np.eye(3) * np.nan])
def test_what_has_no_cut_is_refused(wrong) -> None:
    with pytest.raises(ValueError, match=r"needed|finite"):
        minimum_cut(wrong)
