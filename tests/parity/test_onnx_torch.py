"""Whole networks: ONNX Runtime against the torch module of the same IR."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
import torch
from torch import nn

from archir import load
from archir.ir.module import Module
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
    model = to_onnx(module, weights)
    assert model.doc_string == "darts_v2: 3349342 parameters"
    assert len(model.graph.node) < len(to_onnx(module, weights, simplify=False).graph.node)
