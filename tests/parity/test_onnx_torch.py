"""Whole networks: ONNX Runtime against the torch module of the same IR."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest
import torch
from attrs import evolve
from torch import nn

from archir import load
from archir.ir.module import Module
from archir.ir.point import Point
from archir.ir.types import TensorType
from archir.lowering.onnx import check_onnx, to_onnx
from archir.lowering.torch import to_torch
from archir.passes.fix import fixed
from archir.space.points import random_point
from tests.build import net, network


def settled(model: nn.Module) -> nn.Module:
    """The same module in evaluation mode, with statistics and scales that are not all zeros and ones."""
    draw = torch.Generator().manual_seed(3)
    for name, value in model.state_dict().items():
        if name.endswith(("running_mean", "bias")):
            value.copy_(0.1 * torch.randn(value.shape, generator=draw))
        elif name.endswith("running_var"):
            value.copy_(0.5 + torch.rand(value.shape, generator=draw))
    return model.eval()


def compare(module: Module, batch: int = 2) -> None:
    """ONNX Runtime and torch agree, with repeated values computed once and as often as they stand there."""
    torch.manual_seed(0)
    model = settled(to_torch(module))
    x = torch.randn(batch, *module.graph.inputs[0].type.shape)
    with torch.no_grad():
        expected = model(x)
    assert expected.std() > 1e-2  # a network that is dead agrees with anything
    for simplify in (True, False):
        onnx_model = to_onnx(module, model.state_dict(), simplify=simplify)
        assert check_onnx(onnx_model, x, expected) < 1e-4 * max(1.0, float(expected.abs().max()))


@pytest.mark.parametrize("size", [(16, 16), (12, 20)])
@pytest.mark.parametrize("batch", [1, 3])
def test_derived_cells(size: tuple[int, int], batch: int) -> None:
    compare(network(net(TensorType((3, *size)), derived=True)), batch)


@pytest.mark.parametrize("seed", range(4))
def test_points_of_the_darts_space(root: Path, seed: int) -> None:
    space = load(root / "spaces" / "darts.nas", channels=4, cells=3)
    compare(fixed(space, random_point(space, Random(seed))))


def test_darts_v2(root: Path) -> None:
    module = load(root / "spaces" / "nets" / "darts_v2.nas")
    compare(module)
    weights = to_torch(module).state_dict()
    assert to_onnx(module, weights).doc_string == "darts_v2: 3349342 parameters"


def test_darts_v2_has_few_nodes(root: Path) -> None:
    """As many as the best export of torch has (benchmarks/onnx_export.py), with statistics of real batches."""
    module = load(root / "spaces" / "nets" / "darts_v2.nas", channels=4)
    model = to_torch(module).train()
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for _ in range(2):
            model(torch.randn(4, 3, 32, 32, generator=draw))
    nodes = to_onnx(module, model.state_dict()).graph.node
    counts = Counter(node.op_type for node in nodes)
    assert len(nodes) <= 716
    assert (counts["Relu"], counts["MaxPool"], counts["Conv"]) == (164, 4, 439)
    # Batch norms are left behind the four poolings only. There, those of one pooling saw the same numbers.
    assert counts["BatchNormalization"] == 4
    x = torch.randn(2, 3, 32, 32, generator=draw)
    with torch.no_grad():
        expected = model.eval()(x)
    assert check_onnx(to_onnx(module, model.state_dict()), x, expected) < 1e-4 * max(1.0, float(expected.abs().max()))


@pytest.mark.parametrize("factor", [0.0, 0.3, 1.0])
def test_kept_coefficients(root: Path, factor: float) -> None:
    space = load(root / "spaces" / "darts.nas", channels=4, cells=3)
    point = random_point(space, Random(1))
    kept = [(key, tuple(evolve(k, coefficient=factor + k.edge) for k in some)) for key, some in point.choices]
    compare(fixed(space, Point(tuple(kept))))


@pytest.mark.parametrize("seed", range(4))
def test_points_with_zeros(root: Path, seed: int) -> None:
    space = load(root / "spaces" / "nasbench201.nas")
    compare(fixed(space, random_point(space, Random(seed))))
