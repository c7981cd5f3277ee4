"""Rows of the pools."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from archir.ir.primitive import Primitive, Types
from archir.lowering.torch.row import Row, Runner
from archir.ops.pool import AvgPool, GlobalAvgPool, MaxPool


def max_pool(p: MaxPool, _inputs: Types) -> Runner:
    """Largest value in each window; padding never wins."""
    return partial(functional.max_pool2d, kernel_size=p.k, stride=p.stride, padding=p.pad)


def avg_pool(p: AvgPool, _inputs: Types) -> Runner:
    """Mean of each window."""
    return partial(
        functional.avg_pool2d, kernel_size=p.k, stride=p.stride, padding=p.pad, count_include_pad=p.count_pad
    )


def _mean(x: Tensor) -> Tensor:
    return torch.mean(x, dim=(2, 3))


def global_avg_pool(_p: GlobalAvgPool, _inputs: Types) -> Runner:
    """`[N, C, H, W]` to `[N, C]`."""
    return _mean


ROWS: dict[type[Primitive], Row] = {MaxPool: max_pool, AvgPool: avg_pool, GlobalAvgPool: global_avg_pool}
