"""A run at work: its steps one after another, with everything on the disk after each epoch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from attrs import evolve, frozen

from archir.analysis.gates import reported_values
from archir.ir.module import Module
from archir.passes import WeightMap
from archir.passes.child import Child
from archir.search.carry import carried, carried_slots, fitting, fitting_state
from archir.search.checkpoint import save_checkpoint
from archir.search.compiler import Compiler
from archir.search.data import Data
from archir.search.device import enough_memory
from archir.search.folders import RunFolder
from archir.search.learner import Learner
from archir.search.logs import Curves, architecture_line, write_architecture, write_logs, write_notes
from archir.search.milestones import are_carried, milestone_line, milestone_of
from archir.search.optimizers import load_optimizer_state, optimizer_state
from archir.search.phases import RunPass, Step, Train
from archir.search.processes import Processes
from archir.search.randomness import derive_seed
from archir.search.report import EpochRecord, Reporter
from archir.search.result import Result, replay, result_of, values_of
from archir.search.state import PassRun, Setup, State
from archir.search.trainer import Session, begin, train_epoch


@frozen(eq=False)
class Job:
    """What all steps of a run need; `data` are on `device`. Only the first process writes, and has curves."""

    folder: RunFolder
    setup: Setup
    steps: Sequence[Step]
    data: Data
    seed: int
    reporter: Reporter
    device: torch.device
    compiler: Compiler
    processes: Processes
    curves: Curves | None

    def save(self, state: State) -> None:
        """Writes the checkpoint."""
        if self.processes.is_first:
            save_checkpoint(self.folder.checkpoint, self.setup, state)

    def tell(self, notes: Sequence[str], state: State) -> None:
        """Says what a pass had to say; the folder has what all of them had."""
        for note in notes:
            self.reporter.message(f"note: {note}")
        if notes and self.processes.is_first:
            write_notes(self.folder.notes, state.notes)

    def save_epoch(self, session: Session, state: State, record: EpochRecord) -> None:
        """Writes everything that there is to write after an epoch, the checkpoint first."""
        if self.curves is None:
            return
        self.save(state)
        write_logs(self.folder, state)
        if session.learner.leaves:
            write_architecture(self.folder.architecture, len(state.history), session.learner.leaves)
        self.curves.add(len(state.history), record)
        self.reporter.epoch(record)

    def measured(self, state: State, learner: Learner, module: Module, after: str, *, whole: bool = True) -> State:
        """The state with what the model is worth now, which is said, too."""
        milestone = milestone_of(
            learner, module, self.data, self.seed, step=state.step, epoch=state.epoch, after=after, whole=whole
        )
        self.reporter.message(milestone_line(milestone))
        return evolve(state, milestones=(*state.milestones, milestone))


def run_steps(job: Job, module: Module, state: State) -> Result:
    """Goes from `state` to the end of the last step; `module` is the one that the run was started with."""
    module, maps = replay(module, state.passes, job.compiler)
    for index in range(state.step, len(job.steps)):
        step = job.steps[index]
        if isinstance(step, RunPass):
            job.reporter.message(f"pass {step.spec}")
            values = values_of(module, state.model, maps[state.settled :])
            rewrite = job.compiler.run_passes(module, step.spec, values)
            module, maps = rewrite.module, [*maps, rewrite.weights]
            state = evolve(state, passes=(*state.passes, PassRun(step.spec, values, rewrite.notes)))
            job.tell(rewrite.notes, state)
        else:
            state = _train(job, index, step, module, state, maps)
        state = evolve(state, step=index + 1, epoch=0)
    result = result_of(job.folder.path, job.setup, module, state, maps, job.compiler)
    if module.form == "network" and state.settled < len(state.passes) and not _is_measured(state, len(job.steps)):
        state = _last_milestone(job, result, state, maps)
    job.save(state)
    if job.processes.is_first:
        write_logs(job.folder, state)
    return evolve(result, milestones=state.milestones)


def _is_measured(state: State, step: int) -> bool:
    return bool(state.milestones) and state.milestones[-1].step == step


def _last_milestone(job: Job, result: Result, state: State, maps: Sequence[WeightMap]) -> State:
    """The state with what a network is worth that no phase trains."""
    model = job.compiler.to_torch(result.module).to(job.device)
    model.load_state_dict(result.tensors, strict=False)
    learner = Learner.of(model, job.processes)
    whole = are_carried(learner.weights, state.model, maps[state.settled :])
    with enough_memory():
        return job.measured(state, learner, result.module, state.passes[-1].spec, whole=whole)


def _train(job: Job, index: int, phase: Train, module: Module, state: State, maps: Sequence[WeightMap]) -> State:
    """Trains one phase from `state` to its end."""
    child = job.compiler.child_of(module, _next_passes(job.steps[index + 1 :]))
    session = _session(job, index, phase, module, state, maps[state.settled :], child)
    if state.epoch == 0 and (not state.milestones or state.milestones[-1].form != module.form):
        whole = are_carried(session.learner.weights, state.model, maps[state.settled :])
        if state.milestones or whole:  # without either it is a start at random
            after = state.passes[-1].spec if state.passes else "inherited weights"
            with enough_memory():
                state = job.measured(state, session.learner, module, after, whole=whole)
    state = evolve(state, settled=len(state.passes))
    job.reporter.phase(f"training {' and '.join(phase.trains)}", phase.epochs, state.epoch)
    for epoch in range(state.epoch, phase.epochs):
        with enough_memory():
            record = _described(train_epoch(session, epoch, job.reporter), session, module, child)
        state = evolve(_snapshot(session, state), epoch=epoch + 1, history=(*state.history, record))
        if session.learner.leaves:
            line = architecture_line(index, len(state.history), session.learner.leaves)
            state = evolve(state, architecture=(*state.architecture, line))
        job.save_epoch(session, state, record)
    with enough_memory():
        what = f"train({', '.join(phase.trains)}) for {phase.epochs} epoch{'' if phase.epochs == 1 else 's'}"
        return job.measured(state, session.learner, module, what)


def _next_passes(steps: Sequence[Step]) -> list[str]:
    return [step.spec for step in steps if isinstance(step, RunPass)]


def _described(record: EpochRecord, session: Session, module: Module, child: Child | None) -> EpochRecord:
    """The record with what would be kept now of each kind of cell, and the module's named values."""
    if child is None and not module.values:
        return record
    read = {name: t.detach().cpu().numpy() for name, t in session.learner.leaves.items()}
    found = {} if child is None else child.connections(read)
    edges, operations = ({owner: getattr(c, what) for owner, c in found.items()} for what in ("edges", "operations"))
    values = {name: float(value) for name, value in reported_values(module, read).items()}
    return evolve(record, edges=edges, operations=operations, values=values)


def _session(
    job: Job, index: int, phase: Train, module: Module, state: State, maps: Sequence[WeightMap], child: Child | None
) -> Session:
    """A model with the tensors of `state` where paths and shapes agree, initialised from the seed elsewhere."""
    torch.manual_seed(derive_seed(job.seed, "initial", index))
    model = job.compiler.to_torch(module).to(job.device)
    own = model.state_dict()
    model.load_state_dict(fitting(carried(state.model, own, maps), own), strict=False)
    inside = None if child is None else job.compiler.to_torch(child.module).to(job.device)
    if inside is not None:
        inside.load_state_dict(model.state_dict(keep_vars=True), assign=True)  # the same tensors, not copies
    session = begin(model, phase, job.data, index=index, seed=job.seed, child=inside, processes=job.processes)
    kinds = _kinds(session)
    for what, optimizer in session.optimizers.items():
        owned = session.learner.trainables[what]
        if state.kinds.get(what) == kinds[what]:
            found = fitting_state(carried_slots(state.optimizers.get(what, {}), owned, maps), owned)
            load_optimizer_state(optimizer, owned, found)
    if state.epoch and phase.keep_zeros:  # as the phase found them: since then other numbers may have come to zero
        session = evolve(session, zeros={path: t.to(job.device) for path, t in state.zeros.items()})
    return session


def _snapshot(session: Session, state: State) -> State:
    learner = session.learner
    return evolve(
        state,
        model={path: t.detach().clone() for path, t in learner.model.state_dict().items()},
        optimizers={what: optimizer_state(o, learner.trainables[what]) for what, o in session.optimizers.items()},
        kinds=_kinds(session),
        zeros=session.zeros,
    )


def _kinds(session: Session) -> dict[str, str]:
    return {what: type(session.phase.optimizer(what)).__name__ for what in session.optimizers}
