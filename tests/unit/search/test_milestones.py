"""Milestones of a run: what is measured between the steps of a method, and that a resume loses and repeats none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from attrs import evolve

from archir.cli.runs import nonzero_of
from archir.lowering.torch import to_torch
from archir.search.data import Data
from archir.search.data.augment import standard
from archir.search.evaluation import evaluate
from archir.search.learner import Learner
from archir.search.milestones import Milestone, milestone_line
from archir.search.phases import SGD, Adam, Train
from archir.search.plan import Plan
from archir.search.report import EpochRecord, Reporter, Silent
from archir.search.result import Result, load_run
from archir.search.run import execute
from archir.search.schedules import Cosine
from archir.search.steps import RunPass, Step
from archir.search.trainer import Session, train_epoch
from tests.small_space import small_digits_space
from tests.unit.search.small import few_digits

SEARCH = Train(epochs=2, batch=32, weights=SGD(Cosine(0.1, 0.01)), arch=Adam(0.01))
TUNE = Train("weights", epochs=2, batch=32, weights=SGD(0.02), keep_zeros=True)
WIDE: tuple[Step, ...] = (RunPass("widen{edges=some, ops=any}"), RunPass("relax{affine=true}"), SEARCH)
WHOLE: tuple[Step, ...] = (*WIDE, RunPass("derive{rule=nonzero, coefficients=true}"), TUNE)


@pytest.fixture(scope="module")
def data() -> Data:
    return few_digits(128, 60)


def run(data: Data, steps: tuple[Step, ...], path: Path, **more: Any) -> Result:
    torch.set_num_threads(1)
    return execute(Plan(steps, data, small_digits_space()), path, **more)


class Hearing(Silent):
    def __init__(self) -> None:
        self.messages: list[str] = []

    def message(self, text: str) -> None:
        self.messages.append(text)


@pytest.fixture(scope="module")
def reporter() -> Hearing:
    """What is said of `whole`."""
    return Hearing()


@pytest.fixture(scope="module")
def whole(data: Data, reporter: Hearing, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run of all steps that nothing stopped."""
    return run(data, WHOLE, tmp_path_factory.mktemp("whole") / "run", reporter=reporter)


def words(milestones: tuple[Milestone, ...]) -> list[tuple[int, int, str, str]]:
    return [(m.step, m.epoch, m.after, m.form) for m in milestones]


@pytest.mark.slow
def test_supernet_derived_and_tuned_network_are_measured(data: Data, whole: Result, reporter: Hearing) -> None:
    assert words(whole.milestones) == [
        (2, 2, "train(weights, arch) for 2 epochs", "relaxed"),
        (4, 0, "derive{rule=nonzero, coefficients=true}", "network"),
        (4, 2, "train(weights) for 2 epochs", "network"),
    ]
    supernet, found, tuned = whole.milestones
    # all that is not `none` stays, with its coefficient: the network computes what the supernet did
    assert found.loss == pytest.approx(supernet.loss, rel=1e-4)
    assert tuned.params == found.params == supernet.params == tuned.nonzero_params
    model = to_torch(whole.module)
    model.load_state_dict(whole.tensors)
    score = evaluate(Learner.of(model), data.test, standard(data, augment=False))
    assert (tuned.loss, tuned.accuracy) == (pytest.approx(score.loss, rel=1e-5), score.accuracy)
    assert tuned.accuracy == whole.history[-1].accuracy
    assert json.loads((whole.folder / "milestones.json").read_text())[1]["accuracy"] == found.accuracy
    assert [m for m in reporter.messages if "accuracy" in m] == [milestone_line(m) for m in whole.milestones]
    assert load_run(whole.folder).milestones == whole.milestones


@pytest.mark.slow
def test_what_is_derived_last_is_measured_once(data: Data, tmp_path: Path) -> None:
    result = run(data, WHOLE[:-1], tmp_path / "run")
    assert words(result.milestones)[1:] == [(4, 0, "derive{rule=nonzero, coefficients=true}", "network")]
    assert run(data, WHOLE[:-1], tmp_path / "run", resume=True).milestones == result.milestones


def test_a_network_with_weights_of_its_own_has_no_accuracy(data: Data, tmp_path: Path) -> None:
    """Behind a bottleneck the network has other kernels than the supernet: nothing was trained of them."""
    steps = (RunPass("relax"), RunPass("bottleneck{ratio=2}"), evolve(SEARCH, epochs=1), RunPass("derive"))
    milestones = run(data, steps, tmp_path / "run").milestones
    assert [(m.accuracy is None, m.loss is None) for m in milestones] == [(False, False), (True, True)]
    assert milestones[1].params > 0
    assert milestone_line(milestones[1]) == f"derive: {milestones[1].params:,} parameters"


@pytest.mark.slow
def test_zeros_of_kernels_are_no_parameters(data: Data, tmp_path: Path) -> None:
    """Masks cut numbers out of kernels: they are counted apart, and are as many after fine-tuning."""
    masks = Train("masks", epochs=1, batch=32, bilevel="none", masks=Adam(4e-3, decay=0.0))
    steps = (*WIDE, RunPass("mask"), masks, RunPass("derive{rule=mask, coefficients=true}"), TUNE)
    result = run(data, steps, tmp_path / "run")
    supernet, masked, found, tuned = result.milestones
    assert masked.after == "train(masks) for 1 epoch"
    assert found.loss == pytest.approx(masked.loss, rel=1e-4)
    zeros = sum(int((t == 0).sum()) for path, t in result.tensors.items() if t.dim() >= 2)
    assert zeros > 50
    assert found.params - found.nonzero_params == tuned.params - tuned.nonzero_params == zeros
    assert supernet.nonzero_params == supernet.params == masked.params
    assert nonzero_of(result) == tuned.nonzero_params
    assert milestone_line(tuned).endswith(f"{tuned.params:,} parameters, {tuned.params - zeros:,} of them not zero")


@pytest.mark.slow
@pytest.mark.parametrize("stop", [(2, 1), (4, 0), (4, 1)])
def test_a_resume_repeats_and_loses_nothing(
    data: Data, whole: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: tuple[int, int]
) -> None:
    """Stopped in the search, right behind a derivation that was measured, and while the network is trained."""

    def stopping(session: Session, epoch: int, reporter: Reporter) -> EpochRecord:
        if (session.index, epoch) == stop:
            raise KeyboardInterrupt
        return train_epoch(session, epoch, reporter)

    with monkeypatch.context() as patched:
        patched.setattr("archir.search.sessions.train_epoch", stopping)
        with pytest.raises(KeyboardInterrupt):
            run(data, WHOLE, tmp_path / "part")
    resumed = run(data, WHOLE, tmp_path / "part", resume=True)
    assert resumed.milestones == whole.milestones
    for name in ("milestones.json", "arch.jsonl"):
        assert (tmp_path / "part" / name).read_bytes() == (whole.folder / name).read_bytes()
    lines = [json.loads(line) for line in (tmp_path / "part" / "arch.jsonl").read_text().splitlines()]
    assert [(line["step"], line["epoch"]) for line in lines] == [(2, 1), (2, 2)]  # a network has no such parameters
