"""Operations that move or drop numbers without computing new ones."""

from __future__ import annotations

from typing import ClassVar

from attrs import field, frozen

from archir.ir.primitive import Primitive, ShapeError, Types
from archir.ir.types import TensorType
from archir.ops.attributes import at_least, pair
from archir.ops.window import expect_map


@frozen
class Concat(Primitive):
    """Values of one height and width, their channels side by side."""

    name: ClassVar[str] = "concat"
    summary: ClassVar[str] = "channels side by side"
    arity: ClassVar[int | None] = None

    def infer(self, inputs: Types) -> TensorType:
        for x in inputs[1:]:
            if x.shape[1:] != inputs[0].shape[1:]:
                remedy = "bring them to one size first, for example with a `stride`"
                raise ShapeError(f"cannot concatenate {inputs[0]} and {x}: height and width differ; {remedy}")
        return TensorType((sum(x.channels for x in inputs), *inputs[0].shape[1:]))


@frozen
class Slice(Primitive):
    """A map without its first `top` rows and `left` columns."""

    name: ClassVar[str] = "slice"
    summary: ClassVar[str] = "a map without its first rows and columns"
    top: int = field(default=0, validator=at_least(0))
    left: int = field(default=0, validator=at_least(0))

    def infer(self, inputs: Types) -> TensorType:
        x = expect_map(inputs[0])
        if self.top >= x.height or self.left >= x.width:
            raise ShapeError(f"nothing of {x} is left without {self.top} rows and {self.left} columns; cut off less")
        return TensorType((x.channels, x.height - self.top, x.width - self.left))


@frozen
class ChannelShuffle(Primitive):
    """Channels dealt out anew, one of each group in turn, so that groups mix (ShuffleNet; Zhang et al., CVPR 2018)."""

    name: ClassVar[str] = "channel_shuffle"
    summary: ClassVar[str] = "channels of all groups in turn"
    groups: int = field(default=2, validator=at_least(1))

    def infer(self, inputs: Types) -> TensorType:
        x = expect_map(inputs[0])
        if x.channels % self.groups:
            raise ShapeError(
                f"{x.channels} channels do not divide into {self.groups} groups; choose `groups` that divide them"
            )
        return x


def zeros_for(source: TensorType, wanted: TensorType) -> Zero | None:
    """The zeros of a type that can be made from a value of another, or None: `Zero` keeps the channels."""
    if not source.is_map:
        return Zero() if source == wanted else None
    for rows in {1, -(-source.height // wanted.height)}:
        for columns in {1, -(-source.width // wanted.width)}:
            zero = Zero(stride=(rows, columns))
            if zero.infer((source,)) == wanted:
                return zero
    return None


@frozen
class Zero(Primitive):
    """Zeros in the shape of the operand, or of every `stride`-th row and column of it."""

    name: ClassVar[str] = "zero"
    summary: ClassVar[str] = "zeros in the shape of the operand"
    stride: tuple[int, int] = field(default=(1, 1), converter=pair, validator=at_least(1))

    def infer(self, inputs: Types) -> TensorType:
        x = inputs[0]
        if not x.is_map:
            return x
        return TensorType((x.channels, -(-x.height // self.stride[0]), -(-x.width // self.stride[1])))
