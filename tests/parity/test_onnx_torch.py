"""Whole networks: ONNX Runtime against the torch module of the same IR."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from archir.ir.types import TensorType
from archir.lowering.onnx import check_onnx, to_onnx
from archir.lowering.torch import to_torch
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


@pytest.mark.parametrize("size", [(16, 16), (12, 20)])
@pytest.mark.parametrize("batch", [1, 3])
def test_derived_cells(size: tuple[int, int], batch: int) -> None:
    image = TensorType((3, *size))
    torch.manual_seed(0)
    module = network(net(image, derived=True))
    model = settled(to_torch(module))
    x = torch.randn(batch, *image.shape)
    with torch.no_grad():
        expected = model(x)
    for share in (True, False):
        assert check_onnx(to_onnx(module, model.state_dict(), share=share), x, expected) < 1e-5
