"""Batches in an order that depends on nothing but the seed, the phase and the epoch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import torch
from attrs import Factory, field, frozen
from torch import Tensor

from archir.diagnostics import fail
from archir.search.data.augment import Augmentation
from archir.search.data.images import Images
from archir.search.processes import ALONE, Processes
from archir.search.randomness import generator


@frozen(eq=False)
class Batch:
    """Inputs float32 [B, C, H, W] and labels int64 [B].

    whole: images of all processes together; B where there is only one.
    """

    inputs: Tensor
    labels: Tensor
    whole: int = field(default=Factory(lambda batch: len(batch.labels), takes_self=True))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def fraction(self) -> float:
        """The part of the whole batch that is here; it weighs those terms of a loss that depend on no image."""
        return len(self) / self.whole


@frozen(eq=False)
class BatchStream:
    """Augmented batches of some images.

    `key` names the stream, for example (seed, phase, part); with the epoch it decides the order
    of the images and all of their augmentation. `size` counts the images of all processes; each
    takes its share of every batch, which may be none of a small one.
    """

    images: Images
    augmentation: Augmentation
    size: int
    key: tuple[int | str, ...]
    processes: Processes = ALONE

    @property
    def steps(self) -> int:
        """Batches in one pass; a last batch of one image is left out (it has no batch statistics)."""
        whole, rest = divmod(len(self.images), self.size)
        return whole + (rest > 1)

    def batches(self, epoch: int, turn: int = 0) -> Iterator[Batch]:
        """One pass over the images; `turn` counts the passes within one epoch."""
        source = generator(*self.key, epoch, turn)
        count_, (height, width) = len(self.images), self.images.pixels.shape[2:]
        order = torch.randperm(count_, generator=source)
        draws = self.augmentation.draw(count_, height, width, source)
        device = self.images.pixels.device
        for step in range(self.steps):
            whole = order[step * self.size : (step + 1) * self.size]
            index = whole[self.processes.share(len(whole))]
            chosen = self.images.select(index.to(device))
            inputs = self.augmentation.apply(chosen.pixels, draws[index].to(device))
            yield Batch(inputs, chosen.labels, len(whole))

    def endless(self, epoch: int) -> Iterator[Batch]:
        """Batches for as long as they are asked for; each pass over the images has an order of its own."""
        for turn in count():
            yield from self.batches(epoch, turn)


def plain_batches(images: Images, augmentation: Augmentation, size: int) -> Iterator[Batch]:
    """All images in order, normalised and not augmented: to evaluate on."""
    for start in range(0, len(images), size):
        part = images.part(slice(start, start + size))
        yield Batch(augmentation.normalize(part.pixels), part.labels)


def split_train(images: Images, split: float, seed: int) -> tuple[Images, Images]:
    """The training images in two: round(split * N) for the weights, the others held out.

    Every epoch and every phase of a run has the same halves: they depend on the seed alone.

    Raises:
        ArchirError: NAS501 if a part that is asked for would have fewer than two images.
    """
    first = round(split * len(images))
    if first < 2 or (split < 1 and len(images) - first < 2):
        fail(
            "NAS501",
            f"{len(images)} training images split at {split:g} leave {min(first, len(images) - first)} for one part",
            help="use more images, or another `split`",
        )
    order = torch.randperm(len(images), generator=generator(seed, "split")).to(images.labels.device)
    return images.select(order[:first]), images.select(order[first:])
