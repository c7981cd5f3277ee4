from __future__ import annotations

from typing import Any

import pytest

from archir.search.phases import SGD, Adam, Train
from archir.search.schedules import Constant, Cosine, Cut, Exponential, Linear
from archir.search.steps import RunPass


def test_defaults_are_the_settings_of_darts() -> None:
    phase = Train()
    assert (phase.trains, phase.epochs, phase.batch, phase.split) == (("weights", "arch"), 50, 64, 0.5)
    assert (phase.bilevel, phase.clip, phase.cutout) == ("first_order", 5.0, 0)
    assert phase.weights == SGD(Cosine(0.025, 0.001), 0.9, 3e-4)
    assert phase.arch == Adam(Constant(3e-4), (0.5, 0.999), 1e-3)


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
        (lambda: Train(()), "a phase trains some of weights, arch, masks, arch_masks"),
        (lambda: Train(clip=-1), "`clip` must be a number at least 0, found -1"),
        (lambda: Train(cutout=-3), "`cutout` must be an integer of at least 0"),
        (lambda: Train(bilevel="second_order", weights=Adam(0.1)), "second order unrolls a step of `sgd`"),
        (lambda: Train(bilevel="second_order", keep_zeros=True), "second order unrolls keeps no zeros"),
        (lambda: Train(keep_zeros=1), "'keep_zeros' must be"),
        (lambda: SGD("fast"), "`lr` must be a number or a schedule, found 'fast'"),
        (lambda: SGD(-0.1), "`lr` must be a number at least 0, found -0.1"),
        (lambda: SGD(float("nan")), "`lr` must be a number at least 0, found nan"),
        (lambda: SGD(True), "`lr` must be a number or a schedule, found True"),
        (lambda: Train(arch_probability=-0.1), "`arch_probability` must be a number from 0 to 1, found -0.1"),
        (lambda: Train(arch_probability=1.5), "`arch_probability` must stay from 0 to 1, but reaches 1.5"),
        (lambda: Train(arch_probability=Linear(0.5, 2)), "`arch_probability` must stay from 0 to 1, but reaches 2"),
        (lambda: Train(arch_probability=Cut(3, 0, after=1)), "`arch_probability` must stay from 0 to 1, but reaches 3"),
        (lambda: Train(arch_probability="often"), "`arch_probability` must be a number or a schedule, found 'often'"),
        (lambda: SGD(0.1, momentum=1.0), "`momentum` must be a number at least 0 and below 1, found 1.0"),
        (lambda: Adam(0.1, betas=(0.5, 1.0)), "`betas` must be a number at least 0 and below 1"),
        (lambda: Adam(0.1, betas=(0.5,)), "`betas` must be two numbers"),
    ],
)
def test_wrong_values_are_refused(make: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError)) as error:
        make()
    assert message in str(error.value)


def test_the_probability_of_an_architecture_step_begins_behind_the_warm_up() -> None:
    phase = Train(epochs=6, arch_from=2, arch_probability=Linear(1.0, 0.0))
    assert [phase.arch_chance(epoch, 3, 10) for epoch in range(6)] == [0.0, 0.0, 1.0, 0.75, 0.5, 0.25]
    by_step = Train(epochs=3, arch_from=1, arch_probability=Exponential(1.0, 0.5, unit="step"))
    chances = [by_step.arch_chance(epoch, step, 2) for epoch in range(3) for step in range(2)]
    assert chances == [0.0, 0.0, 1.0, 0.5, 0.25, 0.125]
    rising = Train(epochs=2, arch_probability=Cut(0.0, 1.0, after=1))  # for the method to say
    assert [rising.arch_chance(epoch, 0, 10) for epoch in range(2)] == [0.0, 1.0]
    assert Train("weights", arch_probability=1.0).arch_chance(0, 0, 10) == 0.0
    assert Train().arch_chance(49, 0, 10) == 1.0


def test_a_run_of_passes_is_its_text() -> None:
    assert RunPass("derive{edges=2}").spec == "derive{edges=2}"
