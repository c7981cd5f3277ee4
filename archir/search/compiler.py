"""The parts of the compiler that a run calls, in one place, so that tests can put in small ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import frozen
from torch import nn

from archir.ir.module import Module
from archir.ir.origin import Origin
from archir.lowering.torch import to_torch
from archir.passes import Rewrite, Values, run_branches, run_pipeline
from archir.passes.child import Child, child_of
from archir.sema import reload


@frozen
class Compiler:
    """How texts become modules, modules other modules, and modules models."""

    elaborate: Callable[[Origin], Module] = reload
    run_passes: Callable[[Module, str, Values], Rewrite] = run_pipeline
    to_torch: Callable[[Module], nn.Module] = to_torch
    child_of: Callable[[Module, Sequence[str]], Child | None] = child_of
    run_branches: Callable[[Module, str, Values], tuple[Rewrite, ...]] = run_branches
