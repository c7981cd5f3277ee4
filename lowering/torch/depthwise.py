"""Depthwise convolutions whose backward the CPU library (oneDNN) runs fast.

Its forward is fast for all of them. Its gradient of the weights is fast up to 3 columns and without dilation, and
many times slower otherwise; its gradient of the input is slow with dilation. So, with the same result:

- the gradient of the input is a forward convolution with the kernel turned around;
- the gradient of the weights is taken by at most 3 columns at a time;
- a dilated convolution is d * d undilated ones on interleaved pixels: the gradient of its weights takes them
  as one batch; at stride d only one of them is left.
"""

from __future__ import annotations

from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from archir.ir.primitive import Types
from archir.lowering.torch.row import Runner
from archir.ops.conv import Conv

Pair: TypeAlias = tuple[int, int]
_COLUMNS = 3
_ONE: Pair = (1, 1)


def depthwise(p: Conv, inputs: Types) -> Runner | None:
    """What runs a convolution in another form than the library's own; None where that would not help."""
    assert p.pad is not None
    if not p.groups == p.out == inputs[0].channels or p.groups == 1 or p.bias:
        return None
    if p.dilation == _ONE:
        return partial(_on_cpu, pad=p.pad, stride=p.stride, dilation=_ONE) if p.k[1] > _COLUMNS else None
    if p.stride not in (_ONE, p.dilation) or any(pad % d for pad, d in zip(p.pad, p.dilation, strict=True)):
        return None
    return partial(_on_cpu, pad=p.pad, stride=p.stride, dilation=p.dilation)


def _on_cpu(x: Tensor, weight: Tensor, *, pad: Pair, stride: Pair, dilation: Pair) -> Tensor:
    if x.device.type != "cpu":
        return functional.conv2d(x, weight, None, stride, pad, dilation, len(weight))
    result: Tensor = _Depthwise.apply(x, weight, pad, stride, dilation)
    return result


class _Depthwise(torch.autograd.Function):
    """Gradients are written in functions that have gradients themselves, so there are second derivatives."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor, pad: Pair, stride: Pair, dilation: Pair) -> Tensor:
        return functional.conv2d(_read(x, stride, dilation), weight, None, *_how(pad, stride, dilation), len(weight))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004
        x, weight, *ctx.how = inputs
        ctx.save_for_backward(x, weight)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        pad, stride, dilation = ctx.how
        seen = _read(x, stride, dilation)
        g = g.contiguous(memory_format=_format(x))
        how = _how(pad, stride, dilation)
        by_x = by_weight = None
        if ctx.needs_input_grad[0]:
            by_x = _gradient_of_input(g, seen, weight, *how)
            if seen is not x:
                by_x = _spread(by_x, x, dilation)
        if ctx.needs_input_grad[1]:
            by_weight = _gradient_of_weight(g, seen, weight, *how)
        return by_x, by_weight, None, None, None


def _read(x: Tensor, stride: Pair, dilation: Pair) -> Tensor:
    """The pixels that are read: with dilation and stride d, those of one of the interleaved grids."""
    if dilation == _ONE or stride == _ONE:
        return x
    return x[:, :, :: dilation[0], :: dilation[1]].contiguous(memory_format=_format(x))


def _how(pad: Pair, stride: Pair, dilation: Pair) -> tuple[Pair, Pair, Pair]:
    """Stride, padding and dilation on the pixels of `_read`."""
    if dilation == _ONE or stride == _ONE:
        return stride, pad, dilation
    return _ONE, (pad[0] // dilation[0], pad[1] // dilation[1]), _ONE


def _spread(g: Tensor, x: Tensor, by: Pair) -> Tensor:
    """A gradient of `_read(x)` as one of x."""
    whole = torch.zeros_like(x)
    whole[:, :, :: by[0], :: by[1]] = g
    return whole


def _gradient_of_input(g: Tensor, x: Tensor, weight: Tensor, stride: Pair, pad: Pair, dilation: Pair) -> Tensor:
    reach = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    if stride != _ONE or any(p > r for p, r in zip(pad, reach, strict=True)):
        return _library(g, x, weight, stride, pad, dilation, (True, False))
    around = [r - p for r, p in zip(reach, pad, strict=True)]
    return functional.conv2d(g, weight.flip(2, 3), None, 1, around, dilation, len(weight))


def _gradient_of_weight(g: Tensor, x: Tensor, weight: Tensor, stride: Pair, pad: Pair, dilation: Pair) -> Tensor:
    if dilation != _ONE:
        x, g = _interleaved(x, dilation), _interleaved(g, dilation)
        pad = (pad[0] // dilation[0], pad[1] // dilation[1])
    columns = weight.shape[3]
    if columns <= _COLUMNS:
        return _library(g, x, weight, stride, pad, _ONE, (False, True))
    x = functional.pad(x, (pad[1], pad[1]))
    parts = []
    for first in range(0, columns, _COLUMNS):
        some = weight[..., first : first + _COLUMNS]
        width = (g.shape[3] - 1) * stride[1] + some.shape[3]
        parts.append(_library(g, x[..., first : first + width], some, stride, (pad[0], 0), _ONE, (False, True)))
    return torch.cat(parts, dim=3)


def _library(
    g: Tensor, x: Tensor, weight: Tensor, stride: Pair, pad: Pair, dilation: Pair, wanted: tuple[bool, bool]
) -> Tensor:
    found = torch.ops.aten.convolution_backward(
        g, x, weight, None, stride, pad, dilation, False, (0, 0), len(weight), (*wanted, False)
    )
    result: Tensor = found[0] if wanted[0] else found[1]
    return result


def _interleaved(x: Tensor, by: Pair) -> Tensor:
    """`[N, C, H, W]` to `[by * by * N, C, H / by, W / by]`: every `by`-th pixel together; odd sizes are filled up."""
    bottom, right = -x.shape[2] % by[0], -x.shape[3] % by[1]
    if bottom or right:
        x = functional.pad(x, (0, right, 0, bottom))
    return torch.cat([x[:, :, i :: by[0], j :: by[1]] for i in range(by[0]) for j in range(by[1])])


def _format(x: Tensor) -> torch.memory_format:
    return torch.channels_last if x.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
