"""Training of one phase, epoch by epoch. It knows phases, and no method by its name."""

from __future__ import annotations

import time
from math import isfinite

import torch
from attrs import field, frozen
from torch import Tensor

from archir.diagnostics import fail
from archir.ir.module import PARAMETER_KINDS
from archir.search.bilevel import (
    Gradients,
    VirtualStep,
    first_order_gradients,
    second_order_gradients,
    with_objective,
)
from archir.search.contest.distill import Teaching
from archir.search.data import Batch, BatchStream, Data, Images, split_train
from archir.search.data.augment import Augmentation, standard
from archir.search.evaluation import evaluate
from archir.search.learner import Learner, correct
from archir.search.optimizers import build_optimizer, set_rate
from archir.search.phases import SGD, Train
from archir.search.processes import ALONE, Processes
from archir.search.randomness import derive_seed, happens
from archir.search.rehearsal import require
from archir.search.report import BatchRecord, EpochRecord, Reporter
from archir.search.zeros import put_back, without_gradient, zeros_of


@frozen(eq=False)
class Session:
    """A phase in progress: a model, what it learns from, and its optimisers by what they train.

    child: the same tensors computing only what would be derived now, to be evaluated beside the model.
    zeros: where weights stay zero, by path.
    teaching: what teachers say of the epoch's batches, which weights learn beside the labels.
    part: which part of a contest the model is, of how many `parts`; a model by itself is the only one.
    """

    learner: Learner
    phase: Train
    index: int
    seed: int
    for_weights: BatchStream
    for_arch: BatchStream | None
    evaluated: str
    evaluation: Images
    augmentation: Augmentation
    optimizers: dict[str, torch.optim.Optimizer] = field(factory=dict)
    child: Learner | None = None
    zeros: dict[str, Tensor] = field(factory=dict)
    teaching: Teaching | None = None
    part: int = 0
    parts: int = 1


def begin(
    model: torch.nn.Module, phase: Train, data: Data, *, index: int, seed: int, child: torch.nn.Module | None = None,
    processes: Processes = ALONE,
) -> Session:  # fmt: skip
    """A session of phase number `index`; model and data are on the device that trains.

    Weights learn from the part `split` of the training images; architecture parameters from the
    others. What is evaluated on is the held-out part if there is one, the test images otherwise.

    Raises:
        ArchirError: NAS501 if a part has too few images; NAS402 if there is nothing to train.
    """
    learner = Learner.of(model, processes)
    require(learner.trainables, phase.trains)
    learner.train_only(phase.trains)
    augmentation = standard(data, augment=phase.augment, cutout=phase.cutout)
    train, held_out = split_train(data.train, phase.split, seed)

    def stream(images: Images, part: str) -> BatchStream:
        return BatchStream(images, augmentation, phase.batch, (seed, index, part), processes)

    optimizers: dict[str, torch.optim.Optimizer] = {
        kind: build_optimizer(phase.optimizer(kind), owned)
        for kind in phase.trains
        if (owned := learner.trainables[kind])
    }
    evaluated, images = ("valid", held_out) if len(held_out) else ("test", data.test)
    for_arch = stream(held_out, "arch") if phase.is_bilevel else None
    return Session(
        learner, phase, index, seed, stream(train, "weights"), for_arch, evaluated, images, augmentation, optimizers,
        None if child is None else Learner.of(child, processes), zeros_of(learner.weights) if phase.keep_zeros else {},
    )  # fmt: skip


def train_epoch(session: Session, epoch: int, reporter: Reporter) -> EpochRecord:
    """One epoch (counted from 0): for each batch an architecture step, then a step of the others; then an evaluation.

    Whether there is an architecture step is drawn with the phase's probability, from (seed, phase, epoch, step): a
    resumed run and all processes draw alike. Held-out images are taken only for the steps that there are.

    Raises:
        ArchirError: NAS507 if a loss is not finite.
    """
    session.learner.model.train()
    session.learner.tick("epoch")
    phase, steps = session.phase, session.for_weights.steps
    held_out = session.for_arch.endless(epoch) if session.for_arch else None
    start, seen, worked, loss_sum, right, arch_steps = time.perf_counter(), 0, 0, 0.0, 0, 0
    for step, batch in enumerate(session.for_weights.batches(epoch)):
        torch.manual_seed(derive_seed(session.seed, session.index, epoch, step))
        _set_rates(session, epoch, step)
        session.learner.tick("step")
        arch = happens(phase.arch_chance(epoch, step, steps), session.seed, session.index, epoch, step, "arch")
        arch_steps += arch
        if arch and held_out is not None:
            valid = next(held_out)
            _arch_step(session, batch, valid, epoch, step)
            worked += valid.whole
        loss, right_here = _lower_step(session, batch, epoch, step, arch=arch and held_out is None)
        seen, worked = seen + batch.whole, worked + batch.whole
        loss_sum += loss * batch.whole
        right += right_here
        speed = worked / (time.perf_counter() - start)
        turn, turns = epoch * session.parts + session.part + 1, phase.epochs * session.parts
        reporter.batch(BatchRecord(turn, turns, step + 1, steps, loss_sum / seen, right / seen, speed))
    speed = worked / (time.perf_counter() - start)
    score = evaluate(session.learner, session.evaluation, session.augmentation)
    _require_finite(score.loss, f"the {session.evaluated} loss after epoch {epoch + 1}")
    child = None if session.child is None else evaluate(session.child, session.evaluation, session.augmentation)
    objectives = {name: value.item() for name, value in session.learner.objectives().items()}
    objective = session.learner.objective()
    rate = phase.optimizer(phase.trains[0]).lr.at(epoch, 0, phase.epochs, steps)
    return EpochRecord(
        session.index, epoch + 1, phase.epochs, loss_sum / seen, right / seen, session.evaluated, score.loss,
        score.accuracy, rate, speed, time.perf_counter() - start, time.time(),
        None if child is None else child.accuracy, None if objective is None else objective.item(),
        arch_steps if "arch" in phase.trains else None,
        objectives=objectives, part=session.part, parts=session.parts,
    )  # fmt: skip


def architecture_gradients(session: Session, train: Batch, valid: Batch) -> Gradients:
    """The gradients of one architecture step, of first or second order as the phase says."""
    description, optimizer = session.phase.weights, session.optimizers.get("weights")
    if session.phase.bilevel != "second_order" or optimizer is None or not isinstance(description, SGD):
        return first_order_gradients(session.learner, valid)
    velocity = {
        name: state["momentum_buffer"]
        for name, w in session.learner.weights.items()
        if (state := optimizer.state.get(w)) and state.get("momentum_buffer") is not None
    }
    rate = optimizer.param_groups[0]["lr"]
    virtual = VirtualStep(rate, description.momentum, description.decay, velocity)
    return second_order_gradients(session.learner, train, valid, virtual)


def _arch_step(session: Session, train: Batch, valid: Batch, epoch: int, step: int) -> None:
    found = with_objective(architecture_gradients(session, train, valid), session.learner)
    _require_finite(found.loss, f"the architecture loss in epoch {epoch + 1}, step {step + 1}")
    for name, parameter in session.learner.arch.items():
        parameter.grad = found.by_name[name]
    session.optimizers["arch"].step()


def _lower_step(session: Session, batch: Batch, epoch: int, step: int, *, arch: bool) -> tuple[float, int]:
    """One step on the training loss: of all that the phase trains, of architecture parameters with `arch` only.

    Gives the loss of the whole batch, and how many of its images were classified right.
    """
    learner, phase = session.learner, session.phase
    trained = {kind: learner.trainables[kind] for kind in session.optimizers if arch or kind != "arch"}
    loss, logits = learner.loss(batch)
    number, right = learner.processes.total(loss.detach(), correct(logits, batch.labels))
    objective = learner.objective() if any(kind in trained for kind in PARAMETER_KINDS) else None
    descended = loss if objective is None else loss + objective * batch.fraction
    if session.teaching is not None:
        descended = descended + session.teaching.loss(logits, step)
    _require_finite(number, f"the training loss in epoch {epoch + 1}, step {step + 1}")
    for name in trained:
        session.optimizers[name].zero_grad()
    if trained:
        # only these: the gradients of the others cost a third of a step
        learner.descend(descended, [p for owned in trained.values() for p in owned.values()])
    if "weights" in trained:
        without_gradient(learner.weights, session.zeros)
    if "weights" in trained and phase.clip is not None:
        torch.nn.utils.clip_grad_norm_(learner.weights.values(), phase.clip, foreach=True)
    for name in trained:
        session.optimizers[name].step()
    if "weights" in trained:
        put_back(learner.weights, session.zeros)
    return number, int(right)


def _set_rates(session: Session, epoch: int, step: int) -> None:
    phase, steps = session.phase, session.for_weights.steps
    for kind, optimizer in session.optimizers.items():
        set_rate(optimizer, phase.optimizer(kind).lr.at(epoch, step, phase.epochs, steps))


def _require_finite(loss: float, what: str) -> None:
    if not isfinite(loss):
        fail(
            "NAS507",
            f"{what} is {loss}",
            help="train with a smaller learning rate or a smaller `clip`; the checkpoint of the last whole epoch stays",
        )
