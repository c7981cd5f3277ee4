"""How far two orders of the same things agree."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from attrs import frozen


@frozen
class Agreement:
    """Kendall's tau-b and Spearman's rho, in [-1, 1]; None where one side has fewer than two different numbers."""

    kendall: float | None
    spearman: float | None


def agreement(left: Sequence[float], right: Sequence[float]) -> Agreement:
    """The rank correlations of two rows of numbers, place by place; equal numbers share a rank."""
    from scipy import stats

    if len(set(left)) < 2 or len(set(right)) < 2:
        return Agreement(None, None)
    kendall, spearman = stats.kendalltau(left, right).statistic, stats.spearmanr(left, right).statistic
    assert not isnan(kendall)
    assert not isnan(spearman)
    return Agreement(float(kendall), float(spearman))
