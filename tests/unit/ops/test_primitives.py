"""Shape rules, weights and costs, against numbers worked out by hand; and what is refused."""

from __future__ import annotations

import pytest

from archir.ir.primitive import Primitive, ShapeError
from archir.ir.types import TensorType
from archir.ops import PRIMITIVES, primitive_class
from archir.ops.conv import Conv, Linear
from archir.ops.layout import Concat, Slice, Zero, zeros_for
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Add, Mul, Scale
from archir.ops.pool import AvgPool, GlobalAvgPool, MaxPool


def t(*shape: int) -> TensorType:
    return TensorType(shape)


@pytest.mark.parametrize(
    ("primitive", "inputs", "result", "parameters", "macs"),
    [
        (Conv(out=16, k=3), [t(3, 32, 32)], t(16, 32, 32), 432, 442_368),
        (Conv(out=16, k=3, stride=2, bias=True), [t(3, 32, 32)], t(16, 16, 16), 448, 110_592),
        (Conv(k=5, dilation=2, groups=8), [t(8, 9, 7)], t(8, 9, 7), 200, 12_600),
        (Conv(out=4, k=(1, 3), pad=(0, 1)), [t(2, 5, 5)], t(4, 5, 5), 24, 600),
        (Conv(out=4, k=3, pad=0), [t(2, 3, 3)], t(4, 1, 1), 72, 72),
        (Linear(out=10), [t(256)], t(10), 2_570, 2_560),
        (Linear(out=10, bias=False), [t(256)], t(10), 2_560, 2_560),
        (BatchNorm(), [t(16, 8, 8)], t(16, 8, 8), 32, 0),
        (BatchNorm(affine=False), [t(16, 8, 8)], t(16, 8, 8), 0, 0),
        (BatchNorm(deferred=True), [t(16, 8, 8)], t(16, 8, 8), 0, 0),
        (MaxPool(k=3, stride=2, pad=1), [t(4, 9, 8)], t(4, 5, 4), 0, 0),
        (AvgPool(k=2, stride=2), [t(4, 9, 8)], t(4, 4, 4), 0, 0),
        (GlobalAvgPool(), [t(4, 9, 8)], t(4), 0, 0),
        (Add(), [t(4, 2, 2)] * 3, t(4, 2, 2), 0, 0),
        (Mul(), [t(4, 2, 2)] * 2, t(4, 2, 2), 0, 0),
        (Scale(factor=0.5), [t(4)], t(4), 0, 0),
        (Concat(), [t(4, 2, 2), t(1, 2, 2)], t(5, 2, 2), 0, 0),
        (Concat(), [t(4), t(3)], t(7), 0, 0),
        (Slice(top=1, left=2), [t(4, 5, 5)], t(4, 4, 3), 0, 0),
        (Zero(stride=2), [t(4, 5, 4)], t(4, 3, 2), 0, 0),
    ],
)
def test_numbers(
    primitive: Primitive, inputs: list[TensorType], result: TensorType, parameters: int, macs: int
) -> None:
    types = tuple(inputs)
    full = primitive.resolve(types)
    assert full.infer(types) == result
    assert full.parameters(types) == parameters
    assert full.macs(types) == macs
    assert full.resolve(types) == full


@pytest.mark.parametrize(
    ("primitive", "inputs", "reason"),
    [
        (Conv(k=7, pad=0), [t(3, 5, 5)], "a window of 7 does not fit"),
        (Conv(out=4, groups=2), [t(3, 5, 5)], "do not divide into 2 groups"),
        (Conv(), [t(3)], "needs a feature map"),
        (Linear(out=2), [t(3, 1, 1)], "needs a vector"),
        (BatchNorm(), [t(3)], "needs a feature map"),
        (MaxPool(k=3, pad=2), [t(3, 5, 5)], "more than half the window"),
        (Add(), [t(3, 5, 5), t(4, 5, 5)], "cannot add"),
        (Mul(), [t(3, 5, 5), t(3, 5, 4)], "cannot multiply"),
        (Concat(), [t(3, 5, 5), t(3, 5, 4)], "height and width differ"),
        (Slice(top=5), [t(3, 5, 5)], "nothing of"),
    ],
)
def test_operands_that_do_not_fit(primitive: Primitive, inputs: list[TensorType], reason: str) -> None:
    with pytest.raises(ShapeError, match=reason):
        primitive.resolve(tuple(inputs)).infer(tuple(inputs))


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("conv", {"out": 0}),
        ("conv", {"k": 1.5}),
        ("conv", {"k": (1, 2, 3)}),
        ("conv", {"k": (True, 1)}),
        ("conv", {"stride": -1}),
        ("conv", {"groups": True}),
        ("conv", {"bias": 1}),
        ("batch_norm", {"affine": 3}),
        ("batch_norm", {"eps": float("inf")}),
        ("batch_norm", {"momentum": "fast"}),
        ("avg_pool", {"count_pad": 0}),
        ("slice", {"top": -1}),
    ],
)
def test_attributes_that_are_refused(name: str, attributes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must be|expected"):
        primitive_class(name)(**attributes)


def test_every_primitive_is_listed_under_its_name() -> None:
    assert all(cls.name == name and cls.summary and cls.__doc__ for name, cls in PRIMITIVES.items())
    with pytest.raises(KeyError):
        primitive_class("convolution")


def test_zeros_of_a_wanted_size() -> None:
    assert zeros_for(t(4, 9, 8), t(4, 9, 8)) == Zero()
    assert zeros_for(t(4, 9, 8), t(4, 5, 4)) == Zero(stride=2)
    assert zeros_for(t(4, 9, 8), t(4, 9, 4)) == Zero(stride=(1, 2))
    assert zeros_for(t(4, 9, 8), t(8, 9, 8)) is None
    assert zeros_for(t(4), t(5)) is None
