"""One row for each primitive: how ONNX (operator set 17) says the same.

A row adds nodes for one step and returns the name of the value that holds the
result. Windows mean the same on both sides: floor of the size, symmetric
padding, padding of a max pool below every number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from attrs import frozen

from archir.ir.primitive import Primitive
from archir.lowering.flatten import Step
from archir.lowering.onnx.builder import Builder
from archir.lowering.weights import Array
from archir.ops.conv import Conv, Linear
from archir.ops.layout import ChannelShuffle, Concat, Slice, Zero
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Add, Dropout, Mul, Relu, Relu6, Scale, ScaleChannels, Sigmoid, Swish
from archir.ops.pool import AvgPool, GlobalAvgPool, MaxPool


@frozen
class Site:
    """Where a row works: the step, the values of its operands, and all weights by path."""

    build: Builder
    step: Step
    operands: tuple[str, ...]
    weights: Mapping[str, Array]

    def emit(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """One node named after the step; its result is the step's."""
        return self.build.emit(operator, inputs, self.step.path, self.step.type, **attributes)

    def weight(self, name: str) -> str:
        """One of the step's own weights."""
        path = f"{self.step.path}.{name}"
        return self.build.weight(path, self.weights[path])


Row: TypeAlias = Callable[[Site, Any], str]


def conv(at: Site, p: Conv) -> str:
    """Conv."""
    assert p.pad is not None, "convolutions in the IR are resolved"
    own = (at.weight("weight"), at.weight("bias")) if p.bias else (at.weight("weight"),)
    window = {"kernel_shape": p.k, "strides": p.stride, "pads": p.pad * 2, "dilations": p.dilation}
    return at.emit("Conv", *at.operands, *own, **window, group=p.groups)


def linear(at: Site, p: Linear) -> str:
    """Gemm with the kernel transposed."""
    own = (at.weight("weight"), at.weight("bias")) if p.bias else (at.weight("weight"),)
    return at.emit("Gemm", *at.operands, *own, transB=1)


def batch_norm(at: Site, p: BatchNorm) -> str:
    """BatchNormalization with stored statistics; without its own it scales by one and shifts by zero."""
    if p.scales:
        scale, shift = at.weight("weight"), at.weight("bias")
    else:
        channels = at.step.type.channels
        scale = at.build.constant(f"ones/{channels}", np.ones(channels, np.float32))
        shift = at.build.constant(f"zeros/{channels}", np.zeros(channels, np.float32))
    statistics = at.weight("running_mean"), at.weight("running_var")
    return at.emit("BatchNormalization", *at.operands, scale, shift, *statistics, epsilon=p.eps)


def relu(at: Site, _p: Relu) -> str:
    """Relu."""
    return at.emit("Relu", *at.operands)


def relu6(at: Site, _p: Relu6) -> str:
    """Clip to 0 and 6."""
    return at.emit("Clip", *at.operands, at.build.scalar(0.0), at.build.scalar(6.0))


def sigmoid(at: Site, _p: Sigmoid) -> str:
    """Sigmoid."""
    return at.emit("Sigmoid", *at.operands)


def swish(at: Site, _p: Swish) -> str:
    """Mul by Sigmoid: operator set 17 has no Swish."""
    (x,) = at.operands
    return at.emit("Mul", x, at.build.emit("Sigmoid", at.operands, f"{at.step.path}.sigmoid", at.step.type))


def dropout(at: Site, _p: Dropout) -> str:
    """Nothing: the model is for inference."""
    return at.operands[0]


def max_pool(at: Site, p: MaxPool) -> str:
    """MaxPool."""
    return at.emit("MaxPool", *at.operands, kernel_shape=p.k, strides=p.stride, pads=p.pad * 2)


def avg_pool(at: Site, p: AvgPool) -> str:
    """AveragePool."""
    window = {"kernel_shape": p.k, "strides": p.stride, "pads": p.pad * 2}
    return at.emit("AveragePool", *at.operands, **window, count_include_pad=int(p.count_pad))


def global_avg_pool(at: Site, _p: GlobalAvgPool) -> str:
    """GlobalAveragePool, which keeps two dimensions of one, then Flatten."""
    pooled = at.build.emit("GlobalAveragePool", at.operands, f"{at.step.path}.mean", None)
    return at.emit("Flatten", pooled, axis=1)


def add(at: Site, _p: Add) -> str:
    """A chain of Add: ONNX's Sum does not promise an order."""
    total = at.operands[0]
    for i, term in enumerate(at.operands[1:-1], start=1):
        total = at.build.emit("Add", (total, term), f"{at.step.path}.{i}", at.step.type)
    return at.emit("Add", total, at.operands[-1]) if len(at.operands) > 1 else total


def mul(at: Site, _p: Mul) -> str:
    """Mul."""
    return at.emit("Mul", *at.operands)


def scale(at: Site, p: Scale) -> str:
    """Mul by a constant."""
    return at.emit("Mul", *at.operands, at.build.scalar(p.factor))


def scale_channels(at: Site, _p: ScaleChannels) -> str:
    """Mul by the vector with two dimensions of one behind it."""
    x, factors = at.operands
    spread = at.build.emit("Unsqueeze", (factors, at.build.integers(2, 3)), f"{at.step.path}.factors", None)
    return at.emit("Mul", x, spread)


def concat(at: Site, _p: Concat) -> str:
    """Concat of channels."""
    return at.emit("Concat", *at.operands, axis=1) if len(at.operands) > 1 else at.operands[0]


def crop(at: Site, p: Slice) -> str:
    """Slice of rows and columns."""
    (x,) = at.step.inputs
    starts, ends, axes = (p.top, p.left), (x.height, x.width), (2, 3)
    return at.emit("Slice", *at.operands, *(at.build.integers(*v) for v in (starts, ends, axes)))


def channel_shuffle(at: Site, p: ChannelShuffle) -> str:
    """Reshape, Transpose, Reshape; a 0 in a shape keeps the batch as it is."""
    channels, height, width = at.step.type.shape
    split = at.build.integers(0, p.groups, channels // p.groups, height, width)
    grouped = at.build.emit("Reshape", (*at.operands, split), f"{at.step.path}.grouped", None)
    turned = at.build.emit("Transpose", (grouped,), f"{at.step.path}.turned", None, perm=(0, 2, 1, 3, 4))
    return at.emit("Reshape", turned, at.build.integers(0, channels, height, width))


def zero(at: Site, _p: Zero) -> str:
    """ConstantOfShape.

    Zeros must be zeros even where the operand is infinite, so it gives nothing
    to them; the batch size is that of the net's input.
    """
    return at.emit("ConstantOfShape", at.build.shape(at.step.type))


ROWS: dict[type[Primitive], Row] = {
    Conv: conv,
    Linear: linear,
    BatchNorm: batch_norm,
    Relu: relu,
    Relu6: relu6,
    Sigmoid: sigmoid,
    Swish: swish,
    Dropout: dropout,
    MaxPool: max_pool,
    AvgPool: avg_pool,
    GlobalAvgPool: global_avg_pool,
    Add: add,
    Mul: mul,
    Scale: scale,
    ScaleChannels: scale_channels,
    Concat: concat,
    Slice: crop,
    ChannelShuffle: channel_shuffle,
    Zero: zero,
}
