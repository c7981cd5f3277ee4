"""Random networks: the emitted file has the state of the torch module and computes the same numbers."""

from __future__ import annotations

from contextlib import suppress
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from archir.ir.graph import Graph
from archir.ir.primitive import Primitive, ShapeError
from archir.ir.types import TensorType
from archir.ops.conv import Conv, Linear
from archir.ops.layout import ChannelShuffle, Concat, Slice, Zero
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Add, Dropout, Mul, Relu, Relu6, Scale, ScaleChannels, Sigmoid, Swish
from archir.ops.pool import AvgPool, GlobalAvgPool, MaxPool
from tests.build import Builder, derived_cell, identity, network, relu_conv_bn, sep_conv, skip, tensor
from tests.emitted import check_equal

WORDS = ("x", "y", "conv", "relu", "x2", "forward", "training", "class", "type", "items", "sum", "s1", "F", "_a", "a_")


def some_primitive(r: Random, x: TensorType) -> Primitive:
    shared: list[Primitive] = [
        Relu(),
        Relu6(),
        Sigmoid(),
        Swish(),
        Dropout(rate=0.2),
        Scale(factor=r.choice((0.5, -1.25, 1e-7))),
    ]
    if not x.is_map:
        return r.choice([*shared, Linear(out=r.randint(1, 4), bias=r.random() < 0.5), Zero()])
    k, stride = r.choice((1, 3, 5)), r.choice((1, 1, 2))
    maps: list[Primitive] = [
        Conv(out=r.choice((2, 4)), k=k, stride=stride, groups=r.choice((1, 2)), bias=r.random() < 0.3),
        Conv(k=(k, 1), dilation=r.choice((1, 2))),
        BatchNorm(affine=r.random() < 0.7, eps=r.choice((1e-5, 1e-3))),
        MaxPool(k=3, stride=stride, pad=1),
        AvgPool(k=3, stride=stride, pad=1, count_pad=r.random() < 0.5),
        Slice(top=r.randint(0, 1), left=r.randint(0, 1)),
        ChannelShuffle(groups=r.choice((1, 2))),
        Zero(stride=stride),
    ]
    return r.choice(shared + maps * 2)


def some_block(r: Random, x: TensorType) -> Graph:
    kind = r.randrange(6)
    if kind == 0:
        return sep_conv(x, r.choice((3, 5)), r.choice((1, 2)))
    if kind == 1:
        return relu_conv_bn(x, r.choice((2, 4, 6)))
    if kind == 2:
        return skip(x, r.choice((1, 2)))
    if kind == 3:
        return derived_cell(x, x, 2, r.random() < 0.5)
    if kind == 4:
        return identity(x)
    b = Builder("scaled", "block", x=x)
    y = b.op("y", Scale(factor=r.choice((0.5, 2.0, 3.0))), "x")
    return b.done(b.op("z", Add(), y, b.op("slice", Slice(), y)))


def some_net(r: Random) -> Graph:
    b = Builder(
        r.choice(WORDS), "net", **{n: tensor(2, 8, 8) for n in r.sample(("image", "x", "self"), r.randint(1, 2))}
    )
    taken: set[str] = set(b.types)

    def fresh() -> str:
        while True:
            name = ".".join(r.choice((*WORDS, *map(str, range(4)))) for _ in range(r.randint(1, 3)))
            if not any(name == t or name.startswith(f"{t}.") or t.startswith(f"{name}.") for t in taken):
                taken.add(name)
                return name

    def add_one() -> None:
        x = r.choice(list(b.types)[-4:])
        alike = [n for n, t in b.types.items() if t == b.types[x]]
        roll = r.random()
        if roll < 0.15:
            b.op(fresh(), r.choice((Add(), Concat())), *r.choices(alike, k=r.randint(1, 3)))
        elif roll < 0.2:
            b.op(fresh(), Mul(), *r.choices(alike, k=2))
        elif roll < 0.23 and b.types[x].is_map:
            b.op(fresh(), ScaleChannels(), x, b.op(fresh(), GlobalAvgPool(), r.choice(alike)))
        elif roll < 0.5 and b.types[x].is_map and b.types[x].height > 4 and b.types[x].channels % 2 == 0:
            graph = some_block(r, b.types[x])
            b.call(fresh(), graph, *r.choices(alike, k=len(graph.inputs)))
        elif roll < 0.55 and b.types[x].is_map:
            b.op(fresh(), GlobalAvgPool(), x)
        elif not b.types[x].is_map or (b.types[x].height > 4 and b.types[x].channels % 2 == 0):
            b.op(fresh(), some_primitive(r, b.types[x]), x)

    for _ in range(r.randint(1, 20)):
        with suppress(ShapeError):  # what does not fit is not added
            add_one()
    return b.done(r.choice(list(b.types)[-2:]))


@settings(max_examples=100, deadline=None)
@example(Random(72))  # two dropouts, the first of which is read behind the second
@example(Random(442))
@given(st.randoms(use_true_random=False))
def test_emitted_source_equals_the_torch_module(r: Random) -> None:
    check_equal(network(some_net(r)), batch=2)
