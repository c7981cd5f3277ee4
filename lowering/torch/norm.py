"""Row of batch normalisation, and the one function through which every batch norm goes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from archir.ir.primitive import Primitive, Types
from archir.lowering.torch.collective import all_rows, all_sum, is_shared
from archir.lowering.torch.row import Row
from archir.ops.norm import BatchNorm


def batch_norm(
    x: Tensor, running_mean: Tensor, running_var: Tensor, weight: Tensor | None, bias: Tensor | None,
    training: bool, momentum: float, eps: float,
) -> Tensor:  # fmt: skip
    """`functional.batch_norm` over `[N, C, H, W]`, also where several processes share the batch.

    Then mean and variance are those of the whole batch, and so is the gradient of the input; the
    gradients of weight and bias are this process' part of a sum. A process may hold no image at all.
    """
    if not training or not is_shared():
        return functional.batch_norm(x, running_mean, running_var, weight, bias, training, momentum, eps)
    normalized: Tensor
    normalized, mean, var, count = _Synchronized.apply(x, eps)
    with torch.no_grad():
        running_mean.lerp_(mean, momentum)
        running_var.lerp_(var * (count / (count - 1)), momentum)
    if weight is None or bias is None:
        return normalized
    return torch.addcmul(bias[:, None, None], normalized, weight[:, None, None])


class _Synchronized(torch.autograd.Function):
    """(x - mean) / sqrt(var + eps) by the mean and variance of all processes.

    `nn.SyncBatchNorm` does the same, but on GPUs only. One exchange a direction: counts, means and
    squared deviations forward (put together as by Chan et al., 1979, which does not cancel as the
    mean of squares does), two sums backward.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        axes, channels = (0, 2, 3), x.shape[1]
        count = x.numel() // channels
        if count:
            var, mean = torch.var_mean(x, axes, correction=0)
        else:
            var, mean = x.new_zeros(channels), x.new_zeros(channels)
        rows = all_rows(torch.cat([x.new_tensor([count]), mean, var]))
        counts, means, variances = rows[:, :1], rows[:, 1 : channels + 1], rows[:, channels + 1 :]
        total = counts.sum()
        mean = (counts * means).sum(0) / total
        var = (counts * (variances + (means - mean) ** 2)).sum(0) / total
        scale = (var + eps).rsqrt()
        normalized = (x - mean[:, None, None]) * scale[:, None, None]
        ctx.save_for_backward(normalized, scale, total)
        ctx.mark_non_differentiable(mean, var, total)
        return normalized, mean, var, total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor, *_: Tensor) -> tuple[Tensor, None]:
        normalized, scale, total = ctx.saved_tensors
        sums = all_sum(torch.stack([slope.sum((0, 2, 3)), (slope * normalized).sum((0, 2, 3))])) / total
        centred = slope - sums[0][:, None, None] - normalized * sums[1][:, None, None]
        return centred * scale[:, None, None], None


class Norm(nn.BatchNorm2d):
    """Batch normalisation by `batch_norm`."""

    running_mean: Tensor
    running_var: Tensor
    momentum: float

    def forward(self, x: Tensor) -> Tensor:
        """Keeps the shape `[N, C, H, W]`."""
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        return batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training, self.momentum, self.eps
        )


def norm(p: BatchNorm, inputs: Types) -> Norm:
    """Keeps the shape `[N, C, H, W]`."""
    return Norm(inputs[0].channels, eps=p.eps, momentum=p.momentum, affine=p.scales)


ROWS: dict[type[Primitive], Row] = {BatchNorm: norm}
