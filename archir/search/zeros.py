"""Zeros that stay: what a search cut out of a network does not come back while the network is fine-tuned.

Momentum, weight decay and an inherited optimiser state all move a number whose gradient is zero, and Adam moves
one by nearly its whole rate. So the zeros are put back after each step, and the gradient has none there before
it: clipping measures only what moves.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from archir.analysis.cost import parameters
from archir.ir.module import Module


def zeros_of(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Where kernels (tensors of two or more axes) are exactly zero, bool, by path; kernels without zeros are left out.

    A scale, a shift or a bias that begins at zero is none of a mask's doing, and is to move.
    """
    found = {path: w.detach() == 0 for path, w in weights.items() if w.dim() >= 2}
    return {path: zeros for path, zeros in found.items() if bool(zeros.any())}


def nonzero_parameters(module: Module, weights: Mapping[str, Tensor]) -> int:
    """The parameters of a module without the zeros of its kernels; `weights` are those that train, by path."""
    return parameters(module) - sum(int(zeros.sum()) for zeros in zeros_of(weights).values())


def without_gradient(weights: Mapping[str, Tensor], zeros: Mapping[str, Tensor]) -> None:
    """Takes the gradient away where `zeros` say so."""
    for path, where in zeros.items():
        gradient = weights[path].grad
        if gradient is not None:
            gradient.masked_fill_(where, 0.0)


def put_back(weights: Mapping[str, Tensor], zeros: Mapping[str, Tensor]) -> None:
    """Sets to zero what `zeros` say, whatever an optimiser made of it."""
    with torch.no_grad():
        for path, where in zeros.items():
            weights[path].masked_fill_(where, 0.0)
