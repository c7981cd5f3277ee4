"""Who competes in a contest: the parts of a split, and what each of them begins with."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen

from archir.ir.module import Module
from archir.lowering.torch.collective import own_batches
from archir.passes import Rewrite, WeightMap, spec
from archir.search.contest.files import PREVIOUS, ContestFiles, part_name
from archir.search.contest.groups import grouped
from archir.search.device import enough_memory
from archir.search.job import Job
from archir.search.processes import ALONE
from archir.search.result import values_of
from archir.search.sessions import session_of, snapshot
from archir.search.state import PassRun, State
from archir.search.steps import Compete
from archir.search.trainer import Session


@frozen(eq=False)
class Contest:
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


def begun(job: Job, index: int, step: Compete, module: Module, state: State, maps: Sequence[WeightMap]) -> Contest:
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
    return Contest(job, index, step, module, before, split, parts, files)
