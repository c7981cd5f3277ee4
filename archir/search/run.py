"""A run from its first to its last step: passes, training, checkpoints, logs."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from attrs import evolve, frozen
from torch import Tensor

from archir.diagnostics import fail
from archir.ir.module import Module
from archir.ir.origin import Origin
from archir.passes import Values, WeightMap
from archir.search.carry import carried, fitting, fitting_state
from archir.search.checkpoint import load_checkpoint, save_checkpoint, write_with_remedy
from archir.search.compiler import Compiler
from archir.search.data import Data
from archir.search.device import choose_device, enough_memory
from archir.search.fit import check_fit
from archir.search.folders import RunFolder, check_same, existing, is_begun, opened, write_texts
from archir.search.logs import Curves, write_architecture, write_log
from archir.search.optimizers import load_optimizer_state, optimizer_state
from archir.search.phases import RunPass, Step, Train
from archir.search.randomness import derive_seed
from archir.search.report import EpochRecord, Reporter, Silent
from archir.search.state import PassRun, Setup, State
from archir.search.trainer import Session, begin, train_epoch


@frozen(eq=False)
class Result:
    """What a run has come to.

    tensors: parameters (architecture parameters, too) and buffers by the paths of `module`.
    """

    folder: Path
    module: Module
    tensors: dict[str, Tensor]
    setup: Setup
    history: tuple[EpochRecord, ...]
    finished: bool

    @property
    def values(self) -> Values:
        """The architecture parameters of `module` by name, as passes read them."""
        return _values(self.module, self.tensors, ())


@frozen(eq=False)
class _Job:
    """What all steps of a run need."""

    folder: RunFolder
    setup: Setup
    data: Data
    seed: int
    reporter: Reporter
    device: torch.device
    compiler: Compiler
    curves: Curves

    def save(self, state: State) -> None:
        save_checkpoint(self.folder.checkpoint, self.setup, state)


def execute(
    steps: Sequence[Step],
    module: Module | None,
    data: Data,
    run_dir: str | Path,
    *,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
    command: str = "",
    resume: bool = False,
    reporter: Reporter | None = None,
    device: str | None = None,
    compiler: Compiler | None = None,
    weights: Mapping[str, Tensor] | None = None,
    main: str = "space.nas",
) -> Result:
    """Runs the steps of a method on a module, or goes on where an interrupted run stopped.

    Args:
        steps: passes and training phases, in order.
        module: the space (or network) as loaded; a resumed run takes its own copy of the text instead,
            and may do without.
        data: what to train on.
        run_dir: the run's folder (see `folders`).
        seed: what all random numbers derive from.
        settings: what the user set, by name; a resume with others is an error.
        texts: files to put into the folder, by name, for example `method.nas`.
        command: the command line, for run.json.
        resume: go on with the run in `run_dir`.
        reporter: hears of progress; by default nobody does.
        device: where to train, in torch's words; by default CUDA if there is any, else the CPU.
        compiler: by default archir's own parts.
        weights: tensors by path to begin with.
        main: name of the copy of the module's text.

    Returns:
        The last module with its tensors.

    Raises:
        ArchirError: NAS502 (folder), NAS503 (writing), NAS504 (checkpoint), NAS506 (data and net
            do not fit), NAS507 (a loss that is not finite), and what passes raise.
    """
    compiler, reporter = compiler or Compiler(), reporter or Silent()
    chosen = choose_device(device)
    facts = _facts(data, seed, settings)
    words = tuple(map(repr, steps))
    path = Path(run_dir)
    if module is not None and not resume:
        check_fit(module, data)  # before the folder is made
    with opened(path, resume=resume) as (folder, begun):
        if begun:
            module, setup, state = _resumed(folder, facts, words, compiler, reporter)
        else:
            module, origin = _with_origin(module, path)
            setup = Setup(origin, facts, words, texts or {}, command, _versions())
            state = State(model=dict(weights or {}))
            save_checkpoint(folder.checkpoint, setup, state)
        check_fit(module, data)
        write_texts(folder, setup, main)
        write_log(folder.log, state.history)
        curves = Curves(folder.tensorboard, state.history)
        job = _Job(folder, setup, data.to(chosen), seed, reporter, chosen, compiler, curves)
        try:
            return _run(job, steps, module, state)
        finally:
            reporter.close()
            curves.close()


def _facts(data: Data, seed: int, settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a resumed run must have in common with the run that was started."""
    images = [len(data.train), len(data.test)]
    return {"seed": seed, "data": data.name, "input": str(data.type), "images": images} | dict(settings or {})


def _resumed(
    folder: RunFolder, facts: Mapping[str, Any], words: tuple[str, ...], compiler: Compiler, reporter: Reporter
) -> tuple[Module, Setup, State]:
    """The run in a folder as its checkpoint has it; the module is made from the texts in there."""
    setup, state = load_checkpoint(folder.checkpoint)
    check_same(setup, facts, words)
    _note_versions(setup, reporter)
    return compiler.elaborate(setup.origin), setup, state


def recorded_setup(run_dir: str | Path) -> Setup | None:
    """Settings and texts of the run to resume in a folder; None if it was stopped before its first checkpoint.

    Raises:
        ArchirError: NAS502 if there is no such folder, NAS504 if its checkpoint cannot be used.
    """
    folder = existing(Path(run_dir))
    return load_checkpoint(folder.checkpoint)[0] if is_begun(folder) else None


def load_run(run_dir: str | Path, *, compiler: Compiler | None = None) -> Result:
    """The run in a folder as its last checkpoint has it; the module is made from the texts in there.

    Raises:
        ArchirError: NAS502 if there is no such folder, NAS504 if its checkpoint cannot be used.
    """
    path = Path(run_dir)
    setup, state = load_checkpoint(existing(path).checkpoint)
    compiler = compiler or Compiler()
    module, maps = _replay(compiler.elaborate(setup.origin), state.passes, compiler)
    return _result(path, setup, module, state, maps, compiler)


def train_network(
    module: Module | None,
    weights: Mapping[str, Tensor] | None,
    data: Data,
    phase: Train,
    run_dir: str | Path,
    *,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    command: str = "",
    resume: bool = False,
    reporter: Reporter | None = None,
    device: str | None = None,
    compiler: Compiler | None = None,
) -> Result:
    """Trains a network on all training images, tests it after each epoch, and writes net.safetensors.

    `weights` are what it begins with, by path; those that are missing or have another shape begin
    as PyTorch initialises them. Arguments and errors are otherwise those of `execute`.
    """
    phase = evolve(phase, trains=("weights",), split=1.0)
    result = execute(
        (phase,), module, data, run_dir, seed=seed, settings=settings, command=command, resume=resume,
        reporter=reporter, device=device, compiler=compiler, weights=weights, main="net.nas",
    )  # fmt: skip
    tensors = {path: t.contiguous() for path, t in result.tensors.items()}
    write_with_remedy(RunFolder(result.folder).weights, safetensors.torch.save(tensors, {"format": "pt"}))
    return result


def _with_origin(module: Module | None, path: Path) -> tuple[Module, Origin]:
    """The module and its texts, which a resumed run will load."""
    if module is None:
        fail(
            "NAS502", f"the run in `{path}` was stopped before its first checkpoint", help="start it without `--resume`"
        )
    if module.origin is None:
        fail("NAS502", f"`{module.name}` has no text that a resumed run could load", help="load it from a .nas file")
    return module, module.origin


def _versions() -> dict[str, str]:
    try:
        own = version("archir")
    except PackageNotFoundError:  # run from a checkout that is not installed
        own = "unknown"
    return {"archir": own, "torch": str(torch.__version__), "python": platform.python_version()}


def _note_versions(setup: Setup, reporter: Reporter) -> None:
    for name, now in _versions().items():
        if setup.versions.get(name) != now:
            reporter.message(f"note: started with {name} {setup.versions.get(name)}, resumed with {now}")


def _run(job: _Job, steps: Sequence[Step], module: Module, state: State) -> Result:
    module, maps = _replay(module, state.passes, job.compiler)
    for index in range(state.step, len(steps)):
        step = steps[index]
        if isinstance(step, RunPass):
            job.reporter.message(f"pass {step.spec}")
            values = _values(module, state.model, maps[state.settled :])
            rewrite = job.compiler.run_passes(module, step.spec, values)
            module, maps = rewrite.module, [*maps, rewrite.weights]
            state = evolve(state, passes=(*state.passes, PassRun(step.spec, values)))
        else:
            state = _train(job, index, step, module, state, maps)
        state = evolve(state, step=index + 1, epoch=0)
    job.save(state)
    return _result(job.folder.path, job.setup, module, state, maps, job.compiler, finished=True)


def _replay(module: Module, passes: tuple[PassRun, ...], compiler: Compiler) -> tuple[Module, list[WeightMap]]:
    """The module after passes that were run before, with the values that they had then."""
    maps: list[WeightMap] = []
    for run in passes:
        rewrite = compiler.run_passes(module, run.spec, run.values)
        module = rewrite.module
        maps.append(rewrite.weights)
    return module, maps


def _values(module: Module, tensors: Mapping[str, Tensor], maps: Sequence[WeightMap]) -> Values:
    """The trained architecture parameters; those that no phase has trained yet have no value."""
    found = carried(tensors, (p.name for p in module.parameters), maps)
    return {name: t.detach().cpu().numpy().copy() for name, t in found.items()}


def _train(job: _Job, index: int, phase: Train, module: Module, state: State, maps: Sequence[WeightMap]) -> State:
    """Trains one phase from `state` to its end; after each epoch everything is on the disk."""
    session = _session(job, index, phase, module, state, maps[state.settled :])
    state = evolve(state, settled=len(state.passes))
    job.reporter.phase(f"training {' and '.join(phase.trains)}", phase.epochs, state.epoch)
    for epoch in range(state.epoch, phase.epochs):
        with enough_memory():
            record = train_epoch(session, epoch, job.reporter)
        state = evolve(_snapshot(session, state), epoch=epoch + 1, history=(*state.history, record))
        job.save(state)
        write_log(job.folder.log, state.history)
        if session.learner.arch:
            write_architecture(job.folder.architecture, len(state.history), session.learner.arch)
        job.curves.add(len(state.history), record)
        job.reporter.epoch(record)
    return state


def _session(job: _Job, index: int, phase: Train, module: Module, state: State, maps: Sequence[WeightMap]) -> Session:
    """A model with the tensors of `state` where paths and shapes agree, initialised from the seed elsewhere."""
    torch.manual_seed(derive_seed(job.seed, "initial", index))
    model = job.compiler.to_torch(module).to(job.device)
    own = model.state_dict()
    model.load_state_dict(fitting(carried(state.model, own, maps), own), strict=False)
    session = begin(model, phase, job.data, index=index, seed=job.seed)
    kinds = _kinds(session)
    for what, optimizer in session.optimizers.items():
        owned = session.learner.weights if what == "weights" else session.learner.arch
        if state.kinds.get(what) == kinds[what]:
            found = fitting_state(carried(state.optimizers.get(what, {}), owned, maps), owned)
            load_optimizer_state(optimizer, owned, found)
    return session


def _snapshot(session: Session, state: State) -> State:
    learner = session.learner
    owned = {"weights": learner.weights, "arch": learner.arch}
    return evolve(
        state,
        model={path: t.detach().clone() for path, t in learner.model.state_dict().items()},
        optimizers={what: optimizer_state(o, owned[what]) for what, o in session.optimizers.items()},
        kinds=_kinds(session),
    )


def _kinds(session: Session) -> dict[str, str]:
    descriptions = {"weights": session.phase.weights, "arch": session.phase.arch}
    return {what: type(descriptions[what]).__name__ for what in session.optimizers}


def _result(
    path: Path, setup: Setup, module: Module, state: State, maps: Sequence[WeightMap], compiler: Compiler,
    *, finished: bool | None = None,
) -> Result:  # fmt: skip
    pending = maps[state.settled :]
    tensors = {name: t.cpu() for name, t in state.model.items()}
    if pending and module.form != "space":
        own = compiler.to_torch(module).state_dict()
        tensors = fitting(carried(tensors, own, pending), own)
    done = state.step >= len(setup.steps) if finished is None else finished
    return Result(path, module, tensors, setup, state.history, done)
