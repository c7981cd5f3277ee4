"""A contest between the parts of a split: all are trained, one epoch each in turn, and the best goes on.

As in HEP-NAS (Li et al., 2025, Algorithm 1, lines 5 to 12). All parts see the same batches and draw the same random
numbers. One of them is in memory at a time, beside the tensors of the module before the split and what the teachers
said of the images. Under torchrun each process trains its share of the parts, every batch whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from attrs import evolve
from torch import Tensor

from archir.ir.module import Module
from archir.lowering.torch.collective import own_batches
from archir.passes import Rewrite, WeightMap
from archir.search.contest.files import part_name
from archir.search.contest.lessons import lessons_of, teaching_of
from archir.search.contest.parts import Contest, begun
from archir.search.contest.record import ContestRecord, contest_line, winner_of
from archir.search.device import enough_memory
from archir.search.evaluation import outputs_on
from archir.search.job import Job
from archir.search.report import EpochRecord
from archir.search.sessions import after_epoch, session_of
from archir.search.state import State
from archir.search.steps import Compete


def compete(
    job: Job, index: int, step: Compete, module: Module, state: State, maps: Sequence[WeightMap]
) -> tuple[Rewrite, State]:
    """The part that is the best, and the state with all that it has learned, behind the whole contest.

    `maps` are those of all passes of `state`. A contest that was interrupted goes on: no epoch of a part that had ended
    is trained again.
    """
    contest = begun(job, index, step, module, state, maps)
    with own_batches():
        _train(contest)
    record, state = _decided(contest)
    part = contest.parts[record.winner]
    job.reporter.message(contest_line(record))
    session = session_of(job, index, step.train, part.module, state, (), processes=job.processes)
    with enough_memory():
        state = job.measured(state, session.learner, part.module, contest_line(record, scores=False))
    state = evolve(state, step=index + 1, epoch=0, contests=(*state.contests, record))
    job.save_epochs(state, session.learner.leaves, step.train.epochs)
    job.processes.wait()
    if job.processes.is_first:
        contest.files.end()
    return part, state


def _train(contest: Contest) -> None:
    """Trains all parts to their end; when it returns, all of them are in the folder."""
    job, files, count = contest.job, contest.files, len(contest.parts)
    epochs, done = contest.step.train.epochs, files.trained(count)
    kinds = " and ".join(contest.step.train.trains)
    job.reporter.phase(f"training {kinds} of {count} parts of {contest.split}", epochs * count, sum(done))
    with job.processes.patiently() as wait:
        wait()  # all have seen what is done before anyone does more
        for epoch in range(min(done), epochs):
            lessons = lessons_of(contest, epoch, wait)
            for part in range(count):
                if contest.is_mine(part) and done[part] <= epoch:
                    with enough_memory():
                        job.reporter.epoch(_train_part(contest, part, epoch, lessons))
            del lessons
            wait()
            for task, who in enumerate(contest.teachers()):
                if contest.is_mine(task):
                    files.forget_outputs(who, epoch)


def _train_part(contest: Contest, part: int, epoch: int, lessons: dict[str, Tensor]) -> EpochRecord:
    """One epoch of one part, to the file of its new state."""
    files, train = contest.files, contest.step.train
    state = files.load(part, epoch) if epoch else contest.inherited(part)
    session = evolve(contest.session(part, state), teaching=teaching_of(contest, part, lessons))
    state = after_epoch(session, epoch, contest.parts[part].module, state, contest.job.reporter)
    if contest.with_siblings and epoch + 1 < train.epochs:
        files.save_outputs(part_name(part), epoch + 1, outputs_on(session, epoch + 1))
    files.save(part, state)
    return state.history[-1]


def _decided(contest: Contest) -> tuple[ContestRecord, State]:
    """How all parts have done, and the state of the best."""
    epochs, by = contest.step.train.epochs, contest.step.by
    histories: list[tuple[EpochRecord, ...]] = []
    best: State | None = None
    for part in range(len(contest.parts)):
        state = contest.files.load(part, epochs)
        histories.append(state.history[-epochs:])
        if winner_of(histories, by) == part:
            best = state
    assert best is not None
    modules = [part.module for part in contest.parts]
    record = ContestRecord.of(contest.index, contest.split, contest.step, modules, histories)
    return record, _on(best, contest.job.device)


def _on(state: State, device: torch.device) -> State:
    """The state with its model on a device, as training leaves it."""
    return evolve(state, model={path: t.to(device) for path, t in state.model.items()})
