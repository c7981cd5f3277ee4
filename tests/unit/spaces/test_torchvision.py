"""Our networks against torchvision's own modules: the same sizes, and the same numbers from the same weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn
from torchvision import models

import archir
from archir.analysis import cost

PAIRS: dict[str, Callable[..., nn.Module]] = {
    "mobilenet_v2": models.mobilenet_v2,
    "mnasnet_b1": models.mnasnet1_0,
    "efficientnet_b0": models.efficientnet_b0,
}

KINDS = (nn.Conv2d, nn.Linear, nn.BatchNorm2d)


def layers(module: nn.Module) -> Iterator[tuple[str, str]]:
    """Names of the layers with weights, in order of definition, each with what a layer is for.

    Both sides define layers in order of computation. torchvision's squeeze-and-excitation
    has 1x1 convolutions where ours has linear layers: the same weights in another shape.
    """
    for name, child in module.named_modules():
        if isinstance(child, KINDS):
            yield name, "norm" if isinstance(child, nn.BatchNorm2d) else "sum"


def name_map(ours: nn.Module, theirs: nn.Module) -> dict[str, str]:
    """Our layer's name for each of theirs."""
    pairs = list(zip(layers(theirs), layers(ours), strict=True))
    assert all(kind == our_kind for (_, kind), (_, our_kind) in pairs)
    return {name: our_name for (name, _), (our_name, _) in pairs}


def translated(theirs: nn.Module, ours: nn.Module) -> dict[str, Tensor]:
    """Their state under our names and in our shapes."""
    names, shapes = name_map(ours, theirs), {n: t.shape for n, t in ours.state_dict().items()}
    found = {}
    for path, tensor in theirs.state_dict().items():
        layer, _, weight = path.rpartition(".")
        name = f"{names[layer]}.{weight}"
        assert tensor.numel() == shapes[name].numel()
        found[name] = tensor.reshape(shapes[name])
    return found


@pytest.mark.parametrize("name", PAIRS)
def test_parameters_and_multiply_adds(name: str) -> None:
    theirs = PAIRS[name](weights=None).eval()
    macs = 0

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal macs
        taps = layer.weight[0].numel()
        macs += output.numel() * taps

    for layer in theirs.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    with torch.no_grad():
        theirs(torch.zeros(1, 3, 224, 224))
    module = archir.load(name)
    assert cost.parameters(module) == sum(p.numel() for p in theirs.parameters())
    assert cost.macs(module) == macs


@pytest.mark.parametrize("name", PAIRS)
def test_the_same_weights_give_the_same_outputs(name: str) -> None:
    torch.manual_seed(0)
    theirs = PAIRS[name](weights=None)
    ours = archir.to_torch(archir.load(name))
    images = torch.randn(2, 3, 224, 224)
    for layer in theirs.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
            nn.init.uniform_(layer.weight, 0.8, 1.2)
            nn.init.normal_(layer.bias, 0, 0.2)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)
            nn.init.normal_(layer.running_mean, 0, 0.2)
    ours.load_state_dict(translated(theirs, ours))
    with torch.no_grad():
        expected, found = theirs.eval()(images), ours.eval()(images)
    assert expected.abs().max() > 1e-3
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))
