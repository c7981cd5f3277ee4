"""What a model is worth on some images, and what it says of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING, Protocol

import torch
from attrs import frozen
from torch import Tensor

from archir.search.data import Images
from archir.search.data.augment import Augmentation
from archir.search.data.batches import plain_batches
from archir.search.learner import Learner, correct
from archir.search.randomness import derive_seed

if TYPE_CHECKING:
    from archir.search.trainer import Session

_EVALUATION_BATCH = 256


@frozen
class Score:
    """Mean loss and the share of images classified right, over a set of images."""

    loss: float
    accuracy: float


class Scored(Protocol):
    """What has a loss and an accuracy."""

    @property
    def loss(self) -> float: ...
    @property
    def accuracy(self) -> float: ...


def best_of(scores: Sequence[Scored], by: str) -> int:
    """Which is of the smallest `loss`, or the largest `accuracy`; the first of equals."""
    if by == "loss":
        return min(range(len(scores)), key=lambda i: (isnan(scores[i].loss), scores[i].loss))
    return max(range(len(scores)), key=lambda i: scores[i].accuracy)


def evaluate(learner: Learner, images: Images, augmentation: Augmentation) -> Score:
    """Loss and accuracy over all `images`, in evaluation mode; the model's mode is put back.

    Each process evaluates its share of the images.
    """
    mode = learner.model.training
    learner.model.eval()
    score = score_on(learner, images, augmentation, _EVALUATION_BATCH)
    learner.model.train(mode)
    return score


def score_on(learner: Learner, images: Images, augmentation: Augmentation, batch: int) -> Score:
    """Loss and accuracy over all `images` in batches of this size, in the mode that the model is in."""
    loss_sum, right = 0.0, 0
    with torch.no_grad():
        for part in plain_batches(images.part(learner.processes.share(len(images))), augmentation, batch):
            loss, logits = learner.loss(part)
            loss_sum += loss.item() * len(part)
            right += correct(logits, part.labels)
    loss_sum, all_right = learner.processes.total(loss_sum, right)
    return Score(loss_sum / len(images), all_right / len(images))


def outputs_on(session: Session, epoch: int) -> Tensor:
    """What a model says of the images that weights learn from in `epoch`, in the order of the batches: no gradient.

    Logits, float [images, classes]. The model is in the mode in which it trains: it normalises by the statistics of
    each batch; its clocks move, and its noise is drawn, as in the steps of that epoch. None of it leaves a trace. So a
    teacher whose gates have just been split says something that is worth learning, though its running statistics are
    those of another mixture.
    """
    learner = session.learner
    learner.model.train()
    found = []
    with torch.no_grad(), learner.kept_buffers():
        learner.tick("epoch")
        for step, batch in enumerate(session.for_weights.batches(epoch)):
            torch.manual_seed(derive_seed(session.seed, session.index, epoch, step))
            learner.tick("step")
            found.append(learner.model(batch.inputs))
    return torch.cat(found)
