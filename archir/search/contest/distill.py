"""Search space mutual distillation (HEP-NAS, Li et al., 2025, Eqs. 6 and 7): what teachers say, what a pupil loses.

Eq. 6 is the Kullback-Leibler divergence KL(p || q) of a teacher's q from the pupil's p, summed over classes; Eq. 7 adds
that of one teacher, the module before the split, and the mean of those of the siblings. Both together are

    w sum_c p_c log p_c - sum_c p_c t_c,    t = log q_previous + mean_i log q_i,

w being how many of the two terms there are: so a pupil needs one tensor of the size of its own logits, however many
teachers it has.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from attrs import frozen
from torch import Tensor


@frozen(eq=False)
class Teaching:
    """What its teachers say to one pupil in one epoch.

    weight: how many terms of Eq. 7 there are, w.
    targets: t for each batch of the epoch, float [images, classes], without gradient.
    """

    weight: int
    targets: tuple[Tensor, ...]

    def loss(self, logits: Tensor, step: int) -> Tensor:
        """The terms of Eq. 7 behind the first, averaged over the images of a batch; logits are float [B, classes]."""
        return divergence(logits, self.targets[step], self.weight)


def divergence(logits: Tensor, target: Tensor, weight: int) -> Tensor:
    """W sum p log p - sum p t of each image, averaged; p is the softmax of the logits, both [B, classes]."""
    own = logits.log_softmax(1)
    return (own.exp() * (weight * own - target)).sum(1).mean()


def teaching(previous: Tensor | None, siblings: Sequence[Tensor], batch: int) -> Teaching | None:
    """What the module before the split and the siblings say; None without any of them.

    Each is given as logits on all images of an epoch, in the order of its batches: float [images, classes].
    """
    terms = [] if previous is None else [previous.log_softmax(1)]
    if siblings:
        total = siblings[0].log_softmax(1)
        for logits in siblings[1:]:
            total = total + logits.log_softmax(1)
        terms.append(total / len(siblings))
    if not terms:
        return None
    return Teaching(len(terms), torch.split(sum(terms[1:], terms[0]), batch))
