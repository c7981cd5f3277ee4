from __future__ import annotations

import errno
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from attrs import evolve

from archir.diagnostics import ArchirError, Diagnostic
from archir.ir.origin import Origin
from archir.search.checkpoint import load_checkpoint, save_checkpoint
from archir.search.contest.record import ContestRecord
from archir.search.optimizers import build_optimizer, load_optimizer_state, optimizer_state
from archir.search.phases import SGD, Adam
from archir.search.report import EpochRecord
from archir.search.state import PassRun, Setup, State
from archir.source import Source

SETUP = Setup(
    Origin(Source("a.nas", "net ä\n"), (("ops", Source("ops.nas", "block\n")),), "a", (("k", (3, 5)), ("on", True))),
    {"seed": 3, "method.lr": 0.1},
    ("RunPass(spec='relax')",),
    {"method.nas": "method m() {}\n"},
    "archir search a.nas",
    {"torch": "2"},
)


def full_state() -> State:
    torch.manual_seed(0)
    model = {"arch.x.alpha": torch.randn(2, 3), "bn.count": torch.tensor(7), "conv.weight": torch.randn(4, 1, 3, 3)}
    optimizers = {
        "weights": {"conv.weight": {"momentum_buffer": torch.randn(4, 1, 3, 3)}},
        "arch": {"arch.x.alpha": {"step": torch.tensor(12.0), "exp_avg": torch.randn(2, 3)}},
    }
    record = EpochRecord(1, 1, 2, 0.1 + 0.2, 1 / 3, "valid", 1e-17, 0.5, 0.025, 100.0, 2.0, 1e9 + 1 / 7)
    run = PassRun("relax", {"arch.x.alpha": np.array([[0.1, -0.0]], dtype=np.float32)})
    kinds = {"weights": "SGD", "arch": "Adam"}
    zeros = {"conv.weight": model["conv.weight"] < 0}
    contest = ContestRecord(
        1, "partition", "given", "both", "loss", 1, "valid", ((0.1 + 0.2, 0.5), (0.25, 1 / 3)),
        ((0.0, 1.0), (0.5, 0.5)), ((2.0, 1e-17), (1.0, 0.0)), 3.5,
        (("x", 0),), ((("skip", "none"),), (("conv",),)),
    )  # fmt: skip
    passes = (PassRun("share", {}, ("a note",)), run)
    return State(1, 1, model, optimizers, kinds, zeros, passes, 2, (record,), contests=(contest,))


def refused(path: Path) -> Diagnostic:
    with pytest.raises(ArchirError) as error:
        load_checkpoint(path)
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.code == "NAS504"
    assert diagnostic.help
    return diagnostic


def same(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a, b)
    return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)


def test_everything_comes_back_exactly(tmp_path: Path) -> None:
    path, state = tmp_path / "checkpoint.safetensors", full_state()
    save_checkpoint(path, SETUP, state)
    setup, found = load_checkpoint(path)
    assert setup.origin == SETUP.origin
    assert (setup.facts, setup.steps, setup.texts) == (SETUP.facts, SETUP.steps, SETUP.texts)
    assert (setup.command, setup.circumstances) == (SETUP.command, SETUP.circumstances)
    assert (found.step, found.epoch, found.settled, found.history) == (1, 1, 2, state.history)
    assert same(found.model, state.model)
    assert same(found.optimizers, state.optimizers)
    assert found.kinds == state.kinds
    assert found.contests == state.contests
    assert same(found.zeros, state.zeros)
    assert [run.spec for run in found.passes] == ["share", "relax"]
    assert found.passes[0].values == {}
    assert found.passes[1].values["arch.x.alpha"].tobytes() == state.passes[1].values["arch.x.alpha"].tobytes()


@pytest.mark.parametrize("description", [SGD(0.1, 0.9, 1e-3), SGD(0.1, 0.0), Adam(0.01, (0.5, 0.9), 1e-3)])
def test_an_optimizer_goes_on_exactly(tmp_path: Path, description: SGD | Adam) -> None:
    def steps(optimizer: torch.optim.Optimizer, parameter: torch.nn.Parameter, first: int, last: int) -> None:
        optimizer.param_groups[0]["lr"] = 0.1
        for i in range(first, last):
            parameter.grad = torch.randn(5, generator=torch.Generator().manual_seed(i))
            optimizer.step()

    whole = torch.nn.Parameter(torch.ones(5))
    steps(build_optimizer(description, {"w": whole}), whole, 0, 6)

    part = torch.nn.Parameter(torch.ones(5))
    optimizer = build_optimizer(description, {"w": part})
    steps(optimizer, part, 0, 3)
    state = State(model={"w": part}, optimizers={"weights": optimizer_state(optimizer, {"w": part})})
    save_checkpoint(tmp_path / "c", SETUP, state)
    _, found = load_checkpoint(tmp_path / "c")
    again = torch.nn.Parameter(found.model["w"])
    resumed = build_optimizer(description, {"w": again})
    load_optimizer_state(resumed, {"w": again}, dict(found.optimizers.get("weights", {})))
    steps(resumed, again, 3, 6)
    assert torch.equal(again, whole)


def test_a_parameter_that_is_new_joins_others_with_momentum() -> None:
    old, new = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
    optimizer = build_optimizer(SGD(0.1, 0.9, 0.0), {"old": old, "new": new})
    load_optimizer_state(optimizer, {"old": old, "new": new}, {"old": {"momentum_buffer": torch.full((2,), 10.0)}})
    optimizer.param_groups[0]["lr"] = 0.1
    old.grad, new.grad = torch.ones(2), torch.ones(2)
    optimizer.step()
    assert old.tolist() == pytest.approx([0.0, 0.0], abs=1e-6)  # 1 - 0.1 * (0.9 * 10 + 1)
    assert new.tolist() == pytest.approx([0.9, 0.9])


def test_damaged_and_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    assert "there is no checkpoint" in refused(path).message
    save_checkpoint(path, SETUP, full_state())
    whole = path.read_bytes()
    for length in (0, 4, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert f"the checkpoint `{path}` cannot be used: " in refused(path).message
    flipped = bytearray(whole)
    flipped[-3] ^= 1
    path.write_bytes(flipped)
    assert "digest" in refused(path).message
    path.write_bytes(whole.replace(b"seed", b"sEed"))
    assert "digest" in refused(path).message
    path.write_bytes(pickle.dumps({"a": 1}))
    refused(path)
    torch.save({"a": torch.ones(2)}, path)
    refused(path)
    path.write_bytes(safetensors.torch.save({"a": torch.ones(2)}))
    assert "not of the format" in refused(path).message
    path.unlink()
    path.mkdir()
    refused(path)


def test_a_digest_alone_makes_no_checkpoint(tmp_path: Path) -> None:
    from archir.search import checkpoint

    path = tmp_path / "c"
    for text, tensors in (("[]", {}), ("{}", {}), ('{"passes": []}', {"odd": torch.ones(1)})):
        metadata = {checkpoint.FORMAT: f"{checkpoint._digest(text, tensors)}\n{text}"}
        path.write_bytes(safetensors.torch.save(tensors, metadata))
        assert "its header lacks what a run needs" in refused(path).message


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, SETUP, full_state())
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArchirError) as error:
        save_checkpoint(path, SETUP, evolve(full_state(), epoch=2))
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.code == "NAS503"
    assert "no space left on device" in diagnostic.message
    assert "free some space" in diagnostic.help
    assert "--resume" in diagnostic.help
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["checkpoint.safetensors"]
