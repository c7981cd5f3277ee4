"""What a trainer sees of a model: weights, architecture parameters, buffers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

import torch
from attrs import field, frozen
from torch import Tensor, nn

from archir.ir.module import PARAMETER_KINDS, Period
from archir.lowering.torch import call_with
from archir.search.data import Batch
from archir.search.processes import ALONE, Processes


@runtime_checkable
class Searchable(Protocol):
    """A model that says which of its parameters are trained together, each by IR path."""

    def trainables(self) -> dict[str, dict[str, nn.Parameter]]:
        """All parameters by name, by what a training phase calls them; `weights` are always there."""

    def clocks(self) -> dict[str, Tensor]:
        """What counts epochs and steps, by name; numbers without axes."""

    def objectives(self) -> dict[str, Tensor]:
        """What the architecture parameters descend besides the loss; numbers without axes."""

    def tick(self, unit: Period) -> None:
        """An epoch, or a step, of training begins: clocks move, noise is drawn anew."""


@frozen(eq=False)
class Learner:
    """A model taken apart once, since walking a large supernet at each step takes long.

    Where several processes share a batch, a loss and its gradients are parts of sums; `gradients` and
    `descend` give the sums. So they are those of the mean over all images, however these are shared out.
    """

    model: nn.Module
    trainables: dict[str, dict[str, nn.Parameter]]
    buffers: dict[str, Tensor]
    clocks: dict[str, Tensor] = field(factory=dict)
    processes: Processes = ALONE

    @classmethod
    def of(cls, model: nn.Module, processes: Processes = ALONE) -> Learner:
        """The parts of a model; one that does not tell them apart has weights only."""
        buffers = dict(model.named_buffers())
        if isinstance(model, Searchable):
            return cls(model, model.trainables(), buffers, model.clocks(), processes)
        return cls(model, {"weights": dict(model.named_parameters())}, buffers, {}, processes)

    @property
    def weights(self) -> dict[str, nn.Parameter]:
        """The lower of two levels."""
        return self.trainables["weights"]

    @property
    def arch(self) -> dict[str, nn.Parameter]:
        """The upper of two levels: the architecture parameters."""
        return self.trainables.get("arch", {})

    @property
    def leaves(self) -> dict[str, Tensor]:
        """All that gates read: parameters of whatever kind, and clocks."""
        found: dict[str, Tensor] = {}
        for kind in PARAMETER_KINDS:
            found |= self.trainables.get(kind, {})
        return found | self.clocks

    def train_only(self, kinds: Iterable[str]) -> None:
        """Freezes all other kinds: nothing is kept for gradients that nobody wants."""
        for kind, owned in self.trainables.items():
            for parameter in owned.values():
                parameter.requires_grad_(kind in kinds)

    def loss(self, batch: Batch, tensors: Mapping[str, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Cross-entropy, summed and divided by the images of the whole batch, and logits, float [B, classes].

        With `tensors` the model computes with these in place of its own of the same names; what is
        written to them (batch-norm statistics) does not reach the model.
        """
        if tensors is None:
            logits = self.model(batch.inputs)
        else:
            logits = call_with(self.model, tensors, batch.inputs)
        return nn.functional.cross_entropy(logits, batch.labels, reduction="sum") / batch.whole, logits

    def gradients(self, loss: Tensor, inputs: Iterable[Tensor]) -> list[Tensor]:
        """The gradient of each input, zeros where the loss does not depend on it; all processes together."""
        return self.processes.summed(torch.autograd.grad(loss, list(inputs), materialize_grads=True))

    def descend(self, loss: Tensor, parameters: list[nn.Parameter]) -> None:
        """Sets `grad` of these parameters, for all processes together; None where the loss does not depend on it."""
        torch.autograd.backward(loss, inputs=parameters)
        self.processes.sum_gradients(parameters)

    def total(self, loss: Tensor) -> float:
        """The loss of all processes together."""
        return self.processes.total(loss.detach())[0]

    def objectives(self) -> dict[str, Tensor]:
        """The model's objectives by name, numbers."""
        return self.model.objectives() if isinstance(self.model, Searchable) else {}

    def objective(self) -> Tensor | None:
        """The sum of the model's objectives, a number; None if it has none."""
        values = list(self.objectives().values())
        return torch.stack(values).sum() if values else None

    def tick(self, unit: Period) -> None:
        """Moves the model's clocks, and lets it draw its noise."""
        if isinstance(self.model, Searchable):
            self.model.tick(unit)

    def throw_away_buffers(self) -> dict[str, Tensor]:
        """Copies of the buffers, to be handed to `loss`."""
        return {name: buffer.detach().clone() for name, buffer in self.buffers.items()}

    @contextmanager
    def kept_buffers(self) -> Iterator[None]:
        """Puts the buffers back as they were when the block ends."""
        saved = self.throw_away_buffers()
        try:
            yield
        finally:
            with torch.no_grad():
                for name, buffer in self.buffers.items():
                    buffer.copy_(saved[name])


def correct(logits: Tensor, labels: Tensor) -> int:
    """Number of images whose largest logit is that of their label."""
    return int((logits.argmax(1) == labels).sum())
