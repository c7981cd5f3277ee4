from __future__ import annotations

import pytest

from archir.search.randomness import happens


@pytest.mark.parametrize("probability", [0.01, 0.3, 0.5, 0.9])
def test_draws_have_their_probability(probability: float) -> None:
    count = sum(happens(probability, 0, 1, epoch, step, "arch") for epoch in range(100) for step in range(100))
    assert abs(count - 10000 * probability) < 4 * (10000 * probability * (1 - probability)) ** 0.5


def test_draws_depend_on_the_key_alone_and_what_is_certain_happens() -> None:
    keys = [(seed, step) for seed in range(10) for step in range(100)]
    assert all(happens(1.0, *key) for key in keys)
    assert not any(happens(0.0, *key) for key in keys)
    assert [happens(0.5, *key) for key in keys] == [happens(0.5, *key) for key in keys]
    assert len({tuple(happens(0.5, seed, step) for step in range(100)) for seed in range(10)}) == 10


def test_a_larger_probability_only_adds() -> None:
    keys = range(200)
    assert {k for k in keys if happens(0.3, k)} < {k for k in keys if happens(0.6, k)}
