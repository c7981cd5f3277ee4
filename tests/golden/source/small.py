"""The network `small`: 682 parameters.

[N, 3, 8, 8] -> [N, 2]

Written by archir; needs torch alone. To load its weights:

    import safetensors.torch

    net = Small()
    net.load_state_dict(safetensors.torch.load_file("net.safetensors"))
    net.eval()
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SepConv(nn.Module):
    """Block `sep_conv`: [N, 4, H, W] -> [N, 4, H / stride, W / stride]."""

    def __init__(self, k: int, stride: int) -> None:
        super().__init__()
        self.x = nn.ModuleList(
            [
                nn.ModuleDict(
                    {
                        "conv": nn.Conv2d(4, 4, k, stride=stride, padding=k // 2, groups=4, bias=False),
                        "conv_1": nn.Conv2d(4, 4, 1, bias=False),
                        "batch_norm": nn.BatchNorm2d(4),
                    }
                ),
                nn.ModuleDict(
                    {
                        "conv": nn.Conv2d(4, 4, k, padding=k // 2, groups=4, bias=False),
                        "conv_1": nn.Conv2d(4, 4, 1, bias=False),
                        "batch_norm": nn.BatchNorm2d(4),
                    }
                ),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.x[0]["batch_norm"](self.x[0]["conv_1"](self.x[0]["conv"](F.relu(x))))
        return self.x[1]["batch_norm"](self.x[1]["conv_1"](self.x[1]["conv"](F.relu(x))))


class ReluConvBn(nn.Module):
    """Block `relu_conv_bn`: [N, in_channels, 2, 2] -> [N, out_channels, 2, 2]."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.batch_norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.batch_norm(self.conv(F.relu(x)))


class Small(nn.Module):
    """Net `small`: [N, 3, 8, 8] -> [N, 2]."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.ModuleDict({"conv": nn.Conv2d(3, 4, 3, padding=1, bias=False), "batch_norm": nn.BatchNorm2d(4)})
        self.x = nn.ModuleList([SepConv(k=3, stride=1), SepConv(k=5, stride=2), SepConv(k=3, stride=2)])
        self.project = ReluConvBn(4, 6)
        self.again = ReluConvBn(6, 4)
        self.linear = nn.Linear(4, 2)

    def forward(self, image: Tensor) -> Tensor:
        stem = self.stem["batch_norm"](self.stem["conv"](image))
        x = stem
        for block in self.x:
            x = block(x)
        project = self.project(x)
        sum_ = self.again(project) + x
        return self.linear(sum_.mean(dim=(2, 3)))


if __name__ == "__main__":
    net = Small().eval()
    print(f"{sum(p.numel() for p in net.parameters()):,} parameters")
    with torch.no_grad():
        result = net(torch.zeros(1, 3, 8, 8))
    print(f"output {tuple(result.shape)}")
