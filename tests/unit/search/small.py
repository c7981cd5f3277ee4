"""What the tests of the search share: a model without a compiler, and a compiler without passes."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Any

import torch
from attrs import evolve
from torch import Tensor, nn

from archir.ir.module import Module, Period
from archir.ir.origin import Origin
from archir.lowering.torch import to_torch
from archir.passes import Rewrite
from archir.search.compiler import Compiler
from archir.search.data import Batch, Data, load_data
from archir.search.report import BatchRecord, Silent
from archir.source import Source
from tests.build import net, relaxed, space, tensor

DIGITS = tensor(1, 8, 8)


class SmoothNet(nn.Module):
    """A searchable net for images of 8x8 whose loss is smooth, with batch norm: two candidates, a softmax.

    `pulled`: it has an objective, too.
    """

    def __init__(self, channels: int = 1, classes: int = 10, width: int = 4, *, pulled: bool = False) -> None:
        super().__init__()
        self.pulled = pulled
        self.stem = nn.Conv2d(channels, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.one = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.two = nn.Conv2d(width, width, 1, bias=False)
        self.alpha = nn.Parameter(torch.randn(1, 2))
        self.out = nn.Linear(width * 64, classes)

    def forward(self, images: Tensor) -> Tensor:
        x = torch.tanh(self.norm(self.stem(images)))
        gate = self.alpha.softmax(-1)[0]
        x = torch.tanh(gate[0] * self.one(x) + gate[1] * self.two(x))
        return self.out(x.flatten(1))

    def trainables(self) -> dict[str, dict[str, nn.Parameter]]:
        return {"weights": {n: p for n, p in self.named_parameters() if n != "alpha"}, "arch": {"alpha": self.alpha}}

    def clocks(self) -> dict[str, Tensor]:
        return {}

    def objectives(self) -> dict[str, Tensor]:
        return {"small": 0.1 * self.alpha.square().sum()} if self.pulled else {}

    def tick(self, unit: Period) -> None:
        """There are no clocks."""


def batch(count: int, seed: int, *, classes: int = 10, dtype: torch.dtype = torch.float32) -> Batch:
    source = torch.Generator().manual_seed(seed)
    inputs = torch.randn(count, 1, 8, 8, generator=source, dtype=dtype)
    return Batch(inputs, torch.randint(classes, (count,), generator=source))


def few_digits(train: int = 128, test: int = 40) -> Data:
    """The first so many digits to train on, and to test with."""
    digits = load_data("digits")
    index = torch.arange(max(train, test))
    return evolve(digits, train=digits.train.select(index[:train]), test=digits.test.select(index[:test]))


def small_space() -> Module:
    """One normal cell on digits, 8 candidates on 5 edges."""
    origin = Origin(Source("small.nas", "net small\n"), (("ops", Source("ops.nas", "block b\n")),), "small")
    return evolve(space(net(DIGITS, channels=2, cells=(False,))), origin=origin)


def run_passes(module: Module, spec: str, values: Mapping[str, Any]) -> Rewrite:
    """`relax`; `wide`, whose cells have twice the channels; `seen`, which writes down what it could read."""
    if spec == "relax":
        return Rewrite(evolve(relaxed(module.graph), origin=module.origin))
    if spec == "wide":
        return Rewrite(evolve(relaxed(net(DIGITS, channels=4, cells=(False,))), origin=module.origin))
    assert spec == "seen", spec
    text = ",".join(f"{name}={float(value.sum())!r}" for name, value in sorted(values.items()))
    return Rewrite(evolve(module, history=(*module.history, text)))


SMALL = Compiler(lambda _origin: small_space(), run_passes, to_torch, lambda _module, _specs: None)


class Stopped(Exception):
    """A run was stopped from outside."""


class StopInEpoch2(Silent):
    """Stops a run at the first batch of its second epoch."""

    def batch(self, record: BatchRecord) -> None:
        if record.epoch == 2:
            raise Stopped


def die_before(name: str, count: int) -> None:
    """From now on this process ends without any warning when it calls `os.NAME` for the count-th time."""
    calls, real = 0, getattr(os, name)

    def counting(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == count:
            os.kill(os.getpid(), signal.SIGKILL)
        real(*arguments)

    setattr(os, name, counting)
