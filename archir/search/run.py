"""A run from its first to its last step, in its folder: started, or gone on with."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
from attrs import evolve

from archir.ir.module import Module
from archir.search.checkpoint import load_checkpoint, save_checkpoint, write_with_remedy
from archir.search.compiler import Compiler
from archir.search.device import choose_device
from archir.search.fit import check_fit
from archir.search.folders import RunFolder, check_same, opened, write_texts
from archir.search.job import Job, run_steps
from archir.search.logs import Curves, write_log
from archir.search.phases import Train
from archir.search.plan import Plan, begun, versions
from archir.search.report import Reporter, Silent
from archir.search.result import Result
from archir.search.state import Setup, State


def execute(
    plan: Plan, run_dir: str | Path, *, resume: bool = False, reporter: Reporter | None = None,
    device: str | None = None, compiler: Compiler | None = None,
) -> Result:  # fmt: skip
    """Carries out a plan, or goes on where an interrupted run of it stopped.

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
            do not fit), NAS507 (a loss that is not finite), and what passes raise.
    """
    compiler, reporter = compiler or Compiler(), reporter or Silent()
    chosen = choose_device(device)
    path = Path(run_dir)
    if plan.module is not None and not resume:
        check_fit(plan.module, plan.data)  # before the folder is made
    with opened(path, resume=resume) as (folder, is_begun):
        if is_begun:
            module, setup, state = _resumed(folder, plan, compiler, reporter)
        else:
            module, setup = begun(plan, path)
            state = State(model=dict(plan.weights))
            save_checkpoint(folder.checkpoint, setup, state)
        check_fit(module, plan.data)
        write_texts(folder, setup, plan.main)
        write_log(folder.log, state.history)
        curves = Curves(folder.tensorboard, state.history)
        data = plan.data.to(chosen)
        job = Job(folder, setup, plan.steps, data, plan.seed, reporter, chosen, compiler, curves)
        try:
            return run_steps(job, module, state)
        finally:
            reporter.close()
            curves.close()


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
    tensors = {path: t.contiguous() for path, t in result.tensors.items()}
    write_with_remedy(RunFolder(result.folder).weights, safetensors.torch.save(tensors, {"format": "pt"}))
    return result


def _resumed(folder: RunFolder, plan: Plan, compiler: Compiler, reporter: Reporter) -> tuple[Module, Setup, State]:
    """The run in a folder as its checkpoint has it; the module is made from the texts in there."""
    setup, state = load_checkpoint(folder.checkpoint)
    check_same(setup, plan.facts, plan.words)
    for name, now in versions().items():
        if setup.versions.get(name) != now:
            reporter.message(f"note: started with {name} {setup.versions.get(name)}, resumed with {now}")
    return compiler.elaborate(setup.origin), setup, state
