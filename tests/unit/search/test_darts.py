"""The whole compiler under a run: the space of DARTS, scaled down, on digits."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from attrs import evolve

import archir
from archir.ir.types import TensorType
from archir.lowering.torch import to_torch
from archir.passes import run_pipeline
from archir.search.carry import carried
from archir.search.data import Data
from archir.search.phases import SGD, Adam, Train
from archir.search.plan import Plan
from archir.search.result import load_run
from archir.search.run import execute, train_network
from archir.search.schedules import Cosine
from archir.search.steps import RunPass, Step
from tests.unit.search.small import StopInEpoch2, Stopped, few_digits

PHASE = Train(epochs=2, batch=32, weights=SGD(Cosine(0.05, 0.01)), arch=Adam(0.01))


@pytest.fixture(scope="module")
def data() -> Data:
    return few_digits()


def small_darts(root: Path, folder: Path) -> Path:
    path = folder / "mine.nas"
    text = (root / "spaces" / "darts.nas").read_text()
    path.write_text(text.replace("2..6", "2..4"))
    return path


@pytest.mark.parametrize("bilevel", ["first_order", "second_order"])
def test_a_searched_network_is_trained(data: Data, root: Path, tmp_path: Path, bilevel: str) -> None:
    path = small_darts(root, tmp_path)
    steps: tuple[Step, ...] = (RunPass("relax"), evolve(PHASE, bilevel=bilevel))
    parameters = {"image": TensorType((1, 8, 8)), "channels": 2, "cells": 3}
    plan = Plan(steps, data, archir.load(path, **parameters))
    whole = execute(plan, tmp_path / "whole")
    with pytest.raises(Stopped):
        execute(plan, tmp_path / "run", reporter=StopInEpoch2())
    path.write_text("this is no space any more")
    result = execute(evolve(plan, module=None), tmp_path / "run", resume=True)
    assert result.module == whole.module
    assert all(torch.equal(result.tensors[name], t) for name, t in whole.tensors.items())

    run = load_run(tmp_path / "run")
    derived = run_pipeline(run.module, "derive", run.values)
    assert derived.module.form == "network"
    wanted = to_torch(derived.module).state_dict()
    inherited = carried(run.tensors, wanted, [derived.weights])
    assert [n for n, t in wanted.items() if t.dim() == 4 and n not in inherited] == []  # every convolution is
    assert all(inherited[n].shape == wanted[n].shape for n in inherited)
    training = Plan((evolve(PHASE, epochs=1),), data, derived.module, weights=inherited)
    trained = train_network(training, tmp_path / "net")
    assert trained.finished
    assert 0 <= trained.history[-1].accuracy <= 1
