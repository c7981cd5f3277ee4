"""A contest between the parts of a split: all are trained, one epoch each in turn, and the best goes on.

As in HEP-NAS (Li et al., 2025, Algorithm 1, lines 5 to 12). All parts see the same batches and draw the same random
numbers. One of them is in memory at a time, beside the tensors of the module before the split and what the teachers
said of the images. Under torchrun each process trains its share of the parts, every batch whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from attrs import evolve, frozen
from torch import Tensor

from archir.ir.module import Module
from archir.lowering.torch.collective import own_batches
from archir.passes import Rewrite, WeightMap, spec
from archir.search.contest_files import PREVIOUS, ContestFiles, part_name
from archir.search.contests import ContestRecord, contest_line, winner_of
from archir.search.device import enough_memory
from archir.search.distill import Teaching, teaching
from archir.search.grouping import grouped
from archir.search.job import Job
from archir.search.processes import ALONE
from archir.search.report import EpochRecord
from archir.search.result import values_of
from archir.search.sessions import after_epoch, session_of, snapshot
from archir.search.state import PassRun, State
from archir.search.steps import Compete
from archir.search.trainer import Session, outputs_on


def compete(
    job: Job, index: int, step: Compete, module: Module, state: State, maps: Sequence[WeightMap]
) -> tuple[Rewrite, State]:
    """The part that is the best, and the state with all that it has learned, behind the whole contest.

    `maps` are those of all passes of `state`. A contest that was interrupted goes on: no epoch of a part that had ended
    is trained again.
    """
    contest = _begun(job, index, step, module, state, maps)
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


@frozen(eq=False)
class _Contest:
    """A contest under way.

    before: the state of the whole module, as all parts find it. split: the pass with the groups that it has now.
    """

    job: Job
    index: int
    step: Compete
    whole: Module
    before: State
    split: str
    parts: tuple[Rewrite, ...]
    files: ContestFiles

    def inherited(self, part: int) -> State:
        """The state that a part begins with."""
        made = self.parts[part]
        values = values_of(self.whole, self.before.model, ())
        run = PassRun(made.module.history[-1], values, made.notes)
        return evolve(self.before, passes=(*self.before.passes, run))

    def session(self, part: int, state: State) -> Session:
        """A session of a part in this state."""
        made = self.parts[part]
        pending = (made.weights,) if state.settled < len(state.passes) else ()
        session = session_of(self.job, self.index, self.step.train, made.module, state, pending, processes=ALONE)
        return evolve(session, part=part, parts=len(self.parts))

    def is_mine(self, task: int) -> bool:
        """Whether a task, such as a part, is this process'."""
        return task % self.job.processes.count == self.job.processes.rank

    @property
    def with_previous(self) -> bool:
        """Whether the module before the split teaches."""
        return self.step.distill in ("previous", "both")

    @property
    def with_siblings(self) -> bool:
        """Whether the parts teach one another."""
        return self.step.distill in ("siblings", "both") and len(self.parts) > 1

    def teachers(self) -> list[str]:
        """All who teach, by the names of their files."""
        siblings = [part_name(part) for part in range(len(self.parts))] if self.with_siblings else []
        return [*siblings, *([PREVIOUS] if self.with_previous else [])]


def _begun(job: Job, index: int, step: Compete, module: Module, state: State, maps: Sequence[WeightMap]) -> _Contest:
    """A contest whose parts are known. The state before it is in the checkpoint from now on."""
    files = job.contest(index)
    with own_batches(), enough_memory():
        whole = session_of(job, index, step.train, module, state, maps[state.settled :], processes=ALONE)
        before = snapshot(whole, state)
        split = spec(grouped(job, index, step, whole, module))
    values = values_of(module, before.model, ())
    parts = job.compiler.run_branches(module, split, values)
    if job.processes.is_first:
        files.begin()
        job.save(before)
    job.processes.wait()
    return _Contest(job, index, step, module, before, split, parts, files)


def _train(contest: _Contest) -> None:
    """Trains all parts to their end; when it returns, all of them are in the folder."""
    job, files, count = contest.job, contest.files, len(contest.parts)
    epochs, done = contest.step.train.epochs, files.trained(count)
    job.processes.wait()  # all have seen what is done before anyone does more
    kinds = " and ".join(contest.step.train.trains)
    job.reporter.phase(f"training {kinds} of {count} parts of {contest.split}", epochs * count, sum(done))
    for epoch in range(min(done), epochs):
        lessons = _lessons(contest, epoch)
        for part in range(count):
            if contest.is_mine(part) and done[part] <= epoch:
                with enough_memory():
                    job.reporter.epoch(_train_part(contest, part, epoch, lessons))
        del lessons
        job.processes.wait()
        for task, who in enumerate(contest.teachers()):
            if contest.is_mine(task):
                files.forget_outputs(who, epoch)


def _train_part(contest: _Contest, part: int, epoch: int, lessons: dict[str, Tensor]) -> EpochRecord:
    """One epoch of one part, to the file of its new state."""
    files, train = contest.files, contest.step.train
    state = files.load(part, epoch) if epoch else contest.inherited(part)
    session = evolve(contest.session(part, state), teaching=_teaching(contest, part, lessons))
    state = after_epoch(session, epoch, contest.parts[part].module, state, contest.job.reporter)
    if contest.with_siblings and epoch + 1 < train.epochs:
        files.save_outputs(part_name(part), epoch + 1, outputs_on(session, epoch + 1))
    files.save(part, state)
    return state.history[-1]


def _lessons(contest: _Contest, epoch: int) -> dict[str, Tensor]:
    """What each teacher, as it is when the epoch begins, says of the epoch's images; logits, by name.

    What a part says of the next epoch is computed where it has just been trained; only the first epoch finds none.
    """
    files = contest.files
    for task, who in enumerate(contest.teachers()):
        if contest.is_mine(task) and not files.has_outputs(who, epoch):
            with enough_memory():
                files.save_outputs(who, epoch, outputs_on(_teacher(contest, who, task), epoch))
    contest.job.processes.wait()
    return {who: files.load_outputs(who, epoch) for who in contest.teachers()}


def _teacher(contest: _Contest, who: str, part: int) -> Session:
    """A session of a teacher that has said nothing yet: of the whole module, or of a part that nothing has trained."""
    if who != PREVIOUS:
        return contest.session(part, contest.inherited(part))
    job, train = contest.job, contest.step.train
    return session_of(job, contest.index, train, contest.whole, contest.before, (), processes=ALONE)


def _teaching(contest: _Contest, part: int, lessons: dict[str, Tensor]) -> Teaching | None:
    siblings = [logits for who, logits in lessons.items() if who not in (PREVIOUS, part_name(part))]
    return teaching(lessons.get(PREVIOUS), siblings, contest.step.train.batch)


def _decided(contest: _Contest) -> tuple[ContestRecord, State]:
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
    return ContestRecord.of(contest.index, contest.split, contest.step, histories), _on(best, contest.job.device)


def _on(state: State, device: torch.device) -> State:
    """The state with its model on a device, as training leaves it."""
    return evolve(state, model={path: t.to(device) for path, t in state.model.items()})
