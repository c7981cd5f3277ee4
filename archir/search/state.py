"""The whole state of a run as one value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray
from torch import Tensor

from archir.ir.origin import Origin
from archir.search.contest.record import ContestRecord
from archir.search.milestones import Milestone
from archir.search.optimizers import OptimizerState
from archir.search.report import EpochRecord


@frozen(eq=False)
class PassRun:
    """Passes that were run, the values of the architecture parameters that they could read, and their notes.

    seconds: what a step took to decide which pass it is.
    """

    spec: str
    values: Mapping[str, NDArray[np.floating[Any]]]
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


@frozen(eq=False)
class Setup:
    """What stays the same for the whole of a run.

    facts: settings by name (seed, data set, parameters of space and method), compared at a resume.
    steps: the method's steps in words, compared at a resume.
    texts: texts of the run folder by file name, for example `method.nas`.
    circumstances: where the data are, and what the last digits of all numbers depend on; a resume with others is told.
    """

    origin: Origin
    facts: Mapping[str, Any]
    steps: tuple[str, ...]
    texts: Mapping[str, str]
    command: str
    circumstances: Mapping[str, str]


@frozen(eq=False)
class State:
    """How far a run has come.

    step: index of the step under way; as many as there are steps when the run has ended.
    epoch: epochs of that step that are done.
    model: parameters and buffers by path, empty before the first training step.
    optimizers: by what they train; each by path.
    kinds: the optimisers' descriptions, by what they train.
    zeros: where the step under way keeps weights at zero, bool, by path.
    milestones: what has been measured between steps. architecture: lines of arch.jsonl. contests: how they went.
    passes: all that were run. settled: how many of them `model` and `optimizers` have been through.
    """

    step: int = 0
    epoch: int = 0
    model: Mapping[str, Tensor] = field(factory=dict)
    optimizers: Mapping[str, OptimizerState] = field(factory=dict)
    kinds: Mapping[str, str] = field(factory=dict)
    zeros: Mapping[str, Tensor] = field(factory=dict)
    passes: tuple[PassRun, ...] = ()
    settled: int = 0
    history: tuple[EpochRecord, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    architecture: tuple[str, ...] = ()
    contests: tuple[ContestRecord, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What all passes had to say of what they did."""
        return tuple(note for run in self.passes for note in run.notes)

    @property
    def seconds(self) -> float:
        """What training, contests and selections have taken."""
        epochs = sum(record.seconds for record in self.history if record.parts == 1)  # contests count all their parts
        return epochs + sum(contest.seconds for contest in self.contests) + sum(run.seconds for run in self.passes)
