"""Optimisers from their descriptions, and their state by the paths of the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import torch
from torch import Tensor, nn

from archir.search.phases import SGD, Optimizer

OptimizerState: TypeAlias = dict[str, dict[str, Tensor]]
"""For each parameter that has a state its tensors by name, for example `momentum_buffer`."""


def build_optimizer(description: Optimizer, parameters: Mapping[str, nn.Parameter]) -> torch.optim.Optimizer:
    """The torch optimiser; its learning rate is set at each step by `set_rate`.

    Fused, which on a CPU is four times as fast as foreach with the many small tensors of a cell.
    """
    owned = list(parameters.values())
    if not isinstance(description, SGD):
        return torch.optim.Adam(owned, lr=0.0, betas=description.betas, weight_decay=description.decay, fused=True)
    optimizer = torch.optim.SGD(
        owned, lr=0.0, momentum=description.momentum, weight_decay=description.decay, fused=True
    )
    if description.momentum:
        # Zeros are what a first step assumes. Fused SGD wants all of the buffers or none, and a parameter
        # that is new, or had no gradient yet, has none.
        for parameter in owned:
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return optimizer


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Sets the learning rate of all parameters."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def optimizer_state(optimizer: torch.optim.Optimizer, parameters: Mapping[str, nn.Parameter]) -> OptimizerState:
    """Copies of the optimiser's tensors (momentum, moments, step counters) by path."""
    found: OptimizerState = {}
    for path, parameter in parameters.items():
        slots = {name: t.detach().clone() for name, t in optimizer.state.get(parameter, {}).items() if t is not None}
        if slots:
            found[path] = slots
    return found


def load_optimizer_state(
    optimizer: torch.optim.Optimizer, parameters: Mapping[str, nn.Parameter], state: OptimizerState
) -> None:
    """Puts tensors of `optimizer_state` into an optimiser; paths that it does not have are left out."""
    for path, parameter in parameters.items():
        if path in state:
            optimizer.state[parameter] = {name: t.to(parameter.device, copy=True) for name, t in state[path].items()}
