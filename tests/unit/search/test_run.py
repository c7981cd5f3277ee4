from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from attrs import asdict, evolve

from archir.diagnostics import ArchirError, Diagnostic
from archir.ir.module import Module
from archir.ir.origin import Origin
from archir.passes import Rewrite
from archir.search.data import Data, load_data
from archir.search.milestones import milestone_line
from archir.search.phases import SGD, Adam, Train
from archir.search.plan import Plan
from archir.search.report import BatchRecord, EpochRecord, Silent
from archir.search.result import Result, load_run, recorded_setup
from archir.search.run import execute, train_network
from archir.search.schedules import Cosine
from archir.search.steps import RunPass, Step
from archir.source import Source
from tests.build import net, network
from tests.unit.search.small import DIGITS, SMALL, few_digits, small_space

SEARCH = Train(epochs=2, batch=16, weights=SGD(Cosine(0.1, 0.01)), arch=Adam(0.01))
STEPS: tuple[Step, ...] = (RunPass("relax"), SEARCH)


@pytest.fixture(scope="module")
def data() -> Data:
    return few_digits(120)


class Listener(Silent):
    def __init__(self) -> None:
        self.messages: list[str] = []
        self.phases: list[tuple[str, int, int]] = []
        self.epochs: list[EpochRecord] = []
        self.closed = False

    def phase(self, title: str, epochs: int, done: int) -> None:
        self.phases.append((title, epochs, done))

    def epoch(self, record: EpochRecord) -> None:
        self.epochs.append(record)

    def message(self, text: str) -> None:
        self.messages.append(text)

    def close(self) -> None:
        self.closed = True


def search(data: Data, path: Path, steps: tuple[Step, ...] = STEPS, **more: Any) -> Result:
    planned: dict[str, Any] = {"settings": {"method.epochs": 2}, "texts": {"method.nas": "method m\n"}}
    planned |= {name: more.pop(name) for name in ("seed", "settings", "command") if name in more}
    return execute(Plan(steps, data, small_space(), **planned), path, compiler=SMALL, **more)


def refused(code: str, *arguments: Any, **more: Any) -> Diagnostic:
    with pytest.raises(ArchirError) as error:
        search(*arguments, **more)
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.code == code
    assert diagnostic.help
    return diagnostic


def test_a_run_leaves_text_and_one_checkpoint(data: Data, tmp_path: Path) -> None:
    listener = Listener()
    result = search(data, tmp_path / "a" / "run", reporter=listener, command="archir search small.nas")
    run = tmp_path / "a" / "run"
    assert sorted(p.name for p in run.iterdir()) == [
        "arch.json", "arch.jsonl", "checkpoint.safetensors", "library", "log.jsonl", "method.nas",
        "milestones.json", "run.json", "space.nas", "tensorboard",
    ]  # fmt: skip
    described = json.loads((run / "run.json").read_text())
    assert described["command"] == "archir search small.nas"
    assert described["settings"] == {
        "seed": 0, "data": "digits", "input": "tensor[1, 8, 8]", "images": [120, 40], "method.epochs": 2,
    }  # fmt: skip
    assert (run / "space.nas").read_text() == "net small\n"
    assert (run / "library" / "ops.nas").read_text() == "block b\n"
    assert (run / "method.nas").read_text() == "method m\n"
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [(line["step"], line["epoch"], line["epochs"], line["evaluated"]) for line in lines] == [
        (1, 1, 2, "valid"), (1, 2, 2, "valid"),
    ]  # fmt: skip
    written = json.loads((run / "arch.json").read_text())
    assert written["epoch"] == 2
    names = [p.name for p in result.module.parameters]
    assert list(written["parameters"]) == names
    for name in names:
        assert torch.equal(torch.tensor(written["parameters"][name]), result.tensors[name])
        assert result.values[name].tobytes() == result.tensors[name].numpy().tobytes()
    history = [json.loads(line) for line in (run / "arch.jsonl").read_text().splitlines()]
    assert [(line["step"], line["epoch"]) for line in history] == [(1, 1), (1, 2)]
    for name in names:
        np.testing.assert_allclose(history[1]["parameters"][name], written["parameters"][name], rtol=1e-5)
        assert history[0]["parameters"][name] != history[1]["parameters"][name]
    (m,) = result.milestones
    assert json.loads((run / "milestones.json").read_text()) == [asdict(m)]
    assert (m.step, m.epoch, m.after, m.form) == (1, 2, "train(weights, arch) for 2 epochs", "relaxed")
    assert listener.messages == ["pass relax", milestone_line(m)]
    assert listener.phases == [("training weights and arch", 2, 0)]
    assert [r.epoch for r in listener.epochs] == [1, 2]
    assert listener.closed
    assert result.finished


def test_the_seed_decides_everything(data: Data, tmp_path: Path) -> None:
    one, two, other = (search(data, tmp_path / n, seed=s).tensors for n, s in (("1", 5), ("2", 5), ("3", 6)))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not torch.equal(one["stem.conv.weight"], other["stem.conv.weight"])


def test_a_run_can_be_read_again(data: Data, tmp_path: Path) -> None:
    result = search(data, tmp_path / "run")
    again = load_run(tmp_path / "run", compiler=SMALL)
    assert again.finished
    assert again.module == result.module
    assert again.setup.origin.source.text == "net small\n"
    assert again.values.keys() == result.values.keys()
    assert all(torch.equal(again.tensors[name], t) for name, t in result.tensors.items())
    with pytest.raises(ArchirError, match="NAS502: there is no run"):
        load_run(tmp_path / "other", compiler=SMALL)


def test_passes_read_the_trained_values_and_tensors_go_through_them(data: Data, tmp_path: Path) -> None:
    steps = (RunPass("relax"), RunPass("seen"), evolve(SEARCH, epochs=1), RunPass("seen"), RunPass("wide"), SEARCH)
    result = search(data, tmp_path / "run", steps)
    assert [r.step for r in result.history] == [2, 5, 5]
    before, after = search(data, tmp_path / "half", steps[:4]).module.history
    assert before == ""  # nothing was trained yet
    values = load_run(tmp_path / "half", compiler=SMALL).values
    assert after == ",".join(f"{name}={float(value.sum())!r}" for name, value in sorted(values.items()))
    # `wide` keeps alpha, whose shape stays, and starts the weights anew, whose shapes change
    half = search(data, tmp_path / "wide", steps[:5])
    assert set(half.tensors) >= {p.name for p in half.module.parameters}
    assert "cell.0.x.0.relu_conv_bn.conv.weight" not in half.tensors
    for name, value in values.items():
        assert half.values[name].tobytes() == value.tobytes()


def test_a_rename_takes_weights_and_momentum_along(data: Data, tmp_path: Path) -> None:
    """The stem gets another name: whoever follows the map trains on as if nothing had happened."""

    def renamed(module: Module) -> Module:
        nodes = list(module.graph.nodes)
        assert nodes[0].name == "stem.conv"
        nodes[0] = evolve(nodes[0], name="first.conv")
        nodes[1] = evolve(nodes[1], operands=("first.conv",))
        return evolve(module, graph=evolve(module.graph, nodes=tuple(nodes)))

    def run_passes(module: Module, spec: str, values: Any) -> Rewrite:
        if spec == "rename":
            return Rewrite(renamed(module), {"first.conv": "stem.conv"})
        return SMALL.run_passes(module, spec, values)

    compiler = evolve(SMALL, run_passes=run_passes)
    one = evolve(SEARCH, epochs=1)
    plain = search(data, tmp_path / "plain", (RunPass("relax"), one, RunPass("seen"), one))
    steps = (RunPass("relax"), one, RunPass("rename"), one)
    other = execute(Plan(steps, data, small_space()), tmp_path / "other", compiler=compiler)
    assert torch.equal(other.tensors["first.conv.weight"], plain.tensors["stem.conv.weight"])
    assert all(torch.equal(other.tensors[n], t) for n, t in plain.tensors.items() if not n.startswith("stem.conv"))


def test_a_used_folder_is_refused(data: Data, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    diagnostic = refused("NAS502", data, tmp_path)
    assert diagnostic.message == f"`{tmp_path}` is not empty"
    assert "--resume" in diagnostic.help
    assert os.listdir(tmp_path) == ["notes.txt"]
    diagnostic = refused("NAS502", data, tmp_path / "notes.txt")
    assert "cannot be a run's folder: file exists" in diagnostic.message
    assert "there is no checkpoint in" in refused("NAS502", data, tmp_path, resume=True).message
    assert "there is no run" in refused("NAS502", data, tmp_path / "no", resume=True).message
    assert not (tmp_path / "no").exists()


def test_a_resume_with_other_settings_is_refused(data: Data, tmp_path: Path) -> None:
    search(data, tmp_path / "run")
    diagnostic = refused("NAS502", data, tmp_path / "run", resume=True, settings={"method.epochs": 3})
    assert diagnostic.message == "the run was started with `method.epochs` = 2, and is resumed with 3"
    assert "`seed` = 0, and is resumed with 1" in refused("NAS502", data, tmp_path / "run", resume=True, seed=1).message
    fewer = evolve(data, test=data.test.select(torch.arange(30)))
    assert "`images` = [120, 40]" in refused("NAS502", fewer, tmp_path / "run", resume=True).message
    diagnostic = refused("NAS502", data, tmp_path / "run", (RunPass("seen"), SEARCH), resume=True)
    assert diagnostic.message.startswith("step 1 of the run's method is `RunPass(spec='relax')`, and is resumed with")
    diagnostic = refused("NAS502", data, tmp_path / "run", (*STEPS, RunPass("seen")), resume=True)
    assert diagnostic.message.startswith("step 3 of the run's method is `nothing`")


def test_settings_within_settings_are_named(data: Data, tmp_path: Path) -> None:
    search(data, tmp_path / "run", settings={"method": {"epochs": 2, "lr": 0.1}})
    other = {"method": {"epochs": 2, "lr": 0.2}}
    diagnostic = refused("NAS502", data, tmp_path / "run", resume=True, settings=other)
    assert diagnostic.message == "the run was started with `method.lr` = 0.1, and is resumed with 0.2"


def test_a_run_is_of_one_process(data: Data, tmp_path: Path) -> None:
    other: list[Diagnostic] = []

    class Second(Silent):
        """Starts the same run again while it is at work."""

        def batch(self, record: BatchRecord) -> None:
            if not other:
                (tmp_path / "run" / ".archir-1.tmp").write_bytes(b"being written")
                other.append(refused("NAS502", data, tmp_path / "run", resume=True))
                assert (tmp_path / "run" / ".archir-1.tmp").exists()

    search(data, tmp_path / "run", reporter=Second())
    assert other[0].message == f"another process is at work in `{tmp_path / 'run'}`"
    search(data, tmp_path / "run", resume=True)  # the lock has gone with the run
    assert not (tmp_path / "run" / ".archir-1.tmp").exists()


def test_resuming_a_finished_run_changes_nothing(data: Data, tmp_path: Path) -> None:
    first = search(data, tmp_path / "run")
    kept = {n: (tmp_path / "run" / n).read_bytes() for n in ("arch.json", "log.jsonl", "checkpoint.safetensors")}
    again = search(data, tmp_path / "run", resume=True)
    assert all(torch.equal(first.tensors[name], t) for name, t in again.tensors.items())
    assert kept == {n: (tmp_path / "run" / n).read_bytes() for n in kept}


def test_a_net_that_does_not_take_the_data_is_refused(data: Data, tmp_path: Path) -> None:
    fake = load_data("fake")
    message = refused("NAS506", fake, tmp_path / "run").message
    assert message == "`darts` takes tensor[1, 8, 8], and fake gives tensor[3, 32, 32]"
    fewer = evolve(data, class_names=("a", "b"))
    assert refused("NAS506", fewer, tmp_path / "run").message == "`darts` gives tensor[10], and digits has 2 classes"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("cutout", "blank"), [(13, False), (16, True)])
def test_a_cutout_that_erases_every_image_is_refused(data: Data, tmp_path: Path, cutout: int, blank: bool) -> None:
    plan = Plan((RunPass("relax"), Train(epochs=1, batch=64, cutout=cutout)), data, small_space())
    if blank:
        with pytest.raises(
            ArchirError, match=r"a cutout of 16 leaves nothing of an image of digits, tensor\[1, 8, 8\]"
        ):
            execute(plan, tmp_path / "run")
        assert not (tmp_path / "run").exists()
    else:
        execute(plan, tmp_path / "run")


def test_a_full_disk_stops_the_run_and_a_resume_goes_on(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = search(data, tmp_path / "whole")

    class FillTheDisk(Silent):
        def batch(self, record: BatchRecord) -> None:
            if record.epoch == 2:
                monkeypatch.setattr(os, "fsync", full)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    diagnostic = refused("NAS503", data, tmp_path / "run", reporter=FillTheDisk())
    assert "checkpoint.safetensors`: no space left on device" in diagnostic.message
    monkeypatch.undo()
    listener = Listener()
    resumed = search(data, tmp_path / "run", resume=True, reporter=listener)
    assert listener.phases == [("training weights and arch", 2, 1)]
    assert all(torch.equal(whole.tensors[name], t) for name, t in resumed.tensors.items())


def test_a_bad_loss_keeps_the_last_checkpoint(data: Data, tmp_path: Path) -> None:
    steep = evolve(SEARCH, weights=SGD(Cosine(1e-3, 1e30, unit="epoch", over=1)), clip=None)
    assert "epoch 2" in refused("NAS507", data, tmp_path / "run", (RunPass("relax"), steep)).message
    stopped = load_run(tmp_path / "run", compiler=SMALL)
    assert not stopped.finished
    assert [r.epoch for r in stopped.history] == [1]
    assert all(bool(t.isfinite().all()) for t in stopped.tensors.values())


def test_a_device_that_is_not_there_is_refused(data: Data, tmp_path: Path) -> None:
    assert "`warp`" in refused("NAS507", data, tmp_path / "run", device="warp").message
    assert not (tmp_path / "run").exists()


def test_too_little_memory_is_said_in_words(data: Data, tmp_path: Path) -> None:
    class Hungry(Silent):
        def batch(self, record: BatchRecord) -> None:
            torch.empty(2**60, dtype=torch.uint8)

    assert "not enough memory" in refused("NAS507", data, tmp_path / "run", reporter=Hungry()).message


def test_a_resumed_run_needs_no_module(data: Data, tmp_path: Path) -> None:
    first = search(data, tmp_path / "run")
    setup = recorded_setup(tmp_path / "run")
    assert setup is not None
    assert setup.texts == {"method.nas": "method m\n"}
    plan = Plan(STEPS, data, settings={"method.epochs": 2})
    again = execute(plan, tmp_path / "run", resume=True, compiler=SMALL)
    assert all(torch.equal(first.tensors[name], t) for name, t in again.tensors.items())
    (tmp_path / "empty").mkdir()
    assert recorded_setup(tmp_path / "empty") is None
    with pytest.raises(ArchirError, match="was stopped before its first checkpoint"):
        execute(plan, tmp_path / "empty", resume=True, compiler=SMALL)


def trained_network(data: Data, path: Path) -> Result:
    graph = net(DIGITS, channels=2, cells=(False,), derived=True)
    module = evolve(network(graph), origin=Origin(Source("net.nas", "net n\n"), (), "n"))
    compiler = evolve(SMALL, elaborate=lambda _: module)
    return train_network(Plan((SEARCH,), data, module), path, compiler=compiler)


def test_a_network_is_trained_tested_and_saved(data: Data, tmp_path: Path) -> None:
    result = trained_network(data, tmp_path / "run")
    assert [r.evaluated for r in result.history] == ["test", "test"]
    saved = safetensors.torch.load_file(tmp_path / "run" / "net.safetensors")
    assert saved.keys() == result.tensors.keys()
    assert all(torch.equal(saved[name], t) for name, t in result.tensors.items())
    assert (tmp_path / "run" / "net.nas").read_text() == "net n\n"
    assert not (tmp_path / "run" / "arch.json").exists()


def test_a_network_inherits_weights(data: Data, tmp_path: Path) -> None:
    first = trained_network(data, tmp_path / "first")
    still = {"weights": SGD(0.0), "epochs": 1}
    inherited = {name: t for name, t in first.tensors.items() if name != "linear.bias"}
    module = first.module
    phase = evolve(SEARCH, **still)
    compiler = evolve(SMALL, elaborate=lambda _: module)
    plan = Plan((phase,), data, module, weights=inherited)
    second = train_network(plan, tmp_path / "second", compiler=compiler)
    for name, t in first.tensors.items():
        if "running" not in name and "tracked" not in name:
            assert torch.equal(second.tensors[name], t) == (name != "linear.bias")
