"""Row of batch normalisation."""

from __future__ import annotations

from torch import nn

from archir.ir.primitive import Primitive, Types
from archir.lowering.torch.row import Row
from archir.ops.norm import BatchNorm


def batch_norm(p: BatchNorm, inputs: Types) -> nn.BatchNorm2d:
    """Keeps the shape `[N, C, H, W]`."""
    return nn.BatchNorm2d(inputs[0].channels, eps=p.eps, momentum=p.momentum, affine=p.scales)


ROWS: dict[type[Primitive], Row] = {BatchNorm: batch_norm}
