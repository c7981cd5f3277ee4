"""A part of the training images, for budgets that all of them are too many for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from attrs import evolve, frozen

from archir.diagnostics import fail
from archir.search.data.images import Data, statistics
from archir.search.randomness import generator


@frozen
class Limit:
    """`count` of the training images; which ones, the seed says."""

    count: int
    seed: int = 0

    def positions(self, labels: Sequence[int]) -> list[int]:
        """Where the images stand that stay, in order: as many of each class, as far as there are so many.

        A larger limit has the images of a smaller one, and more; one of all images leaves them as they are.

        Raises:
            ArchirError: NAS501 if there are not so many images, or not one for each class.
        """
        classes = len(set(labels))
        if not classes <= self.count <= len(labels):
            fail(
                "NAS501",
                f"{self.count} images cannot be taken of {len(labels)} training images in {classes} classes",
                help=f"give a `--limit` from {classes} to {len(labels)}",
            )
        drawn: Counter[int] = Counter()
        turns = []
        order: list[int] = torch.randperm(len(labels), generator=generator(self.seed, "limit")).tolist()
        for place, image in enumerate(order):
            turns.append((drawn[labels[image]], place, image))
            drawn[labels[image]] += 1
        return sorted(image for _, _, image in sorted(turns)[: self.count])


def limited(data: Data, limit: Limit | None) -> Data:
    """The data with this part of the training images, whose mean and deviation are then the data's."""
    if limit is None:
        return data
    train = data.train.select(torch.tensor(limit.positions(data.train.labels.tolist())))
    mean, std = statistics(train.pixels)
    return evolve(data, train=train, mean=mean, std=std)
