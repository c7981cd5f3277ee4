"""Between a run's state and a session that trains: tensors taken over by path, and the next state behind an epoch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from attrs import evolve

from archir.analysis.gates import reported_values
from archir.ir.module import Module
from archir.passes import WeightMap
from archir.passes.child import Child
from archir.search.carry import carried, carried_slots, fitting, fitting_state
from archir.search.device import enough_memory
from archir.search.job import Job
from archir.search.logs import architecture_line
from archir.search.optimizers import load_optimizer_state, optimizer_state
from archir.search.phases import Train
from archir.search.processes import Processes
from archir.search.randomness import derive_seed
from archir.search.report import EpochRecord, Reporter
from archir.search.state import State
from archir.search.trainer import Session, begin, train_epoch


def session_of(
    job: Job, index: int, phase: Train, module: Module, state: State, maps: Sequence[WeightMap], *,
    processes: Processes, child: Child | None = None,
) -> Session:  # fmt: skip
    """A model with the tensors of `state` where paths and shapes agree, initialised from the seed elsewhere.

    maps: of those passes that the state's tensors have not been through. processes: who share its batches.
    """
    torch.manual_seed(derive_seed(job.seed, "initial", index))
    model = job.compiler.to_torch(module).to(job.device)
    own = model.state_dict()
    model.load_state_dict(fitting(carried(state.model, own, maps), own), strict=False)
    inside = None if child is None else job.compiler.to_torch(child.module).to(job.device)
    if inside is not None:
        inside.load_state_dict(model.state_dict(keep_vars=True), assign=True)  # the same tensors, not copies
    session = begin(model, phase, job.data, index=index, seed=job.seed, child=inside, processes=processes)
    kinds = _kinds(session)
    for what, optimizer in session.optimizers.items():
        owned = session.learner.trainables[what]
        if state.kinds.get(what) == kinds[what]:
            found = fitting_state(carried_slots(state.optimizers.get(what, {}), owned, maps), owned)
            load_optimizer_state(optimizer, owned, found)
    if state.epoch and phase.keep_zeros:  # as the phase found them: since then other numbers may have come to zero
        session = evolve(session, zeros={path: t.to(job.device) for path, t in state.zeros.items()})
    return session


def snapshot(session: Session, state: State) -> State:
    """The state with copies of all that a session trains, which has then been through all passes."""
    learner = session.learner
    return evolve(
        state,
        model={path: t.detach().clone() for path, t in learner.model.state_dict().items()},
        optimizers={what: optimizer_state(o, learner.trainables[what]) for what, o in session.optimizers.items()},
        kinds=_kinds(session),
        zeros=session.zeros,
        settled=len(state.passes),
    )


def after_epoch(
    session: Session, epoch: int, module: Module, state: State, reporter: Reporter, child: Child | None = None
) -> State:
    """The state behind one more epoch (counted from 0) of training."""
    with enough_memory():
        record = _described(train_epoch(session, epoch, reporter), session, module, child)
    state = evolve(snapshot(session, state), epoch=epoch + 1, history=(*state.history, record))
    if session.learner.leaves:
        line = architecture_line(session.index, len(state.history), session.learner.leaves)
        state = evolve(state, architecture=(*state.architecture, line))
    return state


def _described(record: EpochRecord, session: Session, module: Module, child: Child | None) -> EpochRecord:
    """The record with what would be kept now of each kind of cell, and the module's named values."""
    if child is None and not module.values:
        return record
    read = {name: t.detach().cpu().numpy() for name, t in session.learner.leaves.items()}
    found = {} if child is None else child.connections(read)
    edges, operations = ({owner: getattr(c, what) for owner, c in found.items()} for what in ("edges", "operations"))
    values = {name: float(value) for name, value in reported_values(module, read).items()}
    return evolve(record, edges=edges, operations=operations, values=values)


def _kinds(session: Session) -> dict[str, str]:
    return {what: type(session.phase.optimizer(what)).__name__ for what in session.optimizers}
