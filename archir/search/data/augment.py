"""Augmentation of whole batches of uint8 images, on the device that trains.

The random numbers of an image are drawn beforehand, in a table with a row for each
position of a part of the data, so they do not depend on batches or workers.
"""

from __future__ import annotations

import torch
from attrs import frozen
from torch import Generator, Tensor

from archir.search.data.images import Data

_COLUMNS = 5  # rows and columns of the crop, whether to flip, row and column of the erased square


@frozen
class Augmentation:
    """How uint8 images become float32 inputs.

    pad: black pixels around an image before it is cut back to its size at a random place.
    flip: whether every second image, on average, is mirrored.
    cutout: side of the square around a random pixel that is set to the mean; 0 for none
        (DeVries and Taylor, 2017; the square may stand over the border).
    mean, std: per channel, in units of full brightness.
    """

    pad: int
    flip: bool
    cutout: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def draw(self, count: int, height: int, width: int, source: Generator) -> Tensor:
        """The random numbers for `count` images, int64 [count, 5]; unused ones are drawn, too."""
        highs = (2 * self.pad + 1, 2 * self.pad + 1, 2, height, width)
        assert len(highs) == _COLUMNS
        return torch.stack([torch.randint(high, (count,), generator=source) for high in highs], dim=1)

    def apply(self, pixels: Tensor, draws: Tensor) -> Tensor:
        """uint8 [B, C, H, W] and rows of `draw`, int64 [B, 5], to float32 [B, C, H, W]."""
        moved = self._move(pixels, draws) if self.pad or self.flip else pixels
        inputs = self.normalize(moved)
        return inputs * self._keep(inputs, draws) if self.cutout else inputs

    def normalize(self, pixels: Tensor) -> Tensor:
        """uint8 [B, C, H, W] to float32 with mean 0 and deviation 1 in each channel."""
        mean = torch.tensor(self.mean, device=pixels.device).view(-1, 1, 1)
        std = torch.tensor(self.std, device=pixels.device).view(-1, 1, 1)
        return (pixels.float() / 255 - mean) / std

    def _move(self, pixels: Tensor, draws: Tensor) -> Tensor:
        height, width = pixels.shape[2:]
        padded = torch.nn.functional.pad(pixels, (self.pad,) * 4)
        across = torch.arange(width, device=pixels.device).expand(len(pixels), width)
        if self.flip:
            across = torch.where(draws[:, 2:3] == 1, across.flip(1), across)
        rows = draws[:, 0:1] + torch.arange(height, device=pixels.device)
        columns = draws[:, 1:2] + across
        which = torch.arange(len(pixels), device=pixels.device)
        moved = padded[which[:, None, None], :, rows[:, :, None], columns[:, None, :]]  # [B, H, W, C]
        return moved.permute(0, 3, 1, 2).contiguous()

    def _keep(self, inputs: Tensor, draws: Tensor) -> Tensor:
        """1 where a pixel stays and 0 where it is erased, [B, 1, H, W]."""
        inside = []
        for axis, centre in ((2, draws[:, 3:4]), (3, draws[:, 4:5])):
            place = torch.arange(inputs.shape[axis], device=inputs.device)
            first = centre - self.cutout // 2
            inside.append((place >= first) & (place < first + self.cutout))
        erased = inside[0][:, None, :, None] & inside[1][:, None, None, :]
        return (~erased).to(inputs.dtype)


def standard(data: Data, *, augment: bool = True, cutout: int = 0) -> Augmentation:
    """The usual augmentation.

    Colour images are cropped from 4 pixels more on each side and flipped; images of one channel
    (digits, letters) are cropped from 1 pixel more and never flipped.
    """
    colour = data.type.channels > 1
    return Augmentation((4 if colour else 1) if augment else 0, augment and colour, cutout, data.mean, data.std)
