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
from attrs import asdict, evolve

from archir.search.data import Data, load_data
from archir.search.phases import SGD, Adam, Cosine, RunPass, Step, Train
from archir.search.report import BatchRecord, Silent
from archir.search.run import Result, execute
from tests.unit.search.small import SMALL, small_space

PHASE = Train(epochs=3, batch=32, weights=SGD(Cosine(0.1, 0.01)), arch=Adam(0.01))
METHODS: dict[str, tuple[Step, ...]] = {
    "first": (RunPass("relax"), PHASE),
    "second": (RunPass("relax"), evolve(PHASE, bilevel="second_order", epochs=2)),
    "phases": (RunPass("relax"), evolve(PHASE, epochs=1), RunPass("seen"), evolve(PHASE, epochs=2)),
}
# (method, when): in the middle of an epoch; while the n-th file is written; before it takes its name
POINTS = (
    ("first", "batch", 2, 1), ("first", "batch", 1, 2), ("first", "fsync", 1, 0), ("first", "fsync", 11, 0),
    ("first", "fsync", 12, 0), ("first", "replace", 12, 0), ("first", "epoch", 1, 0), ("second", "batch", 2, 1),
    ("phases", "batch", 2, 1), ("phases", "replace", 9, 0),
)  # fmt: skip


def data() -> Data:
    digits = load_data("digits")
    index = torch.arange(128)
    return evolve(digits, train=digits.train.select(index), test=digits.test.select(index[:40]))


def run(method: str, path: Path, **more: Any) -> Result:
    torch.set_num_threads(1)
    return execute(METHODS[method], small_space(), data(), path, compiler=SMALL, **more)


class Killer(Silent):
    """Ends its own process without any warning, at a batch or behind an epoch."""

    def __init__(self, when: str, first: int, second: int) -> None:
        self.when, self.first, self.second = when, first, second
        if when in ("fsync", "replace"):
            count, real = 0, getattr(os, when)

            def counting(*arguments: Any) -> None:
                nonlocal count
                count += 1
                if count == first:
                    os.kill(os.getpid(), signal.SIGKILL)
                real(*arguments)

            setattr(os, when, counting)

    def batch(self, record: BatchRecord) -> None:
        if self.when == "batch" and (record.epoch, record.step) == (self.first, self.second):
            os.kill(os.getpid(), signal.SIGKILL)

    def epoch(self, record: Any) -> None:
        if self.when == "epoch" and record.epoch == self.first:
            os.kill(os.getpid(), signal.SIGKILL)


def kill_everywhere(root: Path) -> None:
    """One child for each point, each killed there; torch has started no thread yet, so forking is safe."""
    torch.set_num_threads(1)
    data()
    for number, (method, when, first, second) in enumerate(POINTS):
        child = os.fork()
        if child == 0:
            run(method, root / str(number), reporter=Killer(when, first, second))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.WTERMSIG(status) if os.WIFSIGNALED(status) else -1}\n")


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    script = (
        f"from pathlib import Path; from tests.unit.search.test_resume import *; kill_everywhere(Path({str(folder)!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["9"] * len(POINTS), done.stderr
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    folder = tmp_path_factory.mktemp("whole")
    return {method: run(method, folder / method) for method in METHODS}


def untimed(history: Any) -> list[dict[str, Any]]:
    return [{k: v for k, v in asdict(r).items() if k not in ("images_per_second", "seconds", "time")} for r in history]


@pytest.mark.parametrize("number", range(len(POINTS)), ids=["-".join(map(str, p)) for p in POINTS])
def test_a_killed_run_ends_the_same(number: int, killed: Path, whole: dict[str, Result]) -> None:
    folder, expected = killed / str(number), whole[POINTS[number][0]]
    result = run(POINTS[number][0], folder, resume=True)
    assert result.tensors.keys() == expected.tensors.keys()
    for name, tensor in expected.tensors.items():
        assert result.tensors[name].numpy().tobytes() == tensor.numpy().tobytes(), name
    assert (folder / "arch.json").read_bytes() == (expected.folder / "arch.json").read_bytes()
    assert untimed(result.history) == untimed(expected.history)
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [(line["step"], line["epoch"]) for line in lines] == [(r.step, r.epoch) for r in expected.history]
    assert {p.name for p in folder.iterdir()} == {p.name for p in expected.folder.iterdir()}  # and nothing half-written
    assert result.module.history == expected.module.history


def test_the_curves_have_each_epoch_once(killed: Path, whole: dict[str, Result]) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = killed / "0"
    run("first", folder, resume=True)
    curves = EventAccumulator(str(folder / "tensorboard")).Reload()
    history = whole["first"].history
    for tag, field in (("loss/train", "train_loss"), ("loss/valid", "loss"), ("accuracy/valid", "accuracy")):
        events = curves.Scalars(tag)
        assert [e.step for e in events] == [1, 2, 3]
        assert [e.value for e in events] == pytest.approx([getattr(r, field) for r in history])


def test_a_run_killed_before_its_first_checkpoint_starts_over(tmp_path: Path, whole: dict[str, Result]) -> None:
    (tmp_path / ".archir-0123456789ab.tmp").write_bytes(b"half")
    result = run("first", tmp_path, resume=True)
    assert all(torch.equal(result.tensors[name], t) for name, t in whole["first"].tensors.items())
    assert not list(tmp_path.glob(".archir*"))
