"""Emitted source, compiled and compared with the torch module of the same network."""

from __future__ import annotations

import re

import torch
from torch import nn

from archir.ir.module import Module
from archir.lowering.source import to_source
from archir.lowering.torch import PLAIN, to_torch


def compiled(text: str) -> nn.Module:
    """The net that an emitted file defines last."""
    space: dict[str, object] = {"__name__": "emitted"}
    exec(compile(text, "net.py", "exec"), space)
    made = space[classes(text)[-1]]()  # type: ignore[operator]
    assert isinstance(made, nn.Module)
    return made


def classes(text: str) -> list[str]:
    return re.findall(r"^class (\w+)", text, re.M)


def check_equal(module: Module, batch: int = 3) -> str:
    """The emitted net has the state and computes the numbers of the torch module; gives the text."""
    torch.manual_seed(0)
    lowered = to_torch(module, PLAIN)  # as the emitted file computes: the same bits
    text = to_source(module)
    assert max(map(len, text.splitlines())) <= 120
    emitted = compiled(text)
    with torch.no_grad():
        for p in lowered.parameters():  # scale and shift that say something
            p.add_(0.1 * torch.randn_like(p))
    shapes = {n: t.shape for n, t in lowered.state_dict().items()}
    assert {n: t.shape for n, t in emitted.state_dict().items()} == shapes
    assert {n for n, _ in emitted.named_parameters()} == {n for n, _ in lowered.named_parameters()}
    emitted.load_state_dict(lowered.state_dict())
    inputs = [torch.randn(batch, *v.type.shape) for v in module.graph.inputs]
    for training in (True, False):  # training first: it moves the running statistics of both
        torch.manual_seed(1)  # both drop the same numbers
        found = emitted.train(training)(*inputs)
        torch.manual_seed(1)
        expected = lowered.train(training)(*inputs)
        torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)
        assert found.shape == (batch, *module.graph.type.shape)
    for name, value in emitted.state_dict().items():
        torch.testing.assert_close(value, lowered.state_dict()[name], rtol=0, atol=0, equal_nan=True, msg=name)
    return text
