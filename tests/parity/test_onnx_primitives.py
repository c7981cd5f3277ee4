"""Each primitive as ONNX, run in ONNX Runtime, against plain torch functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from archir.ir.graph import Graph, Operation, Value
from archir.ir.module import Module
from archir.ir.primitive import Primitive
from archir.ir.types import TensorType
from archir.lowering.flatten import flatten, weights_of
from archir.lowering.onnx import ROWS, check_onnx, to_onnx
from archir.ops import PRIMITIVES
from archir.ops.conv import Conv, Linear
from archir.ops.layout import ChannelShuffle, Concat, Slice, Zero
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Add, Dropout, Mul, Relu, Relu6, Scale, ScaleChannels, Sigmoid, Swish
from archir.ops.pool import AvgPool, GlobalAvgPool, MaxPool

Reference = Callable[..., Tensor]
MAP = TensorType((4, 9, 7))


def conv(x: Tensor, p: Conv, w: Mapping[str, Tensor]) -> Tensor:
    assert p.pad is not None
    return functional.conv2d(x, w["weight"], w.get("bias"), p.stride, p.pad, p.dilation, p.groups)


def linear(x: Tensor, p: Linear, w: Mapping[str, Tensor]) -> Tensor:
    return functional.linear(x, w["weight"], w.get("bias"))


def batch_norm(x: Tensor, p: BatchNorm, w: Mapping[str, Tensor]) -> Tensor:
    return functional.batch_norm(x, w["running_mean"], w["running_var"], w.get("weight"), w.get("bias"), eps=p.eps)


def max_pool(x: Tensor, p: MaxPool, w: Mapping[str, Tensor]) -> Tensor:
    return functional.max_pool2d(x, p.k, p.stride, p.pad)


def avg_pool(x: Tensor, p: AvgPool, w: Mapping[str, Tensor]) -> Tensor:
    return functional.avg_pool2d(x, p.k, p.stride, p.pad, count_include_pad=p.count_pad)


def zero(x: Tensor, p: Zero, w: Mapping[str, Tensor]) -> Tensor:
    return torch.zeros_like(x[:, :, :: p.stride[0], :: p.stride[1]] if x.dim() == 4 else x)


REFERENCES: dict[type[Primitive], Reference] = {
    Conv: conv,
    Linear: linear,
    BatchNorm: batch_norm,
    Relu: lambda x, _p, _w: functional.relu(x),
    Relu6: lambda x, _p, _w: functional.relu6(x),
    Sigmoid: lambda x, _p, _w: torch.sigmoid(x),
    Swish: lambda x, _p, _w: functional.silu(x),
    Dropout: lambda x, _p, _w: x,
    MaxPool: max_pool,
    AvgPool: avg_pool,
    GlobalAvgPool: lambda x, _p, _w: x.mean((2, 3)),
    Scale: lambda x, p, _w: p.factor * x,
    Slice: lambda x, p, _w: x[:, :, p.top :, p.left :],
    ChannelShuffle: lambda x, p, _w: functional.channel_shuffle(x, p.groups),
    Zero: zero,
}

ONE_OPERAND = [
    (Conv(out=6, k=3), MAP),
    (Conv(out=6, k=3, bias=True), MAP),
    (Conv(k=1, stride=2, pad=0), MAP),
    (Conv(out=8, k=(3, 5), stride=(2, 1), pad=(1, 0)), MAP),
    (Conv(k=3, stride=2, groups=4), MAP),
    (Conv(out=8, k=5, dilation=2, groups=2), MAP),
    (Conv(k=3, dilation=(2, 3), stride=2), MAP),
    (Conv(k=(1, 7)), MAP),
    (Conv(k=2), MAP),
    (Conv(k=3, pad=4), TensorType((4, 1, 1))),
    (Linear(out=5), TensorType((7,))),
    (Linear(out=5, bias=False), TensorType((7,))),
    (BatchNorm(), MAP),
    (BatchNorm(affine=False), MAP),
    (BatchNorm(eps=1e-2, momentum=0.5), MAP),
    (Relu(), MAP),
    (Relu(), TensorType((7,))),
    (Relu6(), MAP),
    (Sigmoid(), MAP),
    (Swish(), MAP),
    (Dropout(rate=0.2), MAP),
    (MaxPool(k=3, pad=1), MAP),
    (MaxPool(k=3, stride=2, pad=1), MAP),
    (MaxPool(k=2, stride=2), MAP),
    (MaxPool(k=(5, 3), stride=(3, 2), pad=(2, 1)), MAP),
    (AvgPool(k=3, pad=1), MAP),
    (AvgPool(k=3, pad=1, count_pad=False), MAP),
    (AvgPool(k=3, stride=2, pad=1, count_pad=False), MAP),
    (AvgPool(k=3, stride=2, pad=1), MAP),
    (AvgPool(k=2, stride=2), MAP),
    (AvgPool(k=(5, 2), stride=(2, 3), pad=(2, 1), count_pad=False), MAP),
    (GlobalAvgPool(), MAP),
    (Scale(factor=-0.3), MAP),
    (Scale(factor=2.0), TensorType((7,))),
    (Slice(top=1, left=1), MAP),
    (Slice(top=8, left=0), MAP),
    (ChannelShuffle(groups=2), MAP),
    (Zero(), MAP),
    (Zero(stride=2), MAP),
    (Zero(stride=(3, 2)), MAP),
    (Zero(stride=2), TensorType((7,))),
]


def network(*steps: tuple[str, Primitive, tuple[str, ...]], image: TensorType = MAP) -> Module:
    """A network of one graph from (name, primitive, operands), in order."""
    nodes: list[Operation] = []
    types = {"image": image}
    for name, primitive, operands in steps:
        inputs = tuple(types[o] for o in operands)
        full = primitive.resolve(inputs)
        types[name] = full.infer(inputs)
        nodes.append(Operation(name, full, operands, types[name]))
    last = nodes[-1]
    return Module(
        "probe", "network", Graph("probe", "net", (Value("image", image),), tuple(nodes), last.name, last.type)
    )


def random_weights(module: Module) -> dict[str, Tensor]:
    """Numbers for every weight; variances and counters are positive."""
    draw = torch.Generator().manual_seed(1)
    weights = {}
    for path, weight in weights_of(flatten(module).steps).items():
        value = torch.randn(weight.shape, generator=draw)
        weights[path] = value.abs() + 0.5 if path.endswith(("_var", "_tracked")) else value
    return weights


def images(batch: int, image: TensorType) -> Tensor:
    return 5 * torch.randn((batch, *image.shape), generator=torch.Generator().manual_seed(2))


def test_no_row_is_missing() -> None:
    assert set(ROWS) == set(PRIMITIVES.values())


def test_every_primitive_is_tried_here() -> None:
    assert {type(p) for p, _ in ONE_OPERAND} | {Add, Mul, ScaleChannels, Concat} == set(PRIMITIVES.values())


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(("primitive", "image"), ONE_OPERAND, ids=str)
def test_primitive(primitive: Primitive, image: TensorType, batch: int) -> None:
    module = network(("x.0", primitive, ("image",)), image=image)
    (node,) = module.graph.nodes
    assert isinstance(node, Operation)
    weights = random_weights(module)
    own = {path.removeprefix("x.0."): value for path, value in weights.items()}
    x = images(batch, image)
    expected = REFERENCES[type(primitive)](x, node.primitive, own)
    assert expected.shape == (batch, *module.graph.type.shape)
    check_onnx(to_onnx(module, weights), x, expected)


@pytest.mark.parametrize("terms", [1, 2, 3, 5])
@pytest.mark.parametrize("batch", [1, 3])
def test_add_sums_from_left_to_right(terms: int, batch: int) -> None:
    names = [f"x.{i}" for i in range(terms)]
    scales = [(name, Scale(factor=1.5**i), ("image",)) for i, name in enumerate(names)]
    module = network(*scales, ("y", Add(), tuple(names)))
    x = images(batch, MAP)
    model = to_onnx(module, {})
    check_onnx(model, x, x * sum(1.5**i for i in range(terms)))
    chain = [node for node in model.graph.node if node.op_type == "Add"]
    assert [node.name for node in chain] == [*(f"y.{i}" for i in range(1, terms - 1)), "y"][: terms - 1]
    assert [node.input[1] for node in chain] == names[1:]


def test_mul_and_concat() -> None:
    module = network(
        ("a", Relu(), ("image",)),
        ("b", Sigmoid(), ("image",)),
        ("c", Mul(), ("a", "b")),
        ("d", Concat(), ("c", "image", "a")),
    )
    x = images(3, MAP)
    check_onnx(to_onnx(module, {}), x, torch.cat([torch.relu(x) * torch.sigmoid(x), x, torch.relu(x)], 1))


def test_scale_channels() -> None:
    module = network(("s", GlobalAvgPool(), ("image",)), ("y", ScaleChannels(), ("image", "s")))
    x = images(3, MAP)
    check_onnx(to_onnx(module, {}), x, x * x.mean((2, 3), keepdim=True))


def test_concat_of_one_and_of_vectors() -> None:
    one = network(("a", Relu(), ("image",)), ("b", Concat(), ("a",)))
    x = images(2, MAP)
    check_onnx(to_onnx(one, {}), x, torch.relu(x))
    vectors = network(("a", GlobalAvgPool(), ("image",)), ("b", Scale(factor=2.0), ("a",)), ("c", Concat(), ("a", "b")))
    check_onnx(to_onnx(vectors, {}), x, torch.cat([x.mean((2, 3)), 2 * x.mean((2, 3))], 1))


def test_zeros_are_zeros_where_the_operand_is_infinite() -> None:
    x = np.full((2, *MAP.shape), np.inf, np.float32)
    expected = np.zeros((2, 4, 5, 4), np.float32)
    assert check_onnx(to_onnx(network(("x", Zero(stride=2), ("image",))), {}), x, expected) == 0.0
