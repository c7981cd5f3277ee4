"""The steps of a method gone through without training, so that what cannot work is told before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from attrs import evolve

from archir.diagnostics import ArchirError, fail
from archir.ir.module import Module, weight_masks
from archir.passes import Values, read_pipeline
from archir.passes import spec as spec_of
from archir.search.compiler import Compiler
from archir.search.contest.random_groups import random_groups
from archir.search.phases import MISSING, Train
from archir.search.steps import Compete, RunPass, Select, Step, learned_part, phase_of, placed, split_of

_LEARNED = "NAS404"
"""The code of what is wrong with a point: at other values it may be right."""


def rehearse(module: Module, steps: Sequence[Step], compiler: Compiler) -> None:
    """Runs the passes of all steps with parameters where they begin, and asks of each phase whether it can train.

    What is derived depends on what will be learned, so where no network can be made of these values the
    rehearsal ends without a word.

    Of a contest the first part goes on: what can be done with one of them can be done with all.

    Raises:
        ArchirError: what a pass raises; NAS402 or NAS604 where a phase has nothing to train.
    """
    for index, step in enumerate(steps):
        if isinstance(step, Train):
            with placed(step):
                _require_trainable(module, step)
            continue
        try:
            with placed(step):
                spec = _spec(steps, index, module)
                module = compiler.run_passes(module, spec, _beginning(module)).module
                if isinstance(step, Compete):
                    _require_trainable(module, step.train)
        except ArchirError as error:
            reads_values = isinstance(step, RunPass) and any(p.needs_values for p, _ in read_pipeline(step.spec))
            if reads_values and all(d.code == _LEARNED for d in error.diagnostics):
                return
            raise


def _spec(steps: Sequence[Step], index: int, module: Module) -> str:
    """The pass that a step is, or a pass that gives what it may decide."""
    match steps[index]:
        case RunPass() as step:
            return step.spec
        case Compete() as step:
            return part_spec(step, module, index)
        case Select():
            require_paths(steps[:index], module)
            return "sample"
        case Train():
            raise AssertionError("a phase is no pass")


def require_paths(before: Sequence[Step], module: Module) -> None:
    """Raises ArchirError (NAS402) unless a module has paths, behind these steps, that its weights can judge."""
    if module.form != "relaxed":
        help_ = "relax the space, and train its weights, before this step; what was derived is not selected from"
        fail("NAS402", f"`select` chooses between the paths of a supernet, and this is a {module.form}", help=help_)
    if not any("weights" in phase.trains for step in before if (phase := phase_of(step)) is not None):
        fail(
            "NAS402", "`select` judges paths by trained weights, and none are", help="train `weights` before this step"
        )
    if module.base is not None:
        message = "`select` judges paths with the kernels of the space, and while searching this supernet has others"
        fail(
            "NAS402", message, help="leave out the pass that changes them for the search, such as `bottleneck`, `vital`"
        )
    if learned_part(before) == 1:
        message = "`select` decides on images that are held out, and a phase before it learns from all"
        fail("NAS402", message, help="give each `train` a `split` below 1")


def part_spec(step: Compete, module: Module, index: int) -> str:
    """A pass that gives the first of the parts that a contest would be between, in groups as good as any."""
    split = split_of(step)
    if step.groups != "given":
        split = split.with_groups(random_groups(module, split.grouped(module), 0, index))
    return spec_of(evolve(split, part=0))


def require(kinds: Iterable[str], trains: Iterable[str]) -> None:
    """Raises ArchirError (NAS402) unless a module with parameters of these kinds has all that a phase trains."""
    for kind in trains:
        if kind in MISSING and kind not in kinds:
            what, remedy = MISSING[kind]
            fail("NAS402", f"this module has no {what} to train", help=f"run `{remedy}` before this phase")


def _require_trainable(module: Module, phase: Train) -> None:
    if module.form == "space":
        help_ = "make a supernet of it with `relax`, or a network with `fix` or `derive`, before this phase"
        fail("NAS604", f"`{module.name}` is still a space when `train` is to begin, and cannot run", help=help_)
    masks = {"masks"} if any(True for _ in weight_masks(module.graph)) else set[str]()
    require(masks | {p.kind for p in module.parameters}, phase.trains)


def _beginning(module: Module) -> Values:
    """Parameters without their noise, and clocks that have not moved."""
    clocks = {c.name: np.zeros(()) for c in module.clocks}
    return clocks | {p.name: np.broadcast_to(np.asarray(p.start, dtype=np.float64), p.shape) for p in module.parameters}
