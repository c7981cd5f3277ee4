"""Rows of the operations on each number by itself."""

from __future__ import annotations

from functools import partial, reduce

import torch
from torch import Tensor
from torch.nn import functional

from archir.ir.primitive import Primitive, Types
from archir.lowering.torch.row import Row, Runner, always
from archir.ops.pointwise import Add, Mul, Relu, Relu6, Scale, ScaleChannels, Sigmoid, Swish


def scale(p: Scale, _inputs: Types, _training: bool) -> Runner:
    """A constant times x."""
    return partial(torch.mul, other=p.factor)


def _sum(*xs: Tensor) -> Tensor:
    """The sum, from left to right."""
    return reduce(torch.add, xs)


def _scaled(x: Tensor, factors: Tensor) -> Tensor:
    """`[N, C, H, W]` times `[N, C]`."""
    return x * factors[:, :, None, None]


ROWS: dict[type[Primitive], Row] = {
    Relu: always(functional.relu),
    Relu6: always(functional.relu6),
    Sigmoid: always(torch.sigmoid),
    Swish: always(functional.silu),
    Scale: Row(scale),
    Add: always(_sum),
    Mul: always(torch.mul),
    ScaleChannels: always(_scaled),
}
