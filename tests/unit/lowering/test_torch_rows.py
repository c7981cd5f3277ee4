from __future__ import annotations

import pytest
import torch

from archir.ir.gates import GATE_FUNCTIONS
from archir.ir.primitive import Primitive
from archir.ir.types import TensorType
from archir.lowering.torch import Supernet, to_torch
from archir.lowering.torch.gates import GATE_ROWS
from archir.lowering.torch.rows import ROWS
from archir.ops import PRIMITIVES
from archir.ops.conv import Conv, Linear
from archir.ops.layout import ChannelShuffle, Concat, Slice, Zero
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Add, Dropout, Mul, Relu, Relu6, Scale, ScaleChannels, Sigmoid, Swish
from archir.ops.pool import AvgPool, GlobalAvgPool, MaxPool
from tests.build import Builder, network, tensor

MAP = tensor(4, 7, 9)

EXAMPLES = [
    (Conv(out=6, k=3, stride=2), [MAP]),
    (Conv(k=(1, 5), stride=(1, 2), groups=4, bias=True), [MAP]),
    (Conv(out=8, k=3, pad=0, dilation=2, groups=2), [MAP]),
    (Linear(out=3), [tensor(5)]),
    (Linear(out=3, bias=False), [tensor(5)]),
    (BatchNorm(), [MAP]),
    (BatchNorm(affine=False, eps=1e-3, momentum=0.01), [MAP]),
    (Relu(), [MAP]),
    (Relu6(), [MAP]),
    (Sigmoid(), [tensor(5)]),
    (Swish(), [MAP]),
    (Dropout(rate=0.2), [tensor(5)]),
    (Scale(factor=0.5), [MAP]),
    (MaxPool(k=3, stride=2, pad=1), [MAP]),
    (AvgPool(k=(3, 1), pad=(1, 0), count_pad=False), [MAP]),
    (GlobalAvgPool(), [MAP]),
    (Add(), [MAP, MAP, MAP]),
    (Add(), [MAP]),
    (Mul(), [MAP, MAP]),
    (ScaleChannels(), [MAP, tensor(4)]),
    (Concat(), [MAP, tensor(2, 7, 9)]),
    (Slice(top=1, left=2), [MAP]),
    (ChannelShuffle(groups=2), [MAP]),
    (Zero(stride=2), [MAP]),
    (Zero(), [tensor(5)]),
]


def single(primitive: Primitive, *types: TensorType) -> Supernet:
    b = Builder("n", "net", **{f"x{i}": t for i, t in enumerate(types)})
    return to_torch(network(b.done(b.op("y", primitive, *b.types))))


def test_no_row_is_missing() -> None:
    assert set(ROWS) == set(PRIMITIVES.values())
    assert {type(p) for p, _ in EXAMPLES} == set(PRIMITIVES.values()), "each primitive has an example here"
    assert set(GATE_ROWS) == set(GATE_FUNCTIONS)


@pytest.mark.parametrize(("primitive", "types"), EXAMPLES, ids=lambda v: v.name if isinstance(v, Primitive) else "")
def test_a_row_gives_the_inferred_shape_and_owns_the_stated_weights(primitive, types) -> None:
    full = primitive.resolve(tuple(types))
    result = single(full, *types)(*(torch.randn(2, *t.shape) for t in types))
    assert tuple(result.shape) == (2, *full.infer(tuple(types)).shape)
    weights = full.weights(tuple(types))
    own = ROWS[type(primitive)].own
    assert (own is not None) == bool(weights)
    if own is not None:
        owner = own(full, tuple(types))
        assert {n: tuple(t.shape) for n, t in owner.state_dict().items()} == {w.name: w.shape for w in weights}
        assert {n for n, _ in owner.named_parameters()} == {w.name for w in weights if w.kind == "parameter"}


def test_numbers() -> None:
    x = torch.tensor([[[[-1.0, 2.0], [3.0, 10.0]]]])

    def run(primitive: Primitive, *operands: torch.Tensor) -> list[float]:
        types = [tensor(*o.shape[1:]) for o in operands]
        return single(primitive, *types)(*operands).flatten().tolist()

    assert run(Relu(), x) == [0, 2, 3, 10]
    assert run(Relu6(), x) == [0, 2, 3, 6]
    assert run(Swish(), x) == pytest.approx((x * torch.sigmoid(x)).flatten().tolist())
    assert run(ScaleChannels(), x, torch.tensor([[3.0]])) == [-3, 6, 9, 30]
    assert run(ChannelShuffle(groups=2), torch.arange(6.0).reshape(1, 6, 1, 1)) == [0, 3, 1, 4, 2, 5]
    assert run(Scale(factor=-2), x) == [2, -4, -6, -20]
    assert run(Add(), x, x, x) == [-3, 6, 9, 30]
    assert run(Mul(), x, x) == [1, 4, 9, 100]
    assert run(GlobalAvgPool(), x) == [3.5]
    assert run(Slice(top=1, left=1), x) == [10]
    assert run(Zero(), x / 0) == [0, 0, 0, 0]
    assert run(MaxPool(k=3, pad=1), -x) == [1, 1, 1, 1]
    assert run(AvgPool(k=3, pad=1, count_pad=False), x) == [3.5] * 4
    assert run(AvgPool(k=3, pad=1, count_pad=True), x) == pytest.approx([14 / 9] * 4)
    assert run(BatchNorm(affine=False, eps=1e-12), x) == pytest.approx(
        ((x - 3.5) / x.var(unbiased=False).sqrt()).flatten().tolist()
    )


def test_dropout_works_while_training_only() -> None:
    drop = single(Dropout(rate=0.25), tensor(1000))
    x = torch.ones(1, 1000)
    torch.manual_seed(0)
    assert sorted(set(drop(x).flatten().tolist())) == pytest.approx([0, 4 / 3])
    assert drop.eval()(x).equal(x)
