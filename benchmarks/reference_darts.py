"""The supernet of DARTS in plain PyTorch: what `supernet.py` measures against.

Written the way that supernets are written by hand (Liu, Simonyan, Yang: DARTS, ICLR 2019, Eq. 1 and section 3.1.1):
every candidate on every edge is a module of its own, runs by itself on contiguous maps, and is multiplied by its
coefficient.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

NODES = 4
OPERATIONS = 8


class Zero(nn.Module):
    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, :: self.stride, :: self.stride].mul(0.0)


class FactorizedReduce(nn.Module):
    def __init__(self, channels: int, out: int, affine: bool) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.even = nn.Conv2d(channels, out // 2, 1, stride=2, bias=False)
        self.odd = nn.Conv2d(channels, out // 2, 1, stride=2, bias=False)
        self.bn = nn.BatchNorm2d(out, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(x)
        return self.bn(torch.cat([self.even(y), self.odd(y[:, :, 1:, 1:])], dim=1))


def relu_conv_bn(channels: int, out: int, affine: bool) -> nn.Sequential:
    return nn.Sequential(nn.ReLU(), nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out, affine=affine))


def separable(channels: int, k: int, stride: int, dilation: int = 1) -> list[nn.Module]:
    padding = dilation * (k - 1) // 2
    return [
        nn.ReLU(),
        nn.Conv2d(channels, channels, k, stride, padding, dilation, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels, affine=False),
    ]


def candidates(channels: int, stride: int) -> list[nn.Module]:
    return [
        Zero(stride),
        nn.Sequential(nn.MaxPool2d(3, stride, 1), nn.BatchNorm2d(channels, affine=False)),
        nn.Sequential(nn.AvgPool2d(3, stride, 1, count_include_pad=False), nn.BatchNorm2d(channels, affine=False)),
        nn.Identity() if stride == 1 else FactorizedReduce(channels, channels, affine=False),
        nn.Sequential(*separable(channels, 3, stride), *separable(channels, 3, 1)),
        nn.Sequential(*separable(channels, 5, stride), *separable(channels, 5, 1)),
        nn.Sequential(*separable(channels, 3, stride, dilation=2)),
        nn.Sequential(*separable(channels, 5, stride, dilation=2)),
    ]


class MixedOp(nn.Module):
    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.ops = nn.ModuleList(candidates(channels, stride))

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        return sum(w * op(x) for w, op in zip(weights, self.ops, strict=True))  # type: ignore[return-value]


class Cell(nn.Module):
    def __init__(self, before: int, last: int, channels: int, reduce: bool, reduced_before: bool) -> None:
        super().__init__()
        make = FactorizedReduce if reduced_before else relu_conv_bn
        self.first = make(before, channels, affine=False)
        self.second = relu_conv_bn(last, channels, affine=False)
        self.edges = nn.ModuleList(
            MixedOp(channels, 2 if reduce and source < 2 else 1) for node in range(NODES) for source in range(2 + node)
        )

    def forward(self, before: Tensor, last: Tensor, weights: Tensor) -> Tensor:
        states, edge = [self.first(before), self.second(last)], 0
        for _ in range(NODES):
            count = len(states)
            states.append(sum(self.edges[edge + i](states[i], weights[edge + i]) for i in range(count)))
            edge += count
        return torch.cat(states[2:], dim=1)


class Darts(nn.Module):
    """`channels` of the first cell; cells at one and two thirds halve the map and double the channels."""

    def __init__(self, channels: int = 16, cells: int = 8, classes: int = 10, stem: int = 3) -> None:
        super().__init__()
        out = stem * channels
        self.stem = nn.Sequential(nn.Conv2d(3, out, 3, padding=1, bias=False), nn.BatchNorm2d(out))
        self.reduces = [i in (cells // 3, 2 * cells // 3) for i in range(cells)]
        before = last = out
        built = []
        for i, reduce in enumerate(self.reduces):
            channels *= 2 if reduce else 1
            built.append(Cell(before, last, channels, reduce, i > 0 and self.reduces[i - 1]))
            before, last = last, NODES * channels
        self.cells = nn.ModuleList(built)
        self.classifier = nn.Linear(last, classes)
        edges = sum(2 + node for node in range(NODES))
        self.alphas = nn.ParameterDict(
            {kind: nn.Parameter(1e-3 * torch.randn(edges, OPERATIONS)) for kind in ("normal", "reduce")}
        )

    def forward(self, images: Tensor) -> Tensor:
        before = last = self.stem(images)
        for cell, reduce in zip(self.cells, self.reduces, strict=True):
            weights = torch.softmax(self.alphas["reduce" if reduce else "normal"], dim=-1)
            before, last = last, cell(before, last, weights)
        return self.classifier(last.mean(dim=(2, 3)))

    def weights(self) -> list[nn.Parameter]:
        """All parameters but the architecture's."""
        return [p for name, p in self.named_parameters() if not name.startswith("alphas.")]


@torch.no_grad()
def copy_into(reference: Darts, state: dict[str, Tensor], alphas: dict[str, Sequence[Tensor]]) -> None:
    """Takes the tensors of another writing of the same net: `state` in order of computation, `alphas` by node."""
    own = {name: t for name, t in reference.state_dict().items() if not name.startswith("alphas.")}
    for mine, other in zip(own.values(), state.values(), strict=True):
        mine.copy_(other)
    for kind, parts in alphas.items():
        reference.alphas[kind].copy_(torch.cat(list(parts)))
