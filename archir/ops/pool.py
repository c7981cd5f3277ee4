"""Pooling."""

from __future__ import annotations

from typing import ClassVar

from attrs import field, frozen

from archir.ir.primitive import Primitive, ShapeError, Types
from archir.ir.types import TensorType
from archir.ops.attributes import at_least, flag, pair
from archir.ops.window import expect_map, window_size


@frozen
class _Pool(Primitive):
    k: tuple[int, int] = field(default=(3, 3), converter=pair, validator=at_least(1))
    stride: tuple[int, int] = field(default=(1, 1), converter=pair, validator=at_least(1))
    pad: tuple[int, int] = field(default=(0, 0), converter=pair, validator=at_least(0))

    def infer(self, inputs: Types) -> TensorType:
        x = expect_map(inputs[0])
        if any(2 * margin > taps for margin, taps in zip(self.pad, self.k, strict=True)):
            raise ShapeError(
                f"a padding of {max(self.pad)} is more than half the window of {max(self.k)}; use a smaller `pad`"
            )
        return TensorType((x.channels, *window_size(x, self.k, self.stride, self.pad)))


@frozen
class MaxPool(_Pool):
    """Largest value in each window."""

    name: ClassVar[str] = "max_pool"
    summary: ClassVar[str] = "largest value in each window"


@frozen
class AvgPool(_Pool):
    """Mean of each window; `count_pad` says whether padding counts as zeros."""

    name: ClassVar[str] = "avg_pool"
    summary: ClassVar[str] = "mean of each window"
    count_pad: bool = field(default=True, converter=flag)


@frozen
class GlobalAvgPool(Primitive):
    """Mean over height and width: a map becomes a vector."""

    name: ClassVar[str] = "global_avg_pool"
    summary: ClassVar[str] = "mean over height and width"

    def infer(self, inputs: Types) -> TensorType:
        return TensorType((expect_map(inputs[0]).channels,))
