"""Masks from the first to the last step: what trains, what stays, what is reported and derived."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from attrs import evolve

from archir.cli.main import run as archir
from archir.diagnostics import ArchirError
from archir.lowering.torch import to_torch
from archir.passes import run_pipeline
from archir.search.bilevel import VirtualStep, second_order_gradients
from archir.search.data import Data
from archir.search.evaluation import evaluate
from archir.search.learner import Learner
from archir.search.phases import SGD, Adam, Train
from archir.search.plan import Plan
from archir.search.report import BatchRecord, Silent
from archir.search.run import execute
from archir.search.steps import RunPass, Step
from archir.search.trainer import begin, train_epoch
from tests.small_space import small_digits_space
from tests.unit.search.small import batch, few_digits

FAST = {"batch": 32, "masks": Adam(3e-3, (0.9, 0.999), 0.0), "arch_masks": Adam(3e-3, (0.9, 0.999), 0.0)}
STEPS: tuple[Step, ...] = (
    RunPass("widen"),
    RunPass("relax"),
    Train(epochs=1, batch=32, weights=SGD(0.1)),
    RunPass("mask"),
    Train(("masks", "arch_masks"), epochs=2, **FAST),  # type: ignore[arg-type]
    RunPass("derive{rule=mask, coefficients=true}"),
    Train("weights", epochs=1, batch=32, weights=SGD(0.05)),
)


@pytest.fixture(scope="module")
def data() -> Data:
    return few_digits()


@pytest.mark.parametrize(
    ("kinds", "optimizers"),
    [
        (("masks", "arch_masks"), FAST),
        (("masks",), FAST),
        (("arch_masks",), FAST),
        (("weights", "masks"), FAST | {"weights": SGD(0.1)}),
        (("arch", "arch_masks"), FAST | {"bilevel": "none"}),
    ],
)
def test_a_phase_trains_what_it_names_and_freezes_the_rest(data: Data, kinds: tuple[str, ...], optimizers) -> None:
    torch.manual_seed(0)
    model = to_torch(run_pipeline(small_digits_space(), "widen,relax{deviation=1.0},mask").module)
    session = begin(model, Train(kinds, epochs=1, **optimizers), data, index=0, seed=0)
    assert session.for_arch is None
    assert session.evaluated == "test", "the whole training set trains"
    assert len(session.for_weights.images) == len(data.train)
    before = {name: t.clone() for name, t in model.state_dict().items()}
    train_epoch(session, 0, Silent())
    after = model.state_dict()
    for kind, owned in model.trainables().items():
        for name, parameter in owned.items():
            assert parameter.requires_grad == (kind in kinds)
            if kind not in kinds:
                assert torch.equal(after[name], before[name])
                assert parameter.grad is None
        if kind in kinds:
            assert any(not torch.equal(after[name], before[name]) for name in owned), kind
    moved = [n for n in before if n.endswith("running_mean") and not torch.equal(after[n], before[n])]
    assert len(moved) == sum(n.endswith("running_mean") for n in before), "statistics follow what runs"


@pytest.mark.parametrize(
    ("pipeline", "kinds", "message"),
    [
        ("relax", ("masks", "arch_masks"), "no masks on weights to train"),
        ("relax,mask{weights=false}", ("masks", "arch_masks"), "no masks on weights to train"),
        (
            "relax,mask{operations=false,edges=false}",
            ("masks", "arch_masks"),
            "no masks on operations or edges to train",
        ),
        ("relax,mask,derive{rule=top_edges}", ("arch_masks",), "no masks on operations or edges to train"),
    ],
)
def test_what_is_not_there_cannot_train(data: Data, pipeline: str, kinds: tuple[str, ...], message: str) -> None:
    values = {
        p.name: torch.rand(p.shape).numpy() for p in run_pipeline(small_digits_space(), "relax,mask").module.parameters
    }
    model = to_torch(run_pipeline(small_digits_space(), pipeline, values).module)
    with pytest.raises(ArchirError, match=message) as caught:
        begin(model, Train(kinds, epochs=1, batch=32), data, index=0, seed=0)
    assert "run `mask" in str(caught.value.diagnostics[0].help)


class Stopped(Exception):
    pass


class StopAt(Silent):
    """Stops in an epoch of a step that trains what its title says; keeps the messages."""

    def __init__(self, title: str = "", epoch: int = 0) -> None:
        self.title, self.epoch_, self.now = title, epoch, ""
        self.messages: list[str] = []

    def phase(self, title: str, epochs: int, done: int) -> None:
        self.now = title

    def batch(self, record: BatchRecord) -> None:
        if self.now == self.title and record.epoch == self.epoch_:
            raise Stopped

    def message(self, text: str) -> None:
        self.messages.append(text)


@pytest.mark.slow
def test_from_a_supernet_to_a_fine_tuned_network_and_resumed(data: Data, tmp_path: Path) -> None:
    plan = Plan(STEPS, data, small_digits_space())
    whole = execute(plan, tmp_path / "whole")
    assert whole.module.form == "network"
    assert len(whole.history) == 4
    mask = [r for r in whole.history if r.step == 4]
    assert [r.learning_rate for r in mask] == [3e-3, 3e-3]
    assert all(r.child_accuracy is not None for r in mask)
    assert mask[0].operations != {"normal": 20, "reduce": 20}, "some masks are closed"
    kernels = [t for n, t in whole.tensors.items() if n.endswith("weight") and t.dim() > 1]
    assert kernels
    assert not any(n.endswith("_mask") for n in whole.tensors)
    for number, (title, epoch) in enumerate([("training masks and arch_masks", 2), ("training weights", 1)]):
        folder = tmp_path / str(number)
        with pytest.raises(Stopped):
            execute(plan, folder, reporter=StopAt(title, epoch))
        result = execute(evolve(plan, module=None), folder, resume=True)
        assert result.module == whole.module
        assert all(torch.equal(result.tensors[name], t) for name, t in whole.tensors.items())


def test_derived_paths_are_as_accurate_as_the_derived_network(data: Data, tmp_path: Path) -> None:
    result = execute(Plan(STEPS[:-1], data, small_digits_space()), tmp_path / "run")
    last = result.history[-1]
    derived = to_torch(result.module)
    state = derived.state_dict()
    assert set(result.tensors) <= set(state)
    derived.load_state_dict(result.tensors, strict=False)
    session = begin(derived, Train("weights", epochs=1, batch=32), data, index=0, seed=0)
    score = evaluate(session.learner, data.test, session.augmentation)
    assert score.accuracy == last.child_accuracy
    if not result.notes:
        assert last.accuracy == last.child_accuracy, "and the masked supernet is"
    kernels = [t for n, t in result.tensors.items() if t.dim() > 1]
    zeros = sum(int((k == 0).sum()) for k in kernels) / sum(k.numel() for k in kernels)
    assert 0.02 < zeros < 0.98


def test_notes_reach_the_screen_the_folder_and_the_report(
    data: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = run_pipeline(small_digits_space(), "widen,relax,mask{weights=false}").module
    closed = {p.name: torch.zeros(p.shape) for p in module.parameters if p.kind == "arch_masks"}
    steps = (
        RunPass("widen"), RunPass("relax"), RunPass("mask{weights=false}"),
        Train("arch_masks", epochs=1, batch=32, arch_masks=Adam(1e-9)), RunPass("derive{rule=mask}"),
        Train("weights", epochs=1, batch=32),
    )  # fmt: skip
    reporter = StopAt()
    result = execute(Plan(steps, data, small_digits_space(), weights=closed), tmp_path / "run", reporter=reporter)
    assert len(result.notes) == 4
    assert result.notes[0].startswith("the masks of `normal.x.2` leave too little; it keeps its strongest: `")
    assert [m for m in reporter.messages if m.startswith("note:")] == [f"note: {note}" for note in result.notes]
    assert (tmp_path / "run" / "notes.txt").read_text().splitlines() == list(result.notes)
    assert archir(["report", str(tmp_path / "run")]) == 0
    assert f"run: note: {result.notes[0]}" in capsys.readouterr().out


def test_second_order_steps_through_masked_weights() -> None:
    """Against central differences of the loss behind one unrolled step, along a random direction of alpha.

    All steps are small, since what a relu does there changes within longer ones.
    """
    torch.manual_seed(0)
    model = to_torch(run_pipeline(small_digits_space(), "widen,relax{deviation=0.5},mask").module).double()
    with torch.no_grad():
        for mask in model.trainables()["masks"].values():
            mask.copy_(torch.where(torch.rand(mask.shape) < 0.3, 0.004, 0.006))
    learner = Learner.of(model)
    learner.train_only(("weights", "arch"))
    train, valid = batch(8, 1, dtype=torch.float64), batch(8, 2, dtype=torch.float64)
    virtual = VirtualStep(0.05, decay=1e-2)
    found = second_order_gradients(learner, train, valid, virtual, scale=1e-7)
    along = {name: torch.randn_like(a) for name, a in learner.arch.items()}

    def behind_one_step(by: float) -> float:
        arch = {name: (a + by * along[name]).detach() for name, a in learner.arch.items()}
        loss, _ = learner.loss(train, arch | learner.throw_away_buffers())
        slopes = torch.autograd.grad(loss, list(learner.weights.values()))
        moved = {n: w - 0.05 * (s + 1e-2 * w) for (n, w), s in zip(learner.weights.items(), slopes, strict=True)}
        return learner.loss(valid, arch | moved | learner.throw_away_buffers())[0].item()

    wanted = (behind_one_step(1e-8) - behind_one_step(-1e-8)) / 2e-8
    assert sum((found.by_name[n] * d).sum().item() for n, d in along.items()) == pytest.approx(wanted, rel=1e-5)
    assert all(m.grad is None for m in model.trainables()["masks"].values())
