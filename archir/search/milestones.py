"""Milestones of a run: what each phase has come to at its end, and each derived network before anything trains it.

As in Table 3 of HM-NAS (Yan et al., 2019): the supernet, the network that was searched, the same fine-tuned. All
are measured on the test images, whatever part of the others a phase holds out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from attrs import frozen
from torch import Tensor

from archir.analysis.cost import parameters
from archir.ir.module import Module
from archir.passes import WeightMap
from archir.search.carry import carried, fitting
from archir.search.data import Data
from archir.search.data.augment import standard
from archir.search.evaluation import evaluate
from archir.search.learner import Learner
from archir.search.randomness import derive_seed
from archir.search.zeros import nonzero_parameters


@frozen
class Milestone:
    """One milestone of a run.

    step: index of the training step, or the number of steps for what stands behind the last one. epoch: how many of
    that step's epochs are done: all, or none. after: what has been done last, in words. form: of the module. loss,
    accuracy: on the test images; None for a network that the supernet has not all weights for. params: trainable
    numbers, all candidates counted. nonzero_params: the same without the zeros of kernels.
    """

    step: int
    epoch: int
    after: str
    form: str
    loss: float | None
    accuracy: float | None
    params: int
    nonzero_params: int


def milestone_of(
    learner: Learner, module: Module, data: Data, seed: int, *, step: int, epoch: int, after: str, whole: bool = True
) -> Milestone:
    """What a model is worth now; `whole` is whether all its kernels come from what was trained."""
    score = None
    if whole:
        torch.manual_seed(derive_seed(seed, "milestone", step, epoch))  # for gates that sample
        score = evaluate(learner, data.test, standard(data, augment=False))
    loss, accuracy = (None, None) if score is None else (score.loss, score.accuracy)
    nonzero = nonzero_parameters(module, learner.weights)
    return Milestone(step, epoch, after, module.form, loss, accuracy, parameters(module), nonzero)


def are_carried(weights: Mapping[str, Tensor], trained: Mapping[str, Tensor], maps: Sequence[WeightMap]) -> bool:
    """Whether every kernel of a model comes from a trained tensor; scales and shifts may begin at one and zero."""
    kernels = {path: w for path, w in weights.items() if w.dim() >= 2}
    return fitting(carried(trained, kernels, maps), kernels).keys() == kernels.keys()


def milestone_line(milestone: Milestone) -> str:
    """One milestone in a line."""
    accuracy = "" if milestone.accuracy is None else f"test accuracy {milestone.accuracy:.2%}, "
    return f"{milestone.after}: {accuracy}{parameter_words(milestone.params, milestone.nonzero_params)}"


def parameter_words(params: int, nonzero: int | None) -> str:
    """How many parameters there are, and how many of them are not zero where that differs."""
    rest = "" if nonzero in (None, params) else f", {nonzero:,} of them not zero"
    return f"{params:,} parameters{rest}"
