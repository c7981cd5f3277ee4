"""Taking tensors along through passes: a new path gets what its old path had."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from torch import Tensor

from archir.passes import WeightMap, former_path
from archir.search.optimizers import OptimizerState

T = TypeVar("T")


def old_path(path: str, maps: Sequence[WeightMap]) -> str:
    """The path that `path` had before a sequence of passes, oldest first."""
    for renamed in reversed(maps):
        path = former_path(renamed, path)
    return path


def carried(tensors: Mapping[str, T], paths: Iterable[str], maps: Sequence[WeightMap]) -> dict[str, T]:
    """What the new `paths` take over; paths that are new to the module are left out."""
    return {path: tensors[old] for path in paths if (old := old_path(path, maps)) in tensors}


def fitting(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those tensors that have the shape of the ones that they are for."""
    return {path: t for path, t in found.items() if t.shape == wanted[path].shape}


def fitting_state(found: OptimizerState, wanted: Mapping[str, Tensor]) -> OptimizerState:
    """Optimiser tensors of those paths where all of them (step counters apart) have the parameter's shape."""
    return {
        path: slots
        for path, slots in found.items()
        if all(t.dim() == 0 or t.shape == wanted[path].shape for t in slots.values())
    }
