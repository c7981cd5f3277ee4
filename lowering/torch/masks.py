"""Masks of ones and zeros that learn: on gates, and on kernels."""

from __future__ import annotations

from functools import partial

from torch import Tensor, nn

from archir.ir.gates import as_float32
from archir.ir.graph import WeightMask
from archir.ir.primitive import MASK, Primitive, Types
from archir.lowering.torch.row import Runner


def step(mask: Tensor, threshold: float) -> Tensor:
    """1 where the mask reaches the threshold, else 0; its gradient is the mask's, unchanged (HM-NAS, section 3.3)."""
    reached = (mask.detach() >= as_float32(threshold)).to(mask.dtype)
    return reached + (mask - mask.detach())  # the difference is zero, and passes the gradient


def own_masks(owner: nn.Module, primitive: Primitive, inputs: Types, mask: WeightMask) -> None:
    """Puts a mask beside each kernel that a module owns."""
    for weight in primitive.weights(inputs):
        if weight.is_kernel:
            kernel = owner.get_parameter(weight.name)
            owner.register_parameter(weight.mask_name, nn.Parameter(kernel.new_full(weight.shape, mask.start)))


def masked_runner(run: Runner, primitive: Primitive, inputs: Types, mask: WeightMask) -> tuple[Runner, tuple[str, ...]]:
    """What runs a primitive with masked kernels, and the names of the masks, which it takes behind the weights."""
    weights = primitive.weights(inputs)
    kernels = tuple(i for i, w in enumerate(weights) if w.is_kernel)
    names = tuple(weights[i].mask_name for i in kernels)
    return partial(_run, run=run, kernels=kernels, first=len(inputs), threshold=mask.threshold), names


def _run(*tensors: Tensor, run: Runner, kernels: tuple[int, ...], first: int, threshold: float) -> Tensor:
    given, masks = list(tensors[: -len(kernels)]), tensors[-len(kernels) :]
    for place, mask in zip(kernels, masks, strict=True):
        given[first + place] = given[first + place] * step(mask, threshold)
    return run(*given)


def is_mask(path: str) -> bool:
    """Whether a tensor of an operation is a mask."""
    return path.endswith(MASK)
