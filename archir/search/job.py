"""A run at work: its steps one after another, with everything on the disk after each epoch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from attrs import evolve, frozen

from archir.ir.module import Module
from archir.passes import WeightMap
from archir.passes.child import Child
from archir.search.carry import carried, carried_slots, fitting, fitting_state
from archir.search.checkpoint import save_checkpoint
from archir.search.compiler import Compiler
from archir.search.data import Data
from archir.search.device import enough_memory
from archir.search.folders import RunFolder
from archir.search.logs import Curves, write_architecture, write_log, write_notes
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
        write_log(self.folder.log, state.history)
        if session.learner.leaves:
            write_architecture(self.folder.architecture, len(state.history), session.learner.leaves)
        self.curves.add(len(state.history), record)
        self.reporter.epoch(record)


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
    job.save(state)
    return result_of(job.folder.path, job.setup, module, state, maps, job.compiler)


def _train(job: Job, index: int, phase: Train, module: Module, state: State, maps: Sequence[WeightMap]) -> State:
    """Trains one phase from `state` to its end."""
    child = job.compiler.child_of(module, _next_passes(job.steps[index + 1 :]))
    session = _session(job, index, phase, module, state, maps[state.settled :], child)
    state = evolve(state, settled=len(state.passes))
    job.reporter.phase(f"training {' and '.join(phase.trains)}", phase.epochs, state.epoch)
    for epoch in range(state.epoch, phase.epochs):
        with enough_memory():
            record = _with_connections(train_epoch(session, epoch, job.reporter), session, child)
        state = evolve(_snapshot(session, state), epoch=epoch + 1, history=(*state.history, record))
        job.save_epoch(session, state, record)
    return state


def _next_passes(steps: Sequence[Step]) -> list[str]:
    return [step.spec for step in steps if isinstance(step, RunPass)]


def _with_connections(record: EpochRecord, session: Session, child: Child | None) -> EpochRecord:
    """The record with what would be kept now of each kind of cell."""
    if child is None:
        return record
    found = child.connections({name: t.detach().cpu().numpy() for name, t in session.learner.leaves.items()})
    edges, operations = ({owner: getattr(c, what) for owner, c in found.items()} for what in ("edges", "operations"))
    return evolve(record, edges=edges, operations=operations)


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
