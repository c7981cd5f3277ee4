"""Taking tensors along through passes: a new path gets what its old path had."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from torch import Tensor

from archir.passes.weights import Fresh, Old, WeightExpression, WeightMap, evaluate, former, old_paths, substituted
from archir.search.optimizers import OptimizerState


def source(path: str, maps: Sequence[WeightMap]) -> WeightExpression:
    """What the weight at `path` is made from, before a sequence of passes, oldest first."""
    found: WeightExpression = Old(path)
    for made in reversed(maps):
        found = substituted(found, partial(former, made))
    return found


def carried(tensors: Mapping[str, Tensor], paths: Iterable[str], maps: Sequence[WeightMap]) -> dict[str, Tensor]:
    """What the new `paths` take over, computed where a pass says so; paths that are new to the module are left out."""
    sources = {path: source(path, maps) for path in paths}
    return {
        path: evaluate(found, tensors.__getitem__)
        for path, found in sources.items()
        if not isinstance(found, Fresh) and all(old in tensors for old in old_paths(found))
    }


def carried_slots(state: OptimizerState, paths: Iterable[str], maps: Sequence[WeightMap]) -> OptimizerState:
    """The optimiser's tensors for the new `paths`; a computed parameter starts without."""
    sources = {path: source(path, maps) for path in paths}
    return {path: state[s.path] for path, s in sources.items() if isinstance(s, Old) and s.path in state}


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
