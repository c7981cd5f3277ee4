"""Rows of the convolution and the linear layer."""

from __future__ import annotations

from functools import partial

from torch import Tensor, nn
from torch.nn import functional

from archir.ir.primitive import Primitive, Types
from archir.lowering.torch.row import Row, Runner
from archir.ops.conv import Conv, Linear


def _convolve(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, *, stride: tuple[int, int], padding: tuple[int, int],
    dilation: tuple[int, int], groups: int,
) -> Tensor:  # fmt: skip
    return functional.conv2d(x, weight, bias, stride, padding, dilation, groups)


def conv(p: Conv, _inputs: Types, _training: bool) -> Runner:
    """`[N, C, H, W]` to `[N, out, H', W']`."""
    assert p.pad is not None
    return partial(_convolve, stride=p.stride, padding=p.pad, dilation=p.dilation, groups=p.groups)


def _own_conv(p: Conv, inputs: Types) -> nn.Conv2d:
    full = p.resolve(inputs)
    assert full.out is not None
    assert full.pad is not None
    return nn.Conv2d(
        inputs[0].channels, full.out, full.k, full.stride, full.pad, full.dilation, full.groups, bias=full.bias
    )


def linear(_p: Linear, _inputs: Types, _training: bool) -> Runner:
    """`[N, features]` to `[N, out]`."""
    return functional.linear


def _own_linear(p: Linear, inputs: Types) -> nn.Linear:
    return nn.Linear(inputs[0].channels, p.out, bias=p.bias)


ROWS: dict[type[Primitive], Row] = {Conv: Row(conv, _own_conv), Linear: Row(linear, _own_linear)}
