from __future__ import annotations

from math import cos, pi
from typing import Any

import pytest

from archir.search.phases import SGD, Adam, Constant, Cosine, RunPass, Train


def test_defaults_are_the_settings_of_darts() -> None:
    phase = Train()
    assert (phase.trains, phase.epochs, phase.batch, phase.split) == (("weights", "arch"), 50, 64, 0.5)
    assert (phase.bilevel, phase.clip, phase.cutout) == ("first_order", 5.0, 0)
    assert phase.weights == SGD(Cosine(0.025, 0.001), 0.9, 3e-4)
    assert phase.arch == Adam(Constant(3e-4), (0.5, 0.999), 1e-3)


def test_cosine_goes_from_start_to_end() -> None:
    schedule = Cosine(0.1, 0.02)
    values = [schedule.at(epoch, 0, 4, 10) for epoch in range(5)]
    assert values == pytest.approx(
        [0.1, 0.02 + 0.04 * (1 + cos(pi / 4)), 0.06, 0.02 + 0.04 * (1 + cos(3 * pi / 4)), 0.02]
    )
    assert schedule.at(0, 9, 4, 10) == 0.1  # by epoch: the same at every step
    assert schedule.at(7, 0, 4, 10) == pytest.approx(0.02)


def test_cosine_by_step_and_over_several_phases() -> None:
    assert Cosine(1.0, 0.0, unit="step").at(1, 5, 3, 10) == pytest.approx(0.5)
    whole = [Cosine(1.0, 0.0).at(epoch, 0, 10, 1) for epoch in range(10)]
    first = [Cosine(1.0, 0.0, over=10).at(epoch, 0, 4, 1) for epoch in range(4)]
    second = [Cosine(1.0, 0.0, over=10, since=4).at(epoch, 0, 6, 1) for epoch in range(6)]
    assert first + second == whole


def test_numbers_become_schedules_and_words_tuples() -> None:
    assert SGD(0.1).lr == Constant(0.1)
    assert Train("weights").trains == ("weights",)
    assert Train(["weights"]).split == 1.0  # nothing is held out where there is one level
    assert Train(bilevel="none").split == 1.0
    assert not Train(bilevel="none").is_bilevel
    assert Train(bilevel=None) == Train(bilevel="none")  # a method file's `none` is nothing


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Train(epochs=0), "`epochs` must be an integer of at least 1, found 0"),
        (lambda: Train(epochs=2.5), "`epochs` must be an integer of at least 1, found 2.5"),
        (lambda: Train(batch=1), "`batch` must be an integer of at least 2, found 1"),
        (lambda: Train(split=1.5), "`split` must be a number from 0 to 1, found 1.5"),
        (lambda: Train(split=1.0), "`split` = 1 leaves no images"),
        (lambda: Train(split=0.0), "`split` = 0 leaves no images"),
        (lambda: Train(bilevel="third_order"), "`bilevel` must be one of none, first_order, second_order"),
        (lambda: Train(("weights", "bias")), "found `bias`"),
        (lambda: Train(()), "a phase trains `weights`, `arch` or both"),
        (lambda: Train(clip=-1), "`clip` must be a number at least 0, found -1"),
        (lambda: Train(cutout=-3), "`cutout` must be an integer of at least 0"),
        (lambda: Train(bilevel="second_order", weights=Adam(0.1)), "second order unrolls a step of `sgd`"),
        (lambda: SGD("fast"), "`lr` must be a number or a schedule, found 'fast'"),
        (lambda: SGD(-0.1), "`value` must be a number at least 0, found -0.1"),
        (lambda: SGD(float("nan")), "`value` must be a number"),
        (lambda: SGD(0.1, momentum=1.0), "`momentum` must be a number at least 0 and below 1, found 1.0"),
        (lambda: Adam(0.1, betas=(0.5, 1.0)), "`betas` must be a number at least 0 and below 1"),
        (lambda: Adam(0.1, betas=(0.5,)), "`betas` must be two numbers"),
        (lambda: Cosine(0.1, 0.0, unit="hour"), "`unit` must be one of epoch, step"),
        (lambda: Cosine(0.1, 0.0, over=0), "`over` must be an integer of at least 1"),
    ],
)
def test_wrong_values_are_refused(make: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError)) as error:
        make()
    assert message in str(error.value)


def test_a_run_of_passes_is_its_text() -> None:
    assert RunPass("derive{edges=2}").spec == "derive{edges=2}"
