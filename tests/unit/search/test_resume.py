"""A run killed at any moment and resumed ends as one that was never killed, bit for bit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tensorboard.summary.writer.record_writer  # noqa: F401  (here, and not in each child)
import torch
import torch._dynamo  # the same: optimisers import it when they are first used
from attrs import asdict, evolve
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from archir.search.data import Data
from archir.search.phases import SGD, Adam, Train
from archir.search.plan import Plan
from archir.search.report import BatchRecord, Silent
from archir.search.result import Result
from archir.search.run import execute
from archir.search.schedules import Cosine, Linear
from archir.search.steps import RunPass, Step
from tests.unit.search.small import SMALL, die_before, few_digits, small_space

PHASE = Train(epochs=3, batch=32, weights=SGD(Cosine(0.1, 0.01)), arch=Adam(0.01))
METHODS: dict[str, tuple[Step, ...]] = {
    "first": (RunPass("relax"), PHASE),
    "second": (RunPass("relax"), evolve(PHASE, bilevel="second_order", epochs=2)),
    "drawn": (RunPass("relax"), evolve(PHASE, batch=8, arch_probability=Linear(0.9, 0.1, unit="step"))),
    "phases": (RunPass("relax"), evolve(PHASE, epochs=1), RunPass("seen"), evolve(PHASE, epochs=2)),
}
# for each method: in the middle of an epoch; while the n-th file is written; before it takes its name; after an epoch
POINTS = {
    "first": (
        ("batch", 2, 1), ("batch", 1, 2), ("fsync", 1, 0), ("fsync", 11, 0), ("fsync", 12, 0), ("replace", 12, 0),
        ("epoch", 1, 0),
    ),
    "second": (("batch", 2, 1),),
    "drawn": (("batch", 2, 5),),
    "phases": (("batch", 2, 1), ("replace", 9, 0)),
}  # fmt: skip


def data() -> Data:
    return few_digits()


def run(method: str, path: Path, **more: Any) -> Result:
    torch.set_num_threads(1)
    return execute(Plan(METHODS[method], data(), small_space()), path, compiler=SMALL, **more)


class Killer(Silent):
    """Ends its own process without any warning, at a batch or behind an epoch."""

    def __init__(self, when: str, first: int, second: int) -> None:
        self.when, self.first, self.second = when, first, second
        if when in ("fsync", "replace"):
            die_before(when, first)

    def batch(self, record: BatchRecord) -> None:
        if self.when == "batch" and (record.epoch, record.step) == (self.first, self.second):
            os.kill(os.getpid(), signal.SIGKILL)

    def epoch(self, record: Any) -> None:
        if self.when == "epoch" and record.epoch == self.first:
            os.kill(os.getpid(), signal.SIGKILL)


def kill_everywhere(method: str, root: Path) -> None:
    """One child for each point, each killed there; torch has started no thread yet, so forking is safe."""
    torch.set_num_threads(1)
    data()
    for number, point in enumerate(POINTS[method]):
        child = os.fork()
        if child == 0:
            run(method, root / str(number), reporter=Killer(*point))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.WTERMSIG(status) if os.WIFSIGNALED(status) else -1}\n")


def killed_runs(method: str, folder: Path, root: Path) -> list[Path]:
    """The folders of the killed runs of a method."""
    script = f"from tests.unit.search.test_resume import *; kill_everywhere({method!r}, Path({str(folder)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["9"] * len(POINTS[method]), done.stderr
    return [folder / str(number) for number in range(len(POINTS[method]))]


def untimed(history: Any) -> list[dict[str, Any]]:
    return [{k: v for k, v in asdict(r).items() if k not in ("images_per_second", "seconds", "time")} for r in history]


def compare(result: Result, expected: Result) -> None:
    """Everything but times is the same."""
    assert result.tensors.keys() == expected.tensors.keys()
    for name, tensor in expected.tensors.items():
        assert result.tensors[name].numpy().tobytes() == tensor.numpy().tobytes(), name
    for name in ("arch.json", "arch.jsonl", "milestones.json"):
        assert (result.folder / name).read_bytes() == (expected.folder / name).read_bytes(), name
    assert untimed(result.history) == untimed(expected.history)
    assert result.module.history == expected.module.history
    lines = [json.loads(line) for line in (result.folder / "log.jsonl").read_text().splitlines()]
    assert [(line["step"], line["epoch"]) for line in lines] == [(r.step, r.epoch) for r in expected.history]
    assert {p.name for p in result.folder.iterdir()} == {
        p.name for p in expected.folder.iterdir()
    }  # nothing half-written
    compare_curves(result, expected)


def compare_curves(result: Result, expected: Result) -> None:
    """TensorBoard reads each epoch once."""
    curves = EventAccumulator(str(result.folder / "tensorboard")).Reload()
    for tag, field in (("loss/train", "train_loss"), ("loss/valid", "loss"), ("accuracy/valid", "accuracy")):
        events = curves.Scalars(tag)
        assert [e.step for e in events] == list(range(1, len(expected.history) + 1))
        assert [e.value for e in events] == pytest.approx([getattr(r, field) for r in expected.history])


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_a_killed_run_ends_the_same(method: str, tmp_path: Path, root: Path) -> None:
    whole = run(method, tmp_path / "whole")
    for folder in killed_runs(method, tmp_path, root):
        compare(run(method, folder, resume=True), whole)


def test_a_run_killed_before_its_first_checkpoint_starts_over(tmp_path: Path) -> None:
    whole = run("second", tmp_path / "whole")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".archir-0123456789ab.tmp").write_bytes(b"half")
    compare(run("second", tmp_path / "run", resume=True), whole)
    assert not list((tmp_path / "run").glob(".archir*"))
