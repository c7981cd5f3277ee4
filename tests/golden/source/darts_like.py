"""The network `darts_like`: 13,454 parameters.

[N, 3, 16, 16] -> [N, 10]

Written by archir; needs torch alone. To load its weights:

    import safetensors.torch

    net = DartsLike()
    net.load_state_dict(safetensors.torch.load_file("net.safetensors"))
    net.eval()
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ReluConvBn(nn.Module):
    """Block `relu_conv_bn`: [N, in_channels, H, W] -> [N, out_channels, H, W]."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.batch_norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.batch_norm(self.conv(F.relu(x)))


class SepConv(nn.Module):
    """Block `sep_conv`: [N, channels, H, W] -> [N, channels, H / stride, W / stride]."""

    def __init__(self, channels: int, k: int, stride: int) -> None:
        super().__init__()
        self.x = nn.ModuleList(
            [
                nn.ModuleDict(
                    {
                        "conv": nn.Conv2d(
                            channels, channels, k, stride=stride, padding=k // 2, groups=channels, bias=False
                        ),
                        "conv_1": nn.Conv2d(channels, channels, 1, bias=False),
                        "batch_norm": nn.BatchNorm2d(channels),
                    }
                ),
                nn.ModuleDict(
                    {
                        "conv": nn.Conv2d(channels, channels, k, padding=k // 2, groups=channels, bias=False),
                        "conv_1": nn.Conv2d(channels, channels, 1, bias=False),
                        "batch_norm": nn.BatchNorm2d(channels),
                    }
                ),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.x[0]["batch_norm"](self.x[0]["conv_1"](self.x[0]["conv"](F.relu(x))))
        return self.x[1]["batch_norm"](self.x[1]["conv_1"](self.x[1]["conv"](F.relu(x))))


class DilConv(nn.Module):
    """Block `dil_conv`: [N, channels, H, W] -> [N, channels, H, W]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=2, dilation=2, groups=channels, bias=False)
        self.conv_1 = nn.Conv2d(channels, channels, 1, bias=False)
        self.batch_norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.batch_norm(self.conv_1(self.conv(F.relu(x))))


class Normal(nn.Module):
    """Cell `normal`: [N, prev2_channels, H, W], [N, prev1_channels, H, W] -> [N, 2 * channels, H, W]."""

    def __init__(self, prev2_channels: int, prev1_channels: int, channels: int) -> None:
        super().__init__()
        self.x = nn.ModuleList(
            [
                ReluConvBn(prev2_channels, channels),
                ReluConvBn(prev1_channels, channels),
                nn.ModuleDict(
                    {"sep_conv": SepConv(channels, k=3, stride=1), "sep_conv_1": SepConv(channels, k=5, stride=1)}
                ),
                nn.ModuleDict({"dil_conv": DilConv(channels)}),
            ]
        )

    def forward(self, prev2: Tensor, prev1: Tensor) -> Tensor:
        x0 = self.x[0](prev2)
        x1 = self.x[1](prev1)
        x2 = self.x[2]["sep_conv"](x0) + self.x[2]["sep_conv_1"](x1)
        x3 = x0 + self.x[3]["dil_conv"](x2)
        return torch.cat([x2, x3], dim=1)


class MaxPool3x3(nn.Module):
    """Block `max_pool_3x3`: [N, channels, H, W] -> [N, channels, H / 2, W / 2]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.max_pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.batch_norm = nn.BatchNorm2d(channels, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.batch_norm(self.max_pool(x))


class AvgPool3x3(nn.Module):
    """Block `avg_pool_3x3`: [N, channels, H, W] -> [N, channels, H / 2, W / 2]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.avg_pool = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)
        self.batch_norm = nn.BatchNorm2d(channels, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.batch_norm(self.avg_pool(x))


class Reduce(nn.Module):
    """Cell `reduce`: [N, prev2_channels, H, W], [N, prev1_channels, H, W] -> [N, 2 * channels, H / 2, W / 2]."""

    def __init__(self, prev2_channels: int, prev1_channels: int, channels: int) -> None:
        super().__init__()
        self.x = nn.ModuleList(
            [
                ReluConvBn(prev2_channels, channels),
                ReluConvBn(prev1_channels, channels),
                nn.ModuleDict({"max_pool_3x3": MaxPool3x3(channels), "sep_conv": SepConv(channels, k=3, stride=2)}),
                nn.ModuleDict({"avg_pool_3x3": AvgPool3x3(channels)}),
            ]
        )

    def forward(self, prev2: Tensor, prev1: Tensor) -> Tensor:
        x0 = self.x[0](prev2)
        x1 = self.x[1](prev1)
        x2 = self.x[2]["max_pool_3x3"](x0) + self.x[2]["sep_conv"](x1)
        x3 = x2 + self.x[3]["avg_pool_3x3"](x1)
        return torch.cat([x2, x3], dim=1)


class FactorizedReduction(nn.Module):
    """Block `factorized_reduction`: [N, channels, H, W] -> [N, channels, H / 2, W / 2]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.a = nn.Conv2d(channels, channels // 2, 1, stride=2, bias=False)
        self.b = nn.ModuleDict({"conv": nn.Conv2d(channels, channels // 2, 1, stride=2, bias=False)})
        self.batch_norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(x)
        return self.batch_norm(torch.cat([self.a(y), self.b["conv"](y[:, :, 1:, 1:])], dim=1))


class Normal2(nn.Module):
    """Cell `normal`: [N, channels, 2 * H, 2 * W], [N, prev1_channels, H, W] -> [N, 2 * channels, H, W]."""

    def __init__(self, prev1_channels: int, channels: int) -> None:
        super().__init__()
        self.x = nn.ModuleList(
            [
                FactorizedReduction(channels),
                ReluConvBn(prev1_channels, channels),
                nn.ModuleDict(
                    {"sep_conv": SepConv(channels, k=3, stride=1), "sep_conv_1": SepConv(channels, k=5, stride=1)}
                ),
                nn.ModuleDict({"dil_conv": DilConv(channels)}),
            ]
        )

    def forward(self, prev2: Tensor, prev1: Tensor) -> Tensor:
        x0 = self.x[0](prev2)
        x1 = self.x[1](prev1)
        x2 = self.x[2]["sep_conv"](x0) + self.x[2]["sep_conv_1"](x1)
        x3 = x0 + self.x[3]["dil_conv"](x2)
        return torch.cat([x2, x3], dim=1)


class DartsLike(nn.Module):
    """Net `darts_like`: [N, 3, 16, 16] -> [N, 10]."""

    def __init__(self) -> None:
        super().__init__()
        self.s1 = nn.ModuleDict({"conv": nn.Conv2d(3, 12, 3, padding=1, bias=False), "batch_norm": nn.BatchNorm2d(12)})
        self.cell = nn.ModuleList(
            [
                Normal(12, 12, 4),
                Normal(12, 8, 4),
                Reduce(8, 8, 8),
                Normal2(16, 8),
                Normal(16, 16, 8),
                Reduce(16, 16, 16),
                Normal2(32, 16),
                Normal(32, 32, 16),
            ]
        )
        self.linear = nn.Linear(32, 10)

    def forward(self, image: Tensor) -> Tensor:
        s1 = self.s1["batch_norm"](self.s1["conv"](image))
        prev2 = prev1 = s1
        for cell in self.cell:
            prev2, prev1 = prev1, cell(prev2, prev1)
        return self.linear(prev1.mean(dim=(2, 3)))


if __name__ == "__main__":
    net = DartsLike().eval()
    print(f"{sum(p.numel() for p in net.parameters()):,} parameters")
    with torch.no_grad():
        result = net(torch.zeros(1, 3, 16, 16))
    print(f"output {tuple(result.shape)}")
