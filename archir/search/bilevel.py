"""Gradients of the architecture parameters (Liu et al., DARTS, 2019, section 2.3).

Both functions are pure: they change neither weights nor batch-norm statistics.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from attrs import field, frozen
from torch import Tensor

from archir.search.data import Batch
from archir.search.learner import Learner


@frozen(eq=False)
class Gradients:
    """What is descended on the held-out batch, and the gradient of each architecture parameter."""

    loss: float
    by_name: dict[str, Tensor]


@frozen(eq=False)
class VirtualStep:
    """The step of SGD that second order unrolls: w' = w - xi * (momentum * velocity + gradient + decay * w).

    velocity: the momentum buffers of the weights' optimiser by name; missing ones are zero.
    """

    xi: float
    momentum: float = 0.0
    decay: float = 0.0
    velocity: Mapping[str, Tensor] = field(factory=dict)


def first_order_gradients(learner: Learner, valid: Batch) -> Gradients:
    """The gradient of the held-out loss at the current weights."""
    names, arch = list(learner.arch), list(learner.arch.values())
    with learner.kept_buffers():
        loss, _ = learner.loss(valid)
        found = learner.gradients(loss, arch)
    return Gradients(learner.total(loss), dict(zip(names, found, strict=True)))


def second_order_gradients(
    learner: Learner, train: Batch, valid: Batch, virtual: VirtualStep, *, scale: float = 0.01
) -> Gradients:
    """The gradient of the held-out loss behind one unrolled step of the weights (DARTS, Eqs. 6 to 8).

    The product of the mixed second derivative with dw', the gradient of the held-out loss at w', is
    a central difference at w + eps dw' and w - eps dw' with eps = scale / ||dw'||. All evaluations
    start from the same state of torch's random numbers, so stochastic gates draw the same samples.
    """
    samples = _Samples()
    unrolled = {name: w.requires_grad_() for name, w in _unrolled_weights(learner, train, virtual, samples).items()}
    samples.replay()
    loss, _ = learner.loss(valid, unrolled | learner.throw_away_buffers())
    found = learner.gradients(loss, [*learner.arch.values(), *unrolled.values()])
    total = learner.total(loss)
    direct, slopes = found[: len(learner.arch)], found[len(learner.arch) :]
    norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(s) for s in slopes])) if slopes else None
    if virtual.xi == 0 or norm is None or not norm > 0:
        return Gradients(total, dict(zip(learner.arch, direct, strict=True)))
    eps = scale / norm
    above = _arch_gradients(learner, train, _moved(learner, slopes, eps), samples)
    below = _arch_gradients(learner, train, _moved(learner, slopes, -eps), samples)
    return Gradients(
        total,
        {
            name: d - virtual.xi * (a - b) / (2 * eps)
            for name, d, a, b in zip(learner.arch, direct, above, below, strict=True)
        },
    )


def with_objective(found: Gradients, learner: Learner) -> Gradients:
    """The gradients with those of the model's objectives, which depend on the architecture parameters alone."""
    objective = learner.objective()
    if objective is None:
        return found
    more = torch.autograd.grad(objective, list(learner.arch.values()), materialize_grads=True)
    added = {name: found.by_name[name] + m for name, m in zip(learner.arch, more, strict=True)}
    return Gradients(found.loss + objective.item(), added)


def _unrolled_weights(learner: Learner, train: Batch, virtual: VirtualStep, samples: _Samples) -> dict[str, Tensor]:
    samples.replay()
    loss, _ = learner.loss(train, learner.throw_away_buffers())
    slopes = learner.gradients(loss, learner.weights.values())
    with torch.no_grad():
        unrolled = {}
        for (name, w), slope in zip(learner.weights.items(), slopes, strict=True):
            update = slope + virtual.decay * w
            if name in virtual.velocity:
                update = update + virtual.momentum * virtual.velocity[name]
            unrolled[name] = w - virtual.xi * update
        return unrolled


def _moved(learner: Learner, direction: list[Tensor], by: Tensor) -> dict[str, Tensor]:
    with torch.no_grad():
        return {name: w + by * d for (name, w), d in zip(learner.weights.items(), direction, strict=True)}


def _arch_gradients(learner: Learner, batch: Batch, weights: dict[str, Tensor], samples: _Samples) -> list[Tensor]:
    samples.replay()
    loss, _ = learner.loss(batch, weights | learner.throw_away_buffers())
    return learner.gradients(loss, learner.arch.values())


class _Samples:
    """The state of torch's random numbers when it was made, to go back to before each evaluation."""

    def __init__(self) -> None:
        self._cpu = torch.get_rng_state()
        self._cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []

    def replay(self) -> None:
        """Starts the random numbers from that state again."""
        torch.set_rng_state(self._cpu)
        if self._cuda:
            torch.cuda.set_rng_state_all(self._cuda)
