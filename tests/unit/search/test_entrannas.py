"""EnTranNAS and EnTranNAS-DST from the first to the last step, and what a run reports of them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import torch
from attrs import evolve

from archir.diagnostics import ArchirError
from archir.lowering.torch import to_torch
from archir.passes import run_pipeline
from archir.search.bilevel import VirtualStep, first_order_gradients, second_order_gradients, with_objective
from archir.search.data import Data
from archir.search.learner import Learner
from archir.search.method import find_method, read_method
from archir.search.phases import Train
from archir.search.plan import Plan
from archir.search.report import Silent
from archir.search.result import Result
from archir.search.run import execute
from archir.search.steps import RunPass, Step
from archir.search.trainer import begin, train_epoch
from tests.small_space import small_digits_space
from tests.unit.search.small import SmoothNet, StopInEpoch2, Stopped, batch, few_digits

SETTINGS = {"epochs": 3, "batch": 32, "ratio": 2, "lr": 0.1, "arch_lr": 0.03}


@pytest.fixture(scope="module")
def data() -> Data:
    return few_digits()


def steps(method: str, **settings: object) -> tuple[Step, ...]:
    return read_method(find_method(method), {**SETTINGS, **settings}).steps  # type: ignore[dict-item]


def kept(result: Result) -> Counter[str]:
    assert result.module.origin is not None
    assert result.module.origin.point is not None
    return Counter(key.partition(".")[0] for key, of in result.module.origin.point.choices for _ in of)


@pytest.mark.parametrize("method", ["entrannas", "entrannas_dst"])
def test_a_run_reports_what_it_would_derive_and_derives_it(data: Data, tmp_path: Path, method: str) -> None:
    result = execute(Plan(steps(method), data, small_digits_space()), tmp_path / "run")
    assert result.module.form == "network"
    last = result.history[-1]
    assert last.operations == kept(result), "the temperature and the thresholds are those of the last epoch"
    assert all(r.child_accuracy is not None for r in result.history)
    assert (last.objective is not None) == (method == "entrannas_dst")
    if method == "entrannas":
        assert last.edges == last.operations == {"normal": 4, "reduce": 4}
    line = json.loads((tmp_path / "run" / "log.jsonl").read_text().splitlines()[-1])
    assert line["operations"] == last.operations
    read = json.loads((tmp_path / "run" / "arch.json").read_text())["parameters"]
    assert read["arch.epochs"] == [2.0]


@pytest.mark.parametrize("method", ["entrannas", "entrannas_dst"])
def test_an_interrupted_run_ends_the_same(data: Data, tmp_path: Path, method: str) -> None:
    plan = Plan(steps(method, epochs=2), data, small_digits_space())
    whole = execute(plan, tmp_path / "whole")
    with pytest.raises(Stopped):
        execute(plan, tmp_path / "run", reporter=StopInEpoch2())
    result = execute(evolve(plan, module=None), tmp_path / "run", resume=True)
    assert result.module == whole.module
    assert all(torch.equal(result.tensors[name], t) for name, t in whole.tensors.items())


def test_with_coefficients_supernet_and_derived_paths_are_equally_accurate(data: Data, tmp_path: Path) -> None:
    result = execute(
        Plan(steps("entrannas_dst", coefficients=True, share=False, ratio=1), data, small_digits_space()),
        tmp_path / "r",
    )
    assert [r.accuracy for r in result.history] == [r.child_accuracy for r in result.history]
    coefficients = [k.coefficient for _, of in result.module.origin.point.choices for k in of]  # type: ignore[union-attr]
    assert all(c is not None and 0 < c <= 1 for c in coefficients)


def test_a_larger_lambda_pulls_thresholds_up(data: Data, tmp_path: Path) -> None:
    thresholds = []
    for weight in (0.0, 1.0):
        plan = Plan(steps("entrannas_dst", sparsity=weight, epochs=2), data, small_digits_space())
        result = execute(evolve(plan, steps=plan.steps[:-1]), tmp_path / str(weight))
        thresholds.append([v.item() for name, v in result.values.items() if name.endswith("threshold")])
    assert all(low < high for low, high in zip(*thresholds, strict=True))


def test_what_cannot_be_derived_is_said_before_training(data: Data, tmp_path: Path) -> None:
    plan = Plan(
        (RunPass("relax"), Train(epochs=1, batch=32), RunPass("derive{rule=nonzero}")), data, small_digits_space()
    )
    with pytest.raises(ArchirError, match=r"`nonzero` cannot derive `normal.x.2`"):
        execute(plan, tmp_path / "run")
    log = tmp_path / "run" / "log.jsonl"
    assert not log.exists() or not log.read_text()


def test_unused_weights_are_not_touched(data: Data) -> None:
    """Without a gradient there is no step, no decay and no momentum."""
    torch.manual_seed(0)
    model = to_torch(run_pipeline(small_digits_space(), "relax{deviation=1.0},transit").module)
    session = begin(model, Train(("weights",), epochs=1, batch=64), data, index=0, seed=0)
    before = {name: w.detach().clone() for name, w in session.learner.weights.items()}
    train_epoch(session, 0, Silent())
    same = {name for name, w in session.learner.weights.items() if torch.equal(w, before[name])}
    assert same
    assert all(name.startswith(("c.2", "c.3")) for name in same)
    assert all(session.learner.weights[name].grad is None for name in same)


@pytest.mark.parametrize("order", [1, 2])
def test_the_gradient_of_an_objective_is_added(order: int) -> None:
    torch.manual_seed(1)
    plain, pulled = SmoothNet().double(), SmoothNet(pulled=True).double()
    pulled.load_state_dict(plain.state_dict())
    train, valid = batch(8, 1, dtype=torch.float64), batch(8, 2, dtype=torch.float64)
    found = []
    for model in (plain, pulled):
        learner = Learner.of(model)
        gradients = (
            first_order_gradients(learner, valid)
            if order == 1
            else second_order_gradients(learner, train, valid, VirtualStep(0.1))
        )
        found.append(with_objective(gradients, learner).by_name["alpha"])
    torch.testing.assert_close(found[1] - found[0], 0.2 * plain.alpha.detach())
