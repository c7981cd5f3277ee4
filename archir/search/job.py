"""What the steps of a run work with: where it is kept, what it learns from, who hears of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from attrs import evolve, frozen
from torch import Tensor

from archir.ir.module import Module
from archir.search.checkpoint import save_checkpoint
from archir.search.compiler import Compiler
from archir.search.contest.files import ContestFiles, sweep_contests
from archir.search.data import Data
from archir.search.folders import RunFolder
from archir.search.learner import Learner
from archir.search.logs import Curves, write_architecture, write_logs, write_notes
from archir.search.milestones import milestone_line, milestone_of
from archir.search.processes import Processes
from archir.search.report import Reporter
from archir.search.state import Setup, State
from archir.search.steps import Step


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

    def save_epochs(self, state: State, leaves: Mapping[str, Tensor], count: int = 1) -> None:
        """Writes everything that there is to write after `count` epochs, the checkpoint first.

        leaves: what gates read, by name.
        """
        if self.curves is None:
            return
        self.save(state)
        write_logs(self.folder, state)
        if leaves:
            write_architecture(self.folder.architecture, len(state.history), leaves)
        for number in range(len(state.history) - count, len(state.history)):
            self.curves.add(number + 1, state.history[number])

    def contest(self, index: int) -> ContestFiles:
        """The files of the contest that is step `index`."""
        return ContestFiles(self.folder.path, index, self.setup, self.device)

    def forget_contests(self, step: int) -> None:
        """Removes what contests have left behind that are over: all but that of the step under way."""
        if self.processes.is_first:
            sweep_contests(self.folder.path, step)

    def measured(self, state: State, learner: Learner, module: Module, after: str, *, whole: bool = True) -> State:
        """The state with what the model is worth now, which is said, too."""
        milestone = milestone_of(
            learner, module, self.data, self.seed, step=state.step, epoch=state.epoch, after=after, whole=whole
        )
        self.reporter.message(milestone_line(milestone))
        return evolve(state, milestones=(*state.milestones, milestone))
