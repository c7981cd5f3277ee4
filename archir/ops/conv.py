"""Convolution and linear layers: the primitives with weights that cost multiply-adds."""

from __future__ import annotations

from typing import ClassVar, Self

from attrs import evolve, field, frozen

from archir.ir.primitive import Primitive, ShapeError, Types, Weight
from archir.ir.types import TensorType
from archir.ops.attributes import at_least, flag, optional_pair, pair
from archir.ops.window import expect_map, window_size


@frozen
class Conv(Primitive):
    """2-d convolution. `pad` defaults to what keeps the size at stride 1."""

    name: ClassVar[str] = "conv"
    summary: ClassVar[str] = "2-d convolution"
    out: int | None = field(default=None, validator=at_least(1))
    k: tuple[int, int] = field(default=(1, 1), converter=pair, validator=at_least(1))
    stride: tuple[int, int] = field(default=(1, 1), converter=pair, validator=at_least(1))
    pad: tuple[int, int] | None = field(default=None, converter=optional_pair, validator=at_least(0))
    dilation: tuple[int, int] = field(default=(1, 1), converter=pair, validator=at_least(1))
    groups: int = field(default=1, validator=at_least(1))
    bias: bool = field(default=False, converter=flag)

    def resolve(self, inputs: Types) -> Self:
        if self.out is not None and self.pad is not None:
            return self
        same = tuple((k - 1) * d // 2 for k, d in zip(self.k, self.dilation, strict=True))
        return evolve(
            self,
            out=inputs[0].channels if self.out is None else self.out,
            pad=same if self.pad is None else self.pad,
        )

    def infer(self, inputs: Types) -> TensorType:
        x = expect_map(inputs[0])
        full = self.resolve(inputs)
        assert full.out is not None
        assert full.pad is not None
        if x.channels % self.groups or full.out % self.groups:
            channels = f"{x.channels} input and {full.out} output channels"
            raise ShapeError(f"{channels} do not divide into {self.groups} groups; choose `groups` that divide both")
        return TensorType((full.out, *window_size(x, self.k, self.stride, full.pad, self.dilation)))

    def weights(self, inputs: Types) -> tuple[Weight, ...]:
        out = self.infer(inputs).channels
        kernel = Weight("weight", (out, inputs[0].channels // self.groups, *self.k))
        return (kernel, Weight("bias", (out,))) if self.bias else (kernel,)

    def macs(self, inputs: Types) -> int:
        y = self.infer(inputs)
        return y.elements * (inputs[0].channels // self.groups) * self.k[0] * self.k[1]


@frozen
class Linear(Primitive):
    """Fully connected layer on a vector."""

    name: ClassVar[str] = "linear"
    summary: ClassVar[str] = "fully connected layer"
    out: int = field(default=1, validator=at_least(1))
    bias: bool = field(default=True, converter=flag)

    def infer(self, inputs: Types) -> TensorType:
        if inputs[0].is_map:
            raise ShapeError(f"needs a vector, found {inputs[0]}; put `global_avg_pool` before it")
        return TensorType((self.out,))

    def weights(self, inputs: Types) -> tuple[Weight, ...]:
        kernel = Weight("weight", (self.out, inputs[0].channels))
        return (kernel, Weight("bias", (self.out,))) if self.bias else (kernel,)

    def macs(self, inputs: Types) -> int:
        return self.out * inputs[0].channels
