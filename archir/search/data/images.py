"""Image data in memory."""

from __future__ import annotations

import torch
from attrs import evolve, field, frozen
from torch import Tensor

from archir.ir.types import TensorType


@frozen(eq=False)
class Images:
    """Images and their labels.

    pixels: uint8 [N, C, H, W]; labels: int64 [N].
    """

    pixels: Tensor = field(repr=False)
    labels: Tensor = field(repr=False)

    def __len__(self) -> int:
        return len(self.labels)

    def select(self, index: Tensor) -> Images:
        """The images at the positions `index`, int64 [M]."""
        return Images(self.pixels[index], self.labels[index])

    def part(self, which: slice) -> Images:
        """The images at these positions, in the same memory."""
        return Images(self.pixels[which], self.labels[which])

    def to(self, device: torch.device) -> Images:
        """The same images on another device."""
        return Images(self.pixels.to(device), self.labels.to(device))


@frozen(eq=False)
class Data:
    """A data set: images to train on and to test with.

    mean, std: per channel over the training images, in units of full brightness (0 to 1).
    spec: what it was asked for by, as `load_data` takes it; nothing if it was made otherwise.
    files: a digest of the names of the images' files, in order; nothing if they have none.
    """

    name: str
    train: Images
    test: Images
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    spec: str = ""
    files: str = ""

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def type(self) -> TensorType:
        """The type of one image: [C, H, W]."""
        return TensorType(tuple(self.train.pixels.shape[1:]))

    def to(self, device: torch.device) -> Data:
        """The same data with the images on another device."""
        return evolve(self, train=self.train.to(device), test=self.test.to(device))


def from_images(name: str, train: Images, test: Images, class_names: tuple[str, ...]) -> Data:
    """A data set whose mean and standard deviation are those of its training images."""
    mean, std = statistics(train.pixels)
    return Data(name, train, test, class_names, mean, std)


def statistics(pixels: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel of uint8 [N, C, H, W], in units of full brightness.

    A constant channel gets a deviation of one step of brightness, so that it can be divided by.
    """
    levels = torch.arange(256, dtype=torch.float64) / 255
    counts = torch.zeros(pixels.shape[1], 256, dtype=torch.float64)
    for start in range(0, len(pixels), 2048):  # bincount needs int64, eight times the memory
        part = pixels[start : start + 2048]
        for channel in range(pixels.shape[1]):
            counts[channel] += torch.bincount(part[:, channel].flatten().long(), minlength=256)
    share = counts / counts.sum(1, keepdim=True)
    mean = share @ levels
    variance = (share * (levels - mean[:, None]) ** 2).sum(1)
    return tuple(mean.tolist()), tuple(variance.sqrt().clamp(min=1 / 255).tolist())
