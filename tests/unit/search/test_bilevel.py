from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from archir.lowering.torch import to_torch
from archir.search.bilevel import VirtualStep, first_order_gradients, second_order_gradients
from archir.search.learner import Learner
from tests.build import net, relaxed
from tests.unit.search.small import DIGITS, SmoothNet, batch

DOUBLE = torch.float64


def exact_gradients(learner: Learner, train: object, valid: object, virtual: VirtualStep) -> dict[str, Tensor]:
    """The gradient through the unrolled step, by autograd: DARTS, Eq. 6 without any approximation."""
    arch = {n: p.detach().clone().requires_grad_() for n, p in learner.arch.items()}
    weights = {n: p.detach().clone().requires_grad_() for n, p in learner.weights.items()}

    def loss(tensors: Mapping[str, Tensor], batch: object) -> Tensor:
        everything = {**tensors, **arch, **learner.throw_away_buffers()}
        logits = torch.func.functional_call(learner.model, everything, (batch.inputs,))
        return nn.functional.cross_entropy(logits, batch.labels)

    slopes = torch.autograd.grad(loss(weights, train), list(weights.values()), create_graph=True)
    unrolled = {}
    for (name, w), slope in zip(weights.items(), slopes, strict=True):
        velocity = virtual.velocity.get(name, torch.zeros_like(w))
        unrolled[name] = w - virtual.xi * (virtual.momentum * velocity + slope + virtual.decay * w)
    found = torch.autograd.grad(loss(unrolled, valid), list(arch.values()))
    return dict(zip(arch, found, strict=True))


@pytest.fixture
def learner() -> Learner:
    torch.manual_seed(3)
    return Learner.of(SmoothNet().to(DOUBLE))


def velocity_of(learner: Learner) -> dict[str, Tensor]:
    torch.manual_seed(4)
    return {name: 0.1 * torch.randn_like(w) for name, w in learner.weights.items()}


@pytest.mark.parametrize(("momentum", "decay"), [(0.0, 0.0), (0.9, 3e-2)])
def test_second_order_is_the_exact_gradient_within_the_difference_error(
    learner: Learner, momentum: float, decay: float
) -> None:
    train, valid = batch(16, 1, dtype=DOUBLE), batch(16, 2, dtype=DOUBLE)
    virtual = VirtualStep(2.0, momentum, decay, velocity_of(learner))
    exact = exact_gradients(learner, train, valid, virtual)["alpha"]
    first = first_order_gradients(learner, valid).by_name["alpha"]
    second = second_order_gradients(learner, train, valid, virtual).by_name["alpha"]
    assert torch.linalg.vector_norm(second - exact) < 1e-4 * torch.linalg.vector_norm(exact)
    assert torch.linalg.vector_norm(first - exact) > 0.1 * torch.linalg.vector_norm(exact)  # it does not hold by itself


def test_the_difference_error_falls_with_its_square(learner: Learner) -> None:
    train, valid = batch(16, 1, dtype=DOUBLE), batch(16, 2, dtype=DOUBLE)
    virtual = VirtualStep(2.0, 0.9, 3e-2, velocity_of(learner))
    exact = exact_gradients(learner, train, valid, virtual)["alpha"]

    def error(scale: float) -> float:
        found = second_order_gradients(learner, train, valid, virtual, scale=scale).by_name["alpha"]
        return float((found - exact).abs().max())

    assert error(0.04) / error(0.01) == pytest.approx(16, rel=0.1)


def test_second_order_of_a_supernet_is_the_exact_gradient() -> None:
    torch.manual_seed(0)
    learner = Learner.of(to_torch(relaxed(net(DIGITS, channels=2, cells=(False,)), deviation=0.5)).to(DOUBLE))
    train, valid = batch(8, 1, dtype=DOUBLE), batch(8, 2, dtype=DOUBLE)
    virtual = VirtualStep(0.1, 0.9, 3e-4, velocity_of(learner))
    exact = exact_gradients(learner, train, valid, virtual)
    second = second_order_gradients(learner, train, valid, virtual, scale=1e-5).by_name
    assert list(second) == list(exact) == list(learner.arch)
    for name, gradient in exact.items():
        torch.testing.assert_close(second[name], gradient, rtol=1e-4, atol=1e-7)


def test_without_a_step_second_order_is_first_order(learner: Learner) -> None:
    train, valid = batch(16, 1, dtype=DOUBLE), batch(16, 2, dtype=DOUBLE)
    first = first_order_gradients(learner, valid)
    second = second_order_gradients(learner, train, valid, VirtualStep(0.0, 0.9, 3e-4, velocity_of(learner)))
    assert torch.equal(first.by_name["alpha"], second.by_name["alpha"])
    assert first.loss == second.loss


@pytest.mark.parametrize("order", [1, 2])
def test_gradients_leave_weights_and_statistics_alone(learner: Learner, order: int) -> None:
    before = {name: t.clone() for name, t in learner.model.state_dict().items()}
    train, valid = batch(16, 1, dtype=DOUBLE), batch(16, 2, dtype=DOUBLE)
    if order == 1:
        first_order_gradients(learner, valid)
    else:
        second_order_gradients(learner, train, valid, VirtualStep(0.1, 0.9, 3e-4, velocity_of(learner)))
    after = learner.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(p.grad is None for p in learner.model.parameters())
    learner.loss(train)  # what an ordinary forward does to the statistics
    assert int(learner.model.state_dict()["norm.num_batches_tracked"]) == 1


class NoisyNet(SmoothNet):
    """As a net with a sampled gate: each forward draws a number."""

    draws: list[float]

    def forward(self, images: Tensor) -> Tensor:
        noise = torch.rand(())
        self.draws.append(float(noise))
        return super().forward(images) * (1 + noise)


def test_all_evaluations_of_second_order_draw_the_same_samples() -> None:
    torch.manual_seed(0)
    model = NoisyNet()
    model.draws = []
    second_order_gradients(Learner.of(model), batch(8, 1), batch(8, 2), VirtualStep(0.1))
    assert len(model.draws) == 4
    assert len(set(model.draws)) == 1
