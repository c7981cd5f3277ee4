from __future__ import annotations

from math import cos, pi
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archir.search.schedules import SCHEDULES, Constant, Cosine, Cut, Exponential, Linear, Schedule


def by_epoch(schedule: Schedule, epochs: int) -> list[float]:
    return [schedule.at(epoch, 0, epochs, 10) for epoch in range(epochs)]


def test_cosine_goes_from_start_to_end() -> None:
    schedule = Cosine(0.1, 0.02)
    values = [schedule.at(epoch, 0, 4, 10) for epoch in range(5)]
    assert values == pytest.approx(
        [0.1, 0.02 + 0.04 * (1 + cos(pi / 4)), 0.06, 0.02 + 0.04 * (1 + cos(3 * pi / 4)), 0.02]
    )
    assert schedule.at(0, 9, 4, 10) == 0.1  # by epoch: the same at every step
    assert schedule.at(7, 0, 4, 10) == pytest.approx(0.02)


def test_linear_goes_from_start_to_end() -> None:
    assert by_epoch(Linear(1.0, 0.0), 4) == [1.0, 0.75, 0.5, 0.25]
    assert by_epoch(Linear(1.0, 0.0, over=2), 4) == [1.0, 0.5, 0.0, 0.0]
    assert by_epoch(Linear(0.0, 0.5, over=2, since=1), 3) == [0.25, 0.5, 0.5]
    assert [Linear(1.0, 0.0, unit="step").at(1, step, 2, 4) for step in range(4)] == [0.5, 0.375, 0.25, 0.125]


@pytest.mark.parametrize("unit", ["epoch", "step"])
def test_what_is_held_stands_where_earlier_phases_left_it(unit: Any) -> None:
    for moving, held in (
        (Cosine(1.0, 0.2, over=8, unit=unit), Cosine(1.0, 0.2, over=8, since=3, hold=True, unit=unit)),
        (Linear(1.0, 0.2, over=8, unit=unit), Linear(1.0, 0.2, over=8, since=3, hold=True, unit=unit)),
        (Exponential(1.0, 0.98, unit=unit), Exponential(1.0, 0.98, since=3, hold=True, unit=unit)),
    ):
        there = moving.at(3, 0, 8, 10)
        assert 0.2 < there < 1.0
        assert {held.at(epoch, step, 4, 10) for epoch in range(4) for step in (0, 9)} == {there}


def test_exponential_is_multiplied_each_epoch_or_step() -> None:
    assert by_epoch(Exponential(0.8, 0.5), 4) == [0.8, 0.4, 0.2, 0.1]
    assert by_epoch(Exponential(0.8, 0.5, over=2), 4) == [0.8, 0.4, 0.2, 0.2]
    assert by_epoch(Exponential(0.8, 0.5, since=2), 2) == [0.2, 0.1]
    assert Exponential(1.0, 0.9, unit="step").at(2, 3, 5, 10) == pytest.approx(0.9**23)
    assert Exponential(1.0, 0.9, unit="step", over=1).at(2, 3, 5, 10) == pytest.approx(0.9**10)
    assert by_epoch(Exponential(0.3, 0.0), 2) == [0.3, 0.0]


def test_a_cut_comes_after_epochs_or_steps() -> None:
    assert by_epoch(Cut(1e-4, 1e-5, after=2), 4) == [1e-4, 1e-4, 1e-5, 1e-5]
    assert by_epoch(Cut(1.0, 0.0, after=0), 2) == [0.0, 0.0]
    assert by_epoch(Cut(1.0, 0.0, after=3, since=2), 3) == [1.0, 0.0, 0.0]
    assert [Cut(1.0, 0.1, after=13, unit="step").at(1, step, 5, 10) for step in (2, 3, 4)] == [1.0, 0.1, 0.1]


def test_constant() -> None:
    assert Constant(3).at(4, 5, 6, 7) == 3.0


SPANNING: tuple[tuple[Any, Any, Any], ...] = (
    (Cosine(1.0, 0.0), Cosine(1.0, 0.0, over=10), Cosine(1.0, 0.0, over=10, since=4)),
    (Linear(1.0, 0.0), Linear(1.0, 0.0, over=10), Linear(1.0, 0.0, over=10, since=4)),
    (Exponential(1.0, 0.8), Exponential(1.0, 0.8), Exponential(1.0, 0.8, since=4)),
    (Cut(1.0, 0.0, after=6), Cut(1.0, 0.0, after=6), Cut(1.0, 0.0, after=6, since=4)),
)


@pytest.mark.parametrize(("one", "first", "second"), SPANNING, ids=lambda s: type(s).__name__)
def test_one_schedule_spans_several_phases(one: Schedule, first: Schedule, second: Schedule) -> None:
    whole = [one.at(epoch, 3, 10, 5) for epoch in range(10)]
    parts = [first.at(epoch, 3, 4, 5) for epoch in range(4)] + [second.at(epoch, 3, 6, 5) for epoch in range(6)]
    assert parts == whole
    assert len(set(whole)) > 1


ENDS = st.floats(0.0, 2.0)
PACE = st.fixed_dictionaries({"unit": st.sampled_from(["epoch", "step"]), "since": st.integers(0, 9)})


@given(
    st.one_of(
        st.builds(Constant, ENDS),
        st.builds(lambda a, b, o, p: Cosine(a, b, over=o, **p), ENDS, ENDS, st.integers(1, 9) | st.none(), PACE),
        st.builds(lambda a, b, o, p: Linear(a, b, over=o, **p), ENDS, ENDS, st.integers(1, 9) | st.none(), PACE),
        st.builds(lambda a, f, p: Exponential(a, f, **p), ENDS, st.floats(0.0, 1.0), PACE),
        st.builds(lambda a, b, n, p: Cut(a, b, after=n, **p), ENDS, ENDS, st.integers(0, 9), PACE),
    ),
    st.integers(0, 8),
    st.integers(0, 4),
)
def test_no_value_is_below_zero_or_above_the_largest(schedule: Schedule, epoch: int, step: int) -> None:
    assert 0 <= schedule.at(epoch, step, 9, 5) <= schedule.largest * (1 + 1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Constant(-0.1), "`value` must be a number at least 0, found -0.1"),
        (lambda: Cosine(0.1, 0.0, unit="hour"), "`unit` must be one of epoch, step"),  # type: ignore[arg-type]
        (lambda: Cosine(0.1, 0.0, over=0), "`over` must be an integer of at least 1"),
        (lambda: Linear(0.1, -0.1), "`end` must be a number at least 0, found -0.1"),
        (lambda: Linear(0.1, 0.0, since=-1), "`since` must be an integer of at least 0, found -1"),
        (lambda: Exponential(0.1, 1.5), "`factor` must be a number from 0 to 1, found 1.5"),
        (lambda: Exponential(0.1, 0.9, over=0.5), "`over` must be an integer of at least 1"),  # type: ignore[arg-type]
        (lambda: Cut(0.1, 0.0, after=-1), "`after` must be an integer of at least 0, found -1"),
        (lambda: Cut(0.1, float("inf"), after=1), "`end` must be a number at least 0, found inf"),
    ],
)
def test_wrong_schedules_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the message is compared
        make()
    assert message in str(error.value)


def test_each_schedule_has_a_name_in_method_files() -> None:
    assert set(SCHEDULES.values()) == {Constant, Cosine, Linear, Exponential, Cut}
