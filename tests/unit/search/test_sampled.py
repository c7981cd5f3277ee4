"""Searches that sample one operation for each edge: noise is a step's own, in both orders, and when resumed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from attrs import evolve

from archir.lowering.torch import Supernet, to_torch
from archir.passes import run_pipeline
from archir.search.bilevel import VirtualStep, second_order_gradients
from archir.search.data import Data
from archir.search.learner import Learner
from archir.search.method import find_method, read_method
from archir.search.phases import Train
from archir.search.plan import Plan
from archir.search.report import BatchRecord, Silent
from archir.search.run import execute
from archir.search.trainer import begin, train_epoch
from tests.small_space import small_digits_space
from tests.unit.search.small import StopInEpoch2, Stopped, batch, few_digits

GUMBEL = {"epochs": 2, "batch": 32, "lr": 0.1, "arch_lr": 0.03, "gate": "gumbel_max"}


@pytest.fixture(scope="module")
def data() -> Data:
    return few_digits()


@pytest.mark.slow
@pytest.mark.parametrize("order", ["first_order", "none"])
def test_a_resumed_run_draws_what_the_whole_one_draws(data: Data, tmp_path: Path, order: str) -> None:
    method = read_method(find_method("darts"), {**GUMBEL, "order": order, "temperature": 5.0, "anneal": 0.9})
    plan = Plan(method.steps, data, small_digits_space())
    whole = execute(plan, tmp_path / "whole")
    assert whole.module.form == "network"
    assert all(record.child_accuracy is not None for record in whole.history)
    with pytest.raises(Stopped):
        execute(plan, tmp_path / "run", reporter=StopInEpoch2())
    resumed = execute(evolve(plan, module=None), tmp_path / "run", resume=True)
    assert resumed.tensors.keys() == whole.tensors.keys()
    for name, tensor in whole.tensors.items():
        assert resumed.tensors[name].numpy().tobytes() == tensor.numpy().tobytes(), name
    for name in ("arch.json", "arch.jsonl"):
        assert (resumed.folder / name).read_bytes() == (whole.folder / name).read_bytes()
    assert "noise" not in (whole.folder / "arch.json").read_text()


def sampled(seed: int) -> Supernet:
    torch.manual_seed(seed)
    net = to_torch(run_pipeline(small_digits_space(), "relax{gate=gumbel_max,deviation=1.0}").module).double()
    net.tick("step")
    return net


def test_second_order_stays_on_the_path_of_its_step() -> None:
    """As the same net would with its noise as constants: all five evaluations run what was drawn."""
    learner = Learner.of(sampled(0))
    train, valid = (batch(8, seed, dtype=torch.float64) for seed in (1, 2))
    noise = [b.clone() for name, b in learner.model.named_buffers() if name.endswith("noise")]
    ran: list[object] = []
    inner = Supernet.forward

    def heard(net: Supernet, *inputs: torch.Tensor) -> torch.Tensor:
        ran.append([value.active for value in net._gates.run(net._leaf_values())])
        return inner(net, *inputs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Supernet, "forward", heard)
        torch.manual_seed(5)
        found = second_order_gradients(learner, train, valid, VirtualStep(0.5, 0.9, 3e-2))
    assert len(ran) == 4
    assert all(active == ran[0] for active in ran)
    after = [b for name, b in learner.model.named_buffers() if name.endswith("noise")]
    assert all(torch.equal(a, b) for a, b in zip(noise, after, strict=True))
    assert all(torch.isfinite(slope).all() for slope in found.by_name.values())
    assert any(slope.any() for slope in found.by_name.values())


def test_each_step_draws_anew_and_leaves_what_is_not_drawn_alone(data: Data) -> None:
    torch.manual_seed(0)
    net = to_torch(run_pipeline(small_digits_space(), "relax{gate=gumbel_max}").module)
    phase = read_method(find_method("darts"), GUMBEL).steps[1]
    assert isinstance(phase, Train)
    drawn: list[object] = []
    before = {name: w.detach().clone() for name, w in net.weights().items()}

    class Listening(Silent):
        def batch(self, record: BatchRecord) -> None:
            drawn.append(tuple(value.active for value in net._gates.run(net._leaf_values())))
            moved = {n for n, w in net.weights().items() if not torch.equal(w, before[n])}
            with_gradient = {n for n, w in net.weights().items() if w.grad is not None and w.grad.any()}
            assert moved <= with_gradient  # no weight decay and no momentum of what did not run
            assert with_gradient < before.keys()
            before.update({n: w.detach().clone() for n, w in net.weights().items()})

    train_epoch(begin(net, phase, data, index=0, seed=1), 0, Listening())
    assert len(set(drawn)) == len(drawn) > 1
