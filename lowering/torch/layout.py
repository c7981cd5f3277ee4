"""Rows of the operations that move or drop numbers."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from archir.ir.primitive import Primitive, Types
from archir.lowering.torch.row import Row, Runner, always
from archir.ops.layout import ChannelShuffle, Concat, Slice, Zero


def _concat(*xs: Tensor) -> Tensor:
    """Channels side by side."""
    return torch.cat(xs, dim=1)


def _slice(x: Tensor, top: int, left: int) -> Tensor:
    return x[:, :, top:, left:]


def slice_(p: Slice, _inputs: Types, _training: bool) -> Runner:
    """Without the first rows and columns."""
    return partial(_slice, top=p.top, left=p.left)


def channel_shuffle(p: ChannelShuffle, _inputs: Types, _training: bool) -> Runner:
    """Channels of all groups in turn."""
    return partial(functional.channel_shuffle, groups=p.groups)


def zeros(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Zeros `[N, *shape]` for a batch like that of x."""
    return x.new_zeros((x.shape[0], *shape))


def zero(p: Zero, inputs: Types, _training: bool) -> Runner:
    """Zeros in the shape of the result, whatever the operand holds."""
    return partial(zeros, shape=p.infer(inputs).shape)


ROWS: dict[type[Primitive], Row] = {
    Concat: always(_concat),
    Slice: Row(slice_),
    ChannelShuffle: Row(channel_shuffle),
    Zero: Row(zero),
}
