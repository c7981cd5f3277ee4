"""Masked supernets with random masks, and what is derived from them."""

from __future__ import annotations

import torch

from archir.ir.module import Module
from archir.lowering.torch import Supernet, to_torch
from archir.passes import Rewrite, run_pipeline
from archir.passes.child import child_of
from tests.derived import randomize_statistics, values_of

DERIVE = "derive{rule=mask,coefficients=true}"


def masked(space: Module, pipeline: str, seed: int, *, closed: float, dtype: torch.dtype = torch.float64) -> Supernet:
    """A masked supernet with random weights, statistics and coefficients; each mask is closed that often."""
    torch.manual_seed(seed)
    net = to_torch(run_pipeline(space, pipeline).module).to(dtype)
    found = net.trainables()
    with torch.no_grad():
        for parameter in found.get("arch", {}).values():
            parameter.normal_()
        for mask in (*found.get("masks", {}).values(), *found.get("arch_masks", {}).values()):
            mask.copy_(torch.where(torch.rand(mask.shape) < closed, 0.004, 0.006))
    randomize_statistics(net)
    net.tick("epoch")
    return net


def derive(net: Supernet, how: str = DERIVE) -> Rewrite:
    return run_pipeline(net.module, how, values_of(net))


def child(net: Supernet, how: str = DERIVE) -> Supernet:
    found = child_of(net.module, [how])
    assert found is not None
    inside = to_torch(found.module).to(next(net.parameters()).dtype)
    inside.load_state_dict(net.state_dict())
    return inside
