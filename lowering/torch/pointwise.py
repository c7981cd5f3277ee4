"""Rows of the operations on each number by itself."""

from __future__ import annotations

from functools import partial, reduce

import torch
from torch import Tensor
from torch.nn import functional

from archir.ir.primitive import Primitive, Types
from archir.lowering.torch.row import Row, Runner
from archir.ops.pointwise import Add, Mul, Relu, Relu6, Scale, ScaleChannels, Sigmoid, Swish


def relu(_p: Relu, _inputs: Types) -> Runner:
    """max(x, 0)."""
    return functional.relu


def relu6(_p: Relu6, _inputs: Types) -> Runner:
    """min(max(x, 0), 6)."""
    return functional.relu6


def sigmoid(_p: Sigmoid, _inputs: Types) -> Runner:
    """1 / (1 + exp(-x))."""
    return torch.sigmoid


def swish(_p: Swish, _inputs: Types) -> Runner:
    """Swish, which PyTorch calls SiLU."""
    return functional.silu


def scale(p: Scale, _inputs: Types) -> Runner:
    """A constant times x."""
    return partial(torch.mul, other=p.factor)


def _sum(*xs: Tensor) -> Tensor:
    return reduce(torch.add, xs)


def add(_p: Add, _inputs: Types) -> Runner:
    """The sum, from left to right."""
    return _sum


def mul(_p: Mul, _inputs: Types) -> Runner:
    """The product."""
    return torch.mul


def _scaled(x: Tensor, factors: Tensor) -> Tensor:
    return x * factors[:, :, None, None]


def scale_channels(_p: ScaleChannels, _inputs: Types) -> Runner:
    """`[N, C, H, W]` times `[N, C]`."""
    return _scaled


ROWS: dict[type[Primitive], Row] = {
    Relu: relu,
    Relu6: relu6,
    Sigmoid: sigmoid,
    Swish: swish,
    Scale: scale,
    Add: add,
    Mul: mul,
    ScaleChannels: scale_channels,
}
