"""What a run has come to, at its end or as its folder has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen
from torch import Tensor

from archir.ir.module import Module
from archir.passes import Values, WeightMap
from archir.search.carry import carried, fitting
from archir.search.checkpoint import load_checkpoint
from archir.search.compiler import Compiler
from archir.search.contest.record import ContestRecord
from archir.search.folders import existing, is_begun
from archir.search.milestones import Milestone
from archir.search.report import EpochRecord
from archir.search.state import PassRun, Setup, State


@frozen(eq=False)
class Result:
    """What a run has come to.

    tensors: parameters (architecture parameters, too) and buffers by the paths of `module`.
    notes: what passes had to say of what they did.
    step: index of the step under way; as many as there are steps when the run has ended.
    architecture: lines of arch.jsonl. contests: those that are over. seconds: what all steps have taken.
    """

    folder: Path
    module: Module
    tensors: dict[str, Tensor]
    setup: Setup
    history: tuple[EpochRecord, ...]
    milestones: tuple[Milestone, ...]
    architecture: tuple[str, ...]
    step: int
    notes: tuple[str, ...] = ()
    contests: tuple[ContestRecord, ...] = ()
    seconds: float = 0.0

    @property
    def finished(self) -> bool:
        """Whether all steps are done."""
        return self.step >= len(self.setup.steps)

    @property
    def values(self) -> Values:
        """The architecture parameters of `module` by name, as passes read them."""
        return values_of(self.module, self.tensors, ())


def load_run(run_dir: str | Path, *, compiler: Compiler | None = None) -> Result:
    """The run in a folder as its last checkpoint has it; the module is made from the texts in there.

    Raises:
        ArchirError: NAS502 if there is no such folder, NAS504 if its checkpoint cannot be used.
    """
    path = Path(run_dir)
    setup, state = load_checkpoint(existing(path).checkpoint)
    compiler = compiler or Compiler()
    module, maps = replay(compiler.elaborate(setup.origin), state.passes, compiler)
    return result_of(path, setup, module, state, maps, compiler)


def load_searched(run_dir: str | Path, *, compiler: Compiler | None = None) -> Module | None:
    """The last module of a run that had choices: what the searched network is a point of. None if it had none.

    Raises:
        ArchirError: NAS502 if there is no such folder, NAS504 if its checkpoint cannot be used.
    """
    setup, state = load_checkpoint(existing(Path(run_dir)).checkpoint)
    compiler = compiler or Compiler()
    modules = [compiler.elaborate(setup.origin)]
    for run in state.passes:
        modules.append(compiler.run_passes(modules[-1], run.spec, run.values).module)
    return next((m for m in reversed(modules) if m.form != "network"), None)


@frozen(eq=False)
class TrainedSupernet:
    """A supernet as a run has trained it last: tensors by the paths of `module`. steps: those that trained it."""

    module: Module
    tensors: Mapping[str, Tensor]
    setup: Setup
    steps: tuple[int, ...]


def load_supernet(run_dir: str | Path, *, compiler: Compiler | None = None) -> TrainedSupernet | None:
    """The supernet that a run has trained last, whatever was derived from it since. None if there is none (any more).

    Raises:
        ArchirError: NAS502 if there is no such folder, NAS504 if its checkpoint cannot be used.
    """
    setup, state = load_checkpoint(existing(Path(run_dir)).checkpoint)
    compiler = compiler or Compiler()
    module, _ = replay(compiler.elaborate(setup.origin), state.passes[: state.settled], compiler)
    steps = tuple(sorted({record.step for record in state.history}))
    return TrainedSupernet(module, state.model, setup, steps) if module.form == "relaxed" and steps else None


def recorded_setup(run_dir: str | Path) -> Setup | None:
    """Settings and texts of the run to resume in a folder; None if it was stopped before its first checkpoint.

    Raises:
        ArchirError: NAS502 if there is no such folder, NAS504 if its checkpoint cannot be used.
    """
    folder = existing(Path(run_dir))
    return load_checkpoint(folder.checkpoint)[0] if is_begun(folder) else None


def replay(module: Module, passes: tuple[PassRun, ...], compiler: Compiler) -> tuple[Module, list[WeightMap]]:
    """The module after passes that were run before, with the values that they had then."""
    maps: list[WeightMap] = []
    for run in passes:
        rewrite = compiler.run_passes(module, run.spec, run.values)
        module = rewrite.module
        maps.append(rewrite.weights)
    return module, maps


def values_of(module: Module, tensors: Mapping[str, Tensor], maps: Sequence[WeightMap]) -> Values:
    """The trained architecture parameters, and the clocks; those that no phase has trained yet have no value.

    `maps` are those of the passes that `tensors` have not been through.
    """
    leaves = [*(p.name for p in module.parameters), *(c.name for c in module.clocks)]
    found = carried(tensors, leaves, maps)
    return {name: t.detach().cpu().numpy().copy() for name, t in found.items()}


def tensors_of(module: Module, state: State, maps: Sequence[WeightMap], compiler: Compiler) -> dict[str, Tensor]:
    """The tensors of a state, on the CPU, by the paths of the module behind the passes of `maps`."""
    pending = maps[state.settled :]
    tensors = {name: t.cpu() for name, t in state.model.items()}
    if not pending or module.form == "space":
        return tensors
    own = compiler.to_torch(module).state_dict()
    return fitting(carried(tensors, own, pending), own)


def result_of(
    path: Path, setup: Setup, module: Module, state: State, maps: Sequence[WeightMap], compiler: Compiler
) -> Result:
    """The result of a run in the folder `path` whose module is `module` after the passes of `maps`."""
    tensors = tensors_of(module, state, maps, compiler)
    reached = (state.milestones, state.architecture, state.step)
    return Result(path, module, tensors, setup, state.history, *reached, state.notes, state.contests, state.seconds)
