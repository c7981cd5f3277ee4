"""Rows of the convolution and the linear layer."""

from __future__ import annotations

from torch import nn

from archir.ir.primitive import Primitive, Types
from archir.lowering.torch.row import Row
from archir.ops.conv import Conv, Linear


def conv(p: Conv, inputs: Types) -> nn.Conv2d:
    """`[N, C, H, W]` to `[N, out, H', W']`."""
    full = p.resolve(inputs)
    assert full.out is not None
    assert full.pad is not None
    return nn.Conv2d(
        inputs[0].channels, full.out, full.k, full.stride, full.pad, full.dilation, full.groups, bias=full.bias
    )


def linear(p: Linear, inputs: Types) -> nn.Linear:
    """`[N, features]` to `[N, out]`."""
    return nn.Linear(inputs[0].channels, p.out, bias=p.bias)


ROWS: dict[type[Primitive], Row] = {Conv: conv, Linear: linear}
