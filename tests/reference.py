"""A plain hand-written reference of a DARTS supernet (Liu, Simonyan, Yang: DARTS, Eq. 1), for comparison."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

OPERATIONS = (
    "none", "max_pool_3x3", "avg_pool_3x3", "skip", "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5",
)  # fmt: skip


class Reference:
    """The supernet of DARTS from its tensors by name.

    `built`: the names are those of tests/build.py, else those of spaces/darts.nas;
    `nodes`: intermediate nodes of a cell.
    """

    def __init__(self, state: dict[str, Tensor], training: bool, *, built: bool = True, nodes: int = 2) -> None:
        self.state, self.training, self.nodes = state, training, nodes
        self.reduction_name = ".factorized_reduction" if built else ""
        self.conv_name = ".relu_conv_bn" if built else ""
        self.b_name = "b" if built else "b.conv"
        self.stem_name = "stem" if built else "s1"

    def bn(self, x: Tensor, name: str) -> Tensor:
        s = self.state
        mean, var = s[f"{name}.running_mean"].clone(), s[f"{name}.running_var"].clone()
        return F.batch_norm(x, mean, var, s.get(f"{name}.weight"), s.get(f"{name}.bias"), self.training, 0.1, 1e-5)

    def conv(self, x: Tensor, name: str, **how: int) -> Tensor:
        return F.conv2d(x, self.state[f"{name}.weight"], **how)

    def reduction(self, x: Tensor, name: str) -> Tensor:
        y = F.relu(x)
        both = [self.conv(y, f"{name}.a", stride=2), self.conv(y[:, :, 1:, 1:], f"{name}.{self.b_name}", stride=2)]
        return self.bn(torch.cat(both, 1), f"{name}.batch_norm")

    def preprocess(self, x: Tensor, like: Tensor, name: str) -> Tensor:
        if x.shape[2] != like.shape[2]:
            return self.reduction(x, f"{name}{self.reduction_name}")
        return self.bn(self.conv(F.relu(x), f"{name}{self.conv_name}.conv"), f"{name}{self.conv_name}.batch_norm")

    def candidate(self, x: Tensor, kind: str, stride: int, name: str) -> Tensor:
        c = x.shape[1]
        if kind == "none":
            return torch.zeros_like(x[:, :, ::stride, ::stride])
        if kind == "skip":
            return x if stride == 1 else self.reduction(x, f"{name}{self.reduction_name}")
        if kind == "max_pool_3x3":
            return self.bn(F.max_pool2d(x, 3, stride, 1), f"{name}.batch_norm")
        if kind == "avg_pool_3x3":
            return self.bn(F.avg_pool2d(x, 3, stride, 1, count_include_pad=False), f"{name}.batch_norm")
        k = int(kind[-1])
        if kind.startswith("dil"):
            y = self.conv(F.relu(x), f"{name}.conv", stride=stride, padding=k - 1, dilation=2, groups=c)
            return self.bn(self.conv(y, f"{name}.conv_1"), f"{name}.batch_norm")
        for i, s in enumerate((stride, 1)):
            x = self.conv(F.relu(x), f"{name}.x.{i}.conv", stride=s, padding=k // 2, groups=c)
            x = self.bn(self.conv(x, f"{name}.x.{i}.conv_1"), f"{name}.x.{i}.batch_norm")
        return x

    def cell(self, s0: Tensor, s1: Tensor, reduce: bool, name: str) -> Tensor:
        x = [self.preprocess(s0, s1, f"{name}.x.0"), self.preprocess(s1, s1, f"{name}.x.1")]
        for i in range(2, 2 + self.nodes):
            a = torch.softmax(self.state[f"arch.{'reduce' if reduce else 'normal'}.x.{i}.alpha"], -1)
            x.append(
                sum(
                    a[j, k] * self.candidate(x[j], kind, 2 if reduce and j < 2 else 1, f"{name}.x.{i}.{j}.{kind}")
                    for j in range(i)
                    for k, kind in enumerate(OPERATIONS)
                )
            )
        return torch.cat(x[2:], 1)

    def net(self, image: Tensor, cells: tuple[bool, ...]) -> Tensor:
        s0 = s1 = self.bn(self.conv(image, f"{self.stem_name}.conv", padding=1), f"{self.stem_name}.batch_norm")
        for i, reduce in enumerate(cells):
            s0, s1 = s1, self.cell(s0, s1, reduce, f"cell.{i}")
        return F.linear(s1.mean((2, 3)), self.state["linear.weight"], self.state["linear.bias"])
