"""Rows of the pools."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from archir.ir.primitive import Primitive, Types
from archir.lowering.torch.row import Row, Runner, always
from archir.ops.pool import AvgPool, GlobalAvgPool, MaxPool


def max_pool(p: MaxPool, _inputs: Types, _training: bool) -> Runner:
    """Largest value in each window; padding never wins."""
    return partial(functional.max_pool2d, kernel_size=p.k, stride=p.stride, padding=p.pad)


def avg_pool(p: AvgPool, _inputs: Types, _training: bool) -> Runner:
    """Mean of each window."""
    return partial(
        functional.avg_pool2d, kernel_size=p.k, stride=p.stride, padding=p.pad, count_include_pad=p.count_pad
    )


def _mean(x: Tensor) -> Tensor:
    """`[N, C, H, W]` to `[N, C]`."""
    return torch.mean(x, dim=(2, 3))


ROWS: dict[type[Primitive], Row] = {
    MaxPool: Row(max_pool),
    AvgPool: Row(avg_pool),
    GlobalAvgPool: always(_mean),
}
