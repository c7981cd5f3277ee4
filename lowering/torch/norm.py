"""Batch normalisation: the one place where it is computed, and its statistics are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from archir.ir.primitive import Primitive, Types
from archir.lowering.torch.collective import all_rows, all_sum, is_shared
from archir.lowering.torch.row import Row
from archir.ops.norm import BatchNorm

_NARROW = 8
"""Below this many channels, batch norm on a CPU is faster plane by plane, both copies counted: it vectorizes over what
lies side by side. 4 channels, 32x32, batch 64, forward and backward: 0.6 against 3.3 ms."""


class Running(NamedTuple):
    """The buffers of one batch normalisation: mean and variance `[C]`, and the number of batches."""

    mean: Tensor
    var: Tensor
    batches: Tensor


class Update(NamedTuple):
    """What one batch makes of running statistics: mean and var `[C]` are the new ones of the first of `owners`.

    All owners saw the same batch. They need not have been equal before it.
    """

    owners: tuple[Running, ...]
    mean: Tensor
    var: Tensor
    momentum: float


def normalise_batch(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, owners: tuple[Running, ...], p: BatchNorm
) -> tuple[Tensor, Update]:
    """`[N, C, H, W]` normalised over (N, H, W), and what becomes of running statistics. Nothing is written.

    Statistics of several processes that share a batch are put together (`batch_norm`).
    weight: `[C]`. It must be contiguous: on a CPU, with channels last, an expanded one gives a right output and
        a wrong gradient of `x` (seen in PyTorch 2.14).
    """
    assert weight is None or weight.is_contiguous()
    mean, var = owners[0].mean.clone(), owners[0].var.clone()
    planes = x.shape[1] < _NARROW and x.is_contiguous(memory_format=torch.channels_last) and not x.is_cuda
    y = batch_norm(x.contiguous() if planes else x, mean, var, weight, bias, momentum=p.momentum, eps=p.eps)
    if planes:
        y = y.contiguous(memory_format=torch.channels_last)
    return y, Update(owners, mean, var, p.momentum)


def normalise_with(x: Tensor, weight: Tensor | None, bias: Tensor | None, running: Running, p: BatchNorm) -> Tensor:
    """`[N, C, H, W]` normalised with running statistics."""
    return functional.batch_norm(x, running.mean, running.var, weight, bias, training=False, eps=p.eps)


@torch.no_grad()
def follow(updates: Iterable[Update]) -> None:
    """Moves running statistics: once for each normalisation and step."""
    own: list[Tensor] = []
    new: list[Tensor] = []
    batches: list[Tensor] = []
    for update in updates:
        first, *others = update.owners
        own += [first.mean, first.var]
        new += [update.mean, update.var]
        for other in others:  # (1 - m) * old + m * batch, from the same of the first
            own += [other.mean, other.var]
            new.append(update.mean.add(other.mean - first.mean, alpha=1 - update.momentum))
            new.append(update.var.add(other.var - first.var, alpha=1 - update.momentum))
        batches += [owner.batches for owner in update.owners]
    if own:
        torch._foreach_copy_(own, new)
        torch._foreach_add_(batches, 1)


def batch_norm(
    x: Tensor, running_mean: Tensor, running_var: Tensor, weight: Tensor | None, bias: Tensor | None,
    *, momentum: float, eps: float,
) -> Tensor:  # fmt: skip
    """`functional.batch_norm` while training, over `[N, C, H, W]`, also where several processes share the batch.

    Then mean and variance are those of the whole batch, and so is the gradient of the input; the
    gradients of weight and bias are this process' part of a sum. A process may hold no image at all.
    """
    if not is_shared():
        return functional.batch_norm(x, running_mean, running_var, weight, bias, True, momentum, eps)
    normalized: Tensor
    normalized, mean, var, count = _Synchronized.apply(x, eps)
    with torch.no_grad():
        running_mean.lerp_(mean, momentum)
        running_var.lerp_(var * (count / (count - 1)), momentum)
    if weight is None:
        return normalized
    if bias is None:
        return normalized * weight[:, None, None]
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
        ctx.save_for_backward(x, mean, scale, total)  # not the result, which a plan may add to in place
        ctx.mark_non_differentiable(mean, var, total)
        return normalized, mean, var, total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor, *_: Tensor) -> tuple[Tensor, None]:
        x, mean, scale, total = ctx.saved_tensors
        normalized = (x - mean[:, None, None]) * scale[:, None, None]
        sums = all_sum(torch.stack([slope.sum((0, 2, 3)), (slope * normalized).sum((0, 2, 3))])) / total
        centred = slope - sums[0][:, None, None] - normalized * sums[1][:, None, None]
        return centred * scale[:, None, None], None


def _own_batch_norm(p: BatchNorm, inputs: Types) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(inputs[0].channels, eps=p.eps, momentum=p.momentum, affine=p.scales)


ROWS: dict[type[Primitive], Row] = {BatchNorm: Row(None, _own_batch_norm)}
