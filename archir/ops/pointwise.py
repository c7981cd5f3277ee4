"""Operations on each number by itself."""

from __future__ import annotations

from typing import ClassVar

from attrs import field, frozen

from archir.ir.primitive import Primitive, ShapeError, Types
from archir.ir.types import TensorType
from archir.ops.attributes import number


@frozen
class _Activation(Primitive):
    def infer(self, inputs: Types) -> TensorType:
        return inputs[0]


@frozen
class Relu(_Activation):
    """max(x, 0)."""

    name: ClassVar[str] = "relu"
    summary: ClassVar[str] = "max(x, 0)"


@frozen
class Relu6(_Activation):
    """min(max(x, 0), 6)."""

    name: ClassVar[str] = "relu6"
    summary: ClassVar[str] = "min(max(x, 0), 6)"


@frozen
class Sigmoid(_Activation):
    """1 / (1 + exp(-x))."""

    name: ClassVar[str] = "sigmoid"
    summary: ClassVar[str] = "1 / (1 + exp(-x))"


@frozen
class Swish(_Activation):
    """x * sigmoid(x)."""

    name: ClassVar[str] = "swish"
    summary: ClassVar[str] = "x * sigmoid(x)"


def _below_one(_instance: object, _attribute: object, value: float) -> None:
    if not 0 <= value < 1:
        raise ValueError(f"`rate` must be at least 0 and below 1, found {value!r}")


@frozen
class Dropout(_Activation):
    """While training, each number is zero with probability `rate`, the others grow to keep the mean; else x itself."""

    name: ClassVar[str] = "dropout"
    summary: ClassVar[str] = "zeros at random while training, x itself afterwards"
    rate: float = field(default=0.5, converter=number, validator=_below_one)


@frozen
class Scale(_Activation):
    """A constant times x."""

    name: ClassVar[str] = "scale"
    summary: ClassVar[str] = "a constant times x"
    factor: float = field(default=1.0, converter=float)


@frozen
class Add(Primitive):
    """Sum of values of one type, added from left to right."""

    name: ClassVar[str] = "add"
    summary: ClassVar[str] = "sum of values of one type"
    arity: ClassVar[int | None] = None

    def infer(self, inputs: Types) -> TensorType:
        for x in inputs[1:]:
            if x != inputs[0]:
                raise ShapeError(
                    f"cannot add {inputs[0]} and {x}; bring them to one type first, for example with `conv`"
                )
        return inputs[0]


@frozen
class Mul(Primitive):
    """Product of two values of one type."""

    name: ClassVar[str] = "mul"
    summary: ClassVar[str] = "product of two values of one type"
    arity: ClassVar[int | None] = 2

    def infer(self, inputs: Types) -> TensorType:
        if inputs[0] != inputs[1]:
            raise ShapeError(
                f"cannot multiply {inputs[0]} and {inputs[1]}; bring them to one type first, for example with `conv`"
            )
        return inputs[0]


@frozen
class ScaleChannels(Primitive):
    """Each channel of a map times its own number (squeeze-and-excitation; Hu et al., CVPR 2018).

    A primitive of its own rather than a `mul` that broadcasts: nothing in archir changes shape by itself.
    """

    name: ClassVar[str] = "scale_channels"
    summary: ClassVar[str] = "a map, each channel times its number in a vector"
    arity: ClassVar[int | None] = 2

    def infer(self, inputs: Types) -> TensorType:
        x, factors = inputs
        if not x.is_map or factors.is_map or x.channels != factors.channels:
            raise ShapeError(
                f"needs a map and a vector of as many numbers as it has channels, found {x} and {factors}; "
                "bring them to that form, for example with `global_avg_pool` and `linear`"
            )

        return x
