"""Every primitive by its name."""

from __future__ import annotations

from archir.ir.primitive import Primitive
from archir.ops.conv import Conv, Linear
from archir.ops.layout import ChannelShuffle, Concat, Slice, Zero
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Add, Dropout, Mul, Relu, Relu6, Scale, ScaleChannels, Sigmoid, Swish
from archir.ops.pool import AvgPool, GlobalAvgPool, MaxPool

_CLASSES: tuple[type[Primitive], ...] = (
    Conv, Linear, BatchNorm, Relu, Relu6, Sigmoid, Swish, Dropout, MaxPool, AvgPool, GlobalAvgPool,
    Add, Mul, Scale, ScaleChannels, Concat, Slice, ChannelShuffle, Zero,
)  # fmt: skip

PRIMITIVES: dict[str, type[Primitive]] = {c.name: c for c in _CLASSES}


def primitive_class(name: str) -> type[Primitive]:
    """The class of a primitive; KeyError if there is none of that name."""
    return PRIMITIVES[name]
