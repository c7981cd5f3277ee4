"""A run from its first to its last step, in its folder: started, or gone on with."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
import torch
from attrs import evolve, frozen

from archir.ir.module import Module
from archir.search.checkpoint import load_checkpoint, save_checkpoint, write_with_remedy
from archir.search.compiler import Compiler
from archir.search.execution import run_steps
from archir.search.fit import check_cutout, check_fit
from archir.search.folders import RunFolder, check_same, opened, write_texts
from archir.search.job import Job
from archir.search.logs import Curves, write_logs
from archir.search.phases import Train
from archir.search.plan import Plan, begun, circumstances
from archir.search.processes import Processes, announced, joined
from archir.search.rehearsal import rehearse
from archir.search.report import Reporter, Silent
from archir.search.result import Result
from archir.search.state import Setup, State


def execute(
    plan: Plan, run_dir: str | Path, *, resume: bool = False, reporter: Reporter | None = None,
    device: str | None = None, compiler: Compiler | None = None,
) -> Result:  # fmt: skip
    """Carries out a plan, or goes on where an interrupted run of it stopped.

    Under torchrun all processes call it alike, and share the run: the first writes and reports.

    Args:
        plan: what to do.
        run_dir: the run's folder (see `folders`).
        resume: go on with the run in `run_dir`.
        reporter: hears of progress; by default nobody does.
        device: where to train, in torch's words; by default CUDA if there is any, else the CPU.
        compiler: by default archir's own parts.

    Returns:
        The last module with its tensors.

    Raises:
        ArchirError: NAS502 (folder), NAS503 (writing), NAS504 (checkpoint), NAS506 (data and net
            do not fit), NAS507 (a loss that is not finite), NAS508 (lost processes), and what passes raise.
    """
    compiler, path = compiler or Compiler(), Path(run_dir)
    with joined(device) as (processes, chosen):
        work = _Work(plan, path, compiler, processes, chosen)
        if not processes.is_first:
            return _follow(work)
        return _lead(work, reporter or Silent(), resume=resume)


@frozen(eq=False)
class _Work:
    """A plan, and where it is carried out by which of its processes."""

    plan: Plan
    path: Path
    compiler: Compiler
    processes: Processes
    device: torch.device

    def job(self, setup: Setup, reporter: Reporter, curves: Curves | None) -> Job:
        plan = self.plan
        return Job(
            RunFolder(self.path), setup, plan.steps, plan.data.to(self.device), plan.seed, reporter, self.device,
            self.compiler, self.processes, curves,
        )  # fmt: skip


def _lead(work: _Work, reporter: Reporter, *, resume: bool) -> Result:
    """The first process: opens the folder, writes, and reports."""
    plan = work.plan
    if plan.module is not None and not resume:
        check_fit(plan.module, plan.data)  # before the folder is made
        check_cutout(plan.steps, plan.data)
        rehearse(plan.module, plan.steps, work.compiler)
    with opened(work.path, resume=resume) as (folder, is_begun):
        if is_begun:
            module, setup, state = _resumed(folder, work, reporter)
        else:
            module, setup = begun(plan, work.path, work.processes.count)
            state = State(model=dict(plan.weights))
            save_checkpoint(folder.checkpoint, setup, state)
        check_fit(module, plan.data)
        write_texts(folder, setup, plan.main)
        write_logs(folder, state)
        curves = Curves(folder.tensorboard, state.history)
        try:
            work.processes.wait()
            return run_steps(work.job(setup, reporter, curves), module, state)
        finally:
            reporter.close()
            curves.close()


def _follow(work: _Work) -> Result:
    """Another process: begins with the checkpoint that the first has found or written."""
    work.processes.wait()
    setup, state = load_checkpoint(RunFolder(work.path).checkpoint)
    return run_steps(work.job(setup, Silent(), None), work.compiler.elaborate(setup.origin), state)


def train_network(
    plan: Plan, run_dir: str | Path, *, resume: bool = False, reporter: Reporter | None = None,
    device: str | None = None, compiler: Compiler | None = None,
) -> Result:  # fmt: skip
    """Trains a network on all training images, tests it after each epoch, and writes net.safetensors.

    Whatever else the plan's phases say, they train weights alone. Those of `plan.weights` that are missing
    or have another shape begin as PyTorch initialises them. Arguments and errors are those of `execute`.
    """
    steps = tuple(evolve(s, trains=("weights",), split=1.0) if isinstance(s, Train) else s for s in plan.steps)
    plan = evolve(plan, steps=steps, main="net.nas")
    result = execute(plan, run_dir, resume=resume, reporter=reporter, device=device, compiler=compiler)
    if announced().is_first:
        tensors = {path: t.contiguous() for path, t in result.tensors.items()}
        write_with_remedy(RunFolder(result.folder).weights, safetensors.torch.save(tensors, {"format": "pt"}))
    return result


def _resumed(folder: RunFolder, work: _Work, reporter: Reporter) -> tuple[Module, Setup, State]:
    """The run in a folder as its checkpoint has it; the module is made from the texts in there."""
    setup, state = load_checkpoint(folder.checkpoint)
    check_same(setup, work.plan.facts, work.plan.words)
    for name, now in circumstances(work.plan, work.processes.count).items():
        if setup.circumstances.get(name) != now:
            reporter.message(f"note: started with {name} {setup.circumstances.get(name)}, resumed with {now}")
    return work.compiler.elaborate(setup.origin), setup, state
