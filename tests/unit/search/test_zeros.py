"""Kernels keep the zeros that they have when a phase begins, whatever the optimiser has in mind."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from attrs import evolve

from archir.search.checkpoint import load_checkpoint
from archir.search.data import Data
from archir.search.phases import SGD, Adam, Cosine, Optimizer, Train
from archir.search.plan import Plan
from archir.search.report import Silent
from archir.search.run import execute
from archir.search.steps import RunPass
from archir.search.trainer import Session, begin, train_epoch
from archir.search.zeros import zeros_of
from tests.unit.search.small import SMALL, SmoothNet, few_digits, small_space

OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": SGD(Cosine(0.1, 0.01), momentum=0.9, decay=1e-2),
    "adam": Adam(0.01, decay=1e-2),
}


@pytest.fixture(scope="module")
def data() -> Data:
    return few_digits(160)


def session(data: Data, phase: Train) -> Session:
    """Half of each convolution is zero, some of it `-0.0`; so is a bias."""
    torch.manual_seed(7)
    model = SmoothNet()
    with torch.no_grad():
        for weight in (model.stem.weight, model.one.weight):
            weight[:2] *= 0
            weight[2] = 0
        model.out.bias.zero_()
    return begin(model, phase, data, index=0, seed=0)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("trains", [("weights",), ("weights", "arch")])
def test_zeros_stay_and_the_rest_moves(data: Data, name: str, trains: tuple[str, ...]) -> None:
    made = session(data, Train(trains, epochs=2, batch=32, weights=OPTIMIZERS[name], keep_zeros=True))
    for w in made.learner.weights.values():  # as inherited: it goes on where nothing is left
        slots = ["momentum_buffer"] if name == "sgd" else ["exp_avg", "exp_avg_sq"]
        made.optimizers["weights"].state[w] = {slot: torch.full_like(w, 0.3) for slot in slots}
        if name == "adam":
            made.optimizers["weights"].state[w]["step"] = torch.tensor(9.0)
    before = {path: w.detach().clone() for path, w in made.learner.weights.items()}
    for epoch in range(2):
        train_epoch(made, epoch, Silent())
    for path, start in before.items():
        now = made.learner.weights[path].detach()
        still = (start == 0) & (start.dim() >= 2)
        assert torch.equal(now[still], torch.zeros_like(now[still])), path
        assert (now[~still] != start[~still]).all(), path
    assert {path: int(z.sum()) for path, z in made.zeros.items()} == {"stem.weight": 27, "one.weight": 108}
    assert (made.learner.weights["out.bias"] != 0).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_zeros_move_unless_they_are_to_stay(data: Data, name: str) -> None:
    made = session(data, Train("weights", epochs=1, batch=32, weights=OPTIMIZERS[name]))
    train_epoch(made, 0, Silent())
    assert made.zeros == {}
    assert (made.learner.weights["one.weight"] != 0).all()


def test_clipping_measures_what_moves(data: Data) -> None:
    """One step from the same weights, clipped hard: the kept part goes as far as the whole gradient would."""
    phase = Train("weights", epochs=1, batch=160, weights=SGD(0.1, 0.0, 0.0), clip=1e-3, keep_zeros=True)
    made = session(data, phase)
    before = {path: w.detach().clone() for path, w in made.learner.weights.items()}
    train_epoch(made, 0, Silent())
    moved = torch.cat([(w.detach() - before[path]).flatten() for path, w in made.learner.weights.items()])
    assert float(moved.norm()) == pytest.approx(0.1 * 1e-3, rel=1e-2)


def test_a_number_that_comes_to_zero_meanwhile_is_free() -> None:
    weights = {"a": torch.tensor([[0.0, 1.0]]), "b": torch.zeros(3), "c": torch.ones(2, 2)}
    assert {path: z.tolist() for path, z in zeros_of(weights).items()} == {"a": [[True, False]]}


def test_a_resumed_phase_keeps_the_zeros_it_began_with(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that comes to zero by itself stays free, in the run that goes on as in the one that was resumed."""
    relax, phase = RunPass("relax"), Train(epochs=1, batch=32, weights=SGD(0.1))
    first = execute(Plan((relax, phase), data, small_space()), tmp_path / "first", compiler=SMALL)
    path = next(p for p, t in first.tensors.items() if t.dim() == 4)
    weights = dict(first.tensors) | {path: first.tensors[path].clone()}
    weights[path].view(-1)[:2] = 0
    steps = (relax, evolve(phase, epochs=3, keep_zeros=True))

    def trained(session: Session, epoch: int, reporter: Silent) -> object:
        record = train_epoch(session, epoch, reporter)
        if epoch == 0:
            session.learner.weights[path].data.view(-1)[2] = 0
        if epoch == stop:
            raise KeyboardInterrupt
        return record

    monkeypatch.setattr("archir.search.sessions.train_epoch", trained)
    stop = 3
    whole = execute(Plan(steps, data, small_space(), weights=weights), tmp_path / "whole", compiler=SMALL)
    stop = 1
    plan = Plan(steps, data, small_space(), weights=weights)
    with pytest.raises(KeyboardInterrupt):
        execute(plan, tmp_path / "part", compiler=SMALL)
    _, state = load_checkpoint(tmp_path / "part" / "checkpoint.safetensors")
    assert {p: int(z.sum()) for p, z in state.zeros.items()} == {path: 2}
    assert state.model[path].view(-1)[:3].tolist() == [0, 0, 0]
    stop = 3
    resumed = execute(plan, tmp_path / "part", resume=True, compiler=SMALL)
    for name, tensor in whole.tensors.items():
        assert resumed.tensors[name].numpy().tobytes() == tensor.numpy().tobytes(), name
    flat = whole.tensors[path].view(-1)
    assert flat[:2].tolist() == [0, 0]
    assert flat[2] != 0
