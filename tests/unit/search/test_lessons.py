"""What teachers draw when they are asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor, nn

import archir
from archir.ir.types import TensorType
from archir.lowering.torch import Supernet, to_torch
from archir.passes.active import Place
from archir.search.data import Batch
from archir.search.evaluation import outputs_on
from archir.search.matching import gradient_similarity
from archir.search.phases import SGD, Train
from archir.search.report import Silent
from archir.search.trainer import Session, begin, train_epoch
from tests.unit.search.small import few_digits

PHASE = Train("weights", epochs=3, batch=16, split=0.5, augment=False, weights=SGD(0.05))
PLACE: Place = ("normal.x.3", 1)


def session(relax: str) -> Session:
    space = archir.load("nasbench201", image=TensorType((1, 8, 8)), channels=2, cells=1)
    torch.manual_seed(0)
    model = to_torch(archir.apply(space, f"relax{{{relax}}}"))
    return begin(model, PHASE, few_digits(96, 30), index=2, seed=0)


@contextmanager
def watched(model: nn.Module) -> Iterator[list[dict[str, Tensor]]]:
    """What gates read besides parameters, noise and clocks, in each forward pass in training."""
    seen: list[dict[str, Tensor]] = []

    def note(model: nn.Module, _inputs: object) -> None:
        if model.training:
            seen.append({name: b.clone() for name, b in model.named_buffers() if name.startswith("arch.")})

    hook = model.register_forward_pre_hook(note)
    yield seen
    hook.remove()


@pytest.mark.parametrize("gate", ["gumbel_softmax", "gumbel_max"])
def test_teachers_draw_what_a_pupil_draws_in_the_same_step(gate: str) -> None:
    taught = session(f"gate={gate}, temperature=5.0, anneal=0.9, each=step")
    train_epoch(taught, 0, Silent())
    model = taught.learner.model
    before = {name: b.clone() for name, b in model.named_buffers()}
    with watched(model) as said:
        outputs = outputs_on(taught, 1)
    assert all(torch.equal(b, before[name]) for name, b in model.named_buffers())
    with watched(model) as learned:
        train_epoch(taught, 1, Silent())
    assert outputs.shape == (48, 10)
    assert len(said) == len(learned) == 3
    for a, b in zip(said, learned, strict=True):
        assert a.keys() == b.keys() >= {"arch.normal.x.1.noise", "arch.steps"}
        assert all(torch.equal(a[name], b[name]) for name in a)
    noises = [step["arch.normal.x.1.noise"] for step in said]
    assert not torch.equal(noises[0], noises[1])


def test_gradients_are_compared_under_the_noise_of_training() -> None:
    """The mean over batches is that of each by itself, with noise drawn one after another."""
    model = session("gate=gumbel_softmax").learner.model
    assert isinstance(model, Supernet)
    source = torch.Generator().manual_seed(3)
    batches = [Batch(torch.randn(6, 1, 8, 8, generator=source), torch.arange(6)) for _ in range(2)]
    model.train()
    before = {name: b.clone() for name, b in model.named_buffers()}
    torch.manual_seed(5)
    both = gradient_similarity(model, PLACE, batches).matrix
    assert all(torch.equal(b, before[name]) for name, b in model.named_buffers())
    torch.manual_seed(5)
    each = [gradient_similarity(model, PLACE, [batch]).matrix for batch in batches]
    torch.testing.assert_close(sum(each[1:], each[0]) / 2, both)
    torch.manual_seed(6)
    assert not torch.allclose(gradient_similarity(model, PLACE, batches).matrix, both)
