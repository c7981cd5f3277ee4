"""A run at work: its steps one after another, with everything on the disk after each epoch."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from archir.ir.module import Module
from archir.passes import WeightMap
from archir.search.contest.compete import compete
from archir.search.device import enough_memory
from archir.search.job import Job
from archir.search.learner import Learner
from archir.search.logs import write_logs
from archir.search.milestones import are_carried
from archir.search.phases import Train
from archir.search.result import Result, replay, result_of, values_of
from archir.search.selection import select
from archir.search.sessions import after_epoch, session_of
from archir.search.state import PassRun, State
from archir.search.steps import Compete, RunPass, Select, Step, placed


def run_steps(job: Job, module: Module, state: State) -> Result:
    """Goes from `state` to the end of the last step; `module` is the one that the run was started with."""
    module, maps = replay(module, state.passes, job.compiler)
    job.forget_contests(state.step)
    for index in range(state.step, len(job.steps)):
        with placed(job.steps[index]):
            module, maps, state = _run_step(job, index, module, maps, state)
        state = evolve(state, step=index + 1, epoch=0)
    result = result_of(job.folder.path, job.setup, module, state, maps, job.compiler)
    if module.form == "network" and state.settled < len(state.passes) and not _is_measured(state, len(job.steps)):
        state = _last_milestone(job, result, state, maps)
    job.save(state)
    if job.processes.is_first:
        write_logs(job.folder, state)
    return evolve(result, milestones=state.milestones)


def _run_step(
    job: Job, index: int, module: Module, maps: Sequence[WeightMap], state: State
) -> tuple[Module, list[WeightMap], State]:
    """The module, the maps of all passes and the state behind one step."""
    step = job.steps[index]
    if isinstance(step, Train):
        return module, [*maps], _train(job, index, step, module, state, maps)
    if isinstance(step, Compete):
        rewrite, state = compete(job, index, step, module, state, maps)
    elif isinstance(step, Select):
        rewrite, state = select(job, index, step, module, state, maps)
    else:
        job.reporter.message(f"pass {step.spec}")
        values = values_of(module, state.model, maps[state.settled :])
        rewrite = job.compiler.run_passes(module, step.spec, values)
        state = evolve(state, passes=(*state.passes, PassRun(step.spec, values, rewrite.notes)))
    job.tell(rewrite.notes, state)
    return rewrite.module, [*maps, rewrite.weights], state


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
    pending = maps[state.settled :]
    session = session_of(job, index, phase, module, state, pending, processes=job.processes, child=child)
    if state.epoch == 0 and (not state.milestones or state.milestones[-1].form != module.form):
        whole = are_carried(session.learner.weights, state.model, maps[state.settled :])
        if state.milestones or whole:  # without either it is a start at random
            after = state.passes[-1].spec if state.passes else "inherited weights"
            with enough_memory():
                state = job.measured(state, session.learner, module, after, whole=whole)
    job.reporter.phase(f"training {' and '.join(phase.trains)}", phase.epochs, state.epoch)
    for epoch in range(state.epoch, phase.epochs):
        state = after_epoch(session, epoch, module, state, job.reporter, child)
        job.save_epochs(state, session.learner.leaves)
        job.reporter.epoch(state.history[-1])
    state = evolve(state, settled=len(state.passes))
    with enough_memory():
        what = f"train({', '.join(phase.trains)}) for {phase.epochs} epoch{'' if phase.epochs == 1 else 's'}"
        return job.measured(state, session.learner, module, what)


def _next_passes(steps: Sequence[Step]) -> list[str]:
    return [step.spec for step in steps if isinstance(step, RunPass)]
