"""Data sets that come with a package or are made up: digits, fake, CIFAR."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from archir.diagnostics import fail
from archir.search.data.images import Data, Images, from_images
from archir.search.randomness import generator

_TEST_DIGITS = 360
_FAKE_CLASSES, _FAKE_TRAIN, _FAKE_TEST = 4, 256, 64


def digits() -> Data:
    """The digits of scikit-learn: 1,437 + 360 images of 8x8, 1 channel, 10 classes; the split is fixed."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    raw = load_digits()
    pixels = torch.from_numpy(raw.images).mul(255 / 16).round().to(torch.uint8).unsqueeze(1)
    images = Images(pixels, torch.from_numpy(raw.target).long())
    positions = list(range(len(images)))
    train, test = train_test_split(positions, test_size=_TEST_DIGITS, stratify=raw.target, random_state=0)
    names = tuple(str(n) for n in range(10))
    return from_images("digits", images.select(torch.tensor(train)), images.select(torch.tensor(test)), names)


def fake(seed: int) -> Data:
    """256 + 64 made-up images of 3x32x32 in four classes: a colour and a coarse pattern each, under noise."""
    patterns = torch.rand(_FAKE_CLASSES, 3, 4, 4, generator=generator(seed, "fake", "patterns"))
    patterns = torch.nn.functional.interpolate(patterns, size=(32, 32), mode="nearest")

    def part(name: str, count: int) -> Images:
        labels = torch.arange(count) % _FAKE_CLASSES
        noise = torch.rand(count, 3, 32, 32, generator=generator(seed, "fake", name))
        return Images(((patterns[labels] + noise) * 127.5).to(torch.uint8), labels)

    return from_images("fake", part("train", _FAKE_TRAIN), part("test", _FAKE_TEST), ("a", "b", "c", "d"))


def cifar(name: str, folder: str) -> Data:
    """CIFAR-10 or CIFAR-100 below `folder`, downloaded if it is not there.

    Raises:
        ArchirError: NAS501 if it is not there and cannot be downloaded.
    """
    from torchvision.datasets import CIFAR10, CIFAR100

    kind = {"cifar10": CIFAR10, "cifar100": CIFAR100}[name]
    train, test = (_cifar_part(kind, name, folder, train=part) for part in (True, False))
    return from_images(name, _images(train), _images(test), tuple(train.classes))


def _images(part: Any) -> Images:
    pixels: Tensor = torch.from_numpy(part.data).permute(0, 3, 1, 2).contiguous()
    return Images(pixels, torch.tensor(part.targets))


def _cifar_part(kind: Any, name: str, folder: str, *, train: bool) -> Any:
    try:
        return kind(folder, train=train, download=False)
    except RuntimeError:  # torchvision: not found or corrupted
        pass
    if Path(folder).exists() and not Path(folder).is_dir():
        fail("NAS501", f"`{folder}` is not a folder", help=f"name the folder that holds {kind.filename}")
    is_new = not Path(folder).exists()
    try:
        return kind(folder, train=train, download=True)
    except (OSError, RuntimeError) as error:
        if is_new:
            with suppress(OSError):  # torchvision makes the folder before it asks the network
                Path(folder).rmdir()
        fail(
            "NAS501",
            f"{name} is not in `{folder}` and cannot be downloaded: {error}",
            help=f"put {kind.filename} from {kind.url} into `{folder}`, or use `digits`, which needs no download",
        )
