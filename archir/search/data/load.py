"""Data sets by their names on the command line."""

from __future__ import annotations

from typing import NoReturn

import torch
from attrs import evolve

from archir.diagnostics import fail
from archir.search.data.builtin import cifar, digits, fake
from archir.search.data.folder import Progress, folder
from archir.search.data.images import Data, Images, statistics
from archir.search.data.limit import Limit, limited
from archir.search.data.memory import require_memory

KNOWN = ("digits", "cifar10:DIR", "cifar100:DIR", "folder:DIR", "fake")


def load_data(
    spec: str, *, size: int | None = None, limit: int | None = None, seed: int = 0, progress: Progress | None = None
) -> Data:
    """The data set that `spec` names, decoded and in memory.

    Args:
        spec: `digits`, `cifar10:DIR`, `cifar100:DIR`, `folder:DIR` or `fake`.
        size: height and width in pixels that images are scaled to; None keeps their own.
        limit: how many training images there are to be, as many of each class; None takes all. Test images all stay.
        seed: what the made-up images of `fake` are drawn from, and which images a limit takes.
        progress: called with (images done, images in all) while a folder is decoded.

    Raises:
        ArchirError: NAS501 if the data are not there, not readable or do not fit into memory.
    """
    if size is not None and size < 1:
        fail("NAS501", f"images cannot be scaled to {size} pixels", help="give a `--size` of at least 1")
    part = None if limit is None else Limit(limit, seed)
    kind, _, path = spec.partition(":")
    if kind == "folder" and path:
        data = folder(path, size, progress, part)
    elif kind in ("cifar10", "cifar100") and path:
        data = _scaled(limited(cifar(kind, path), part), size)
    elif spec in ("digits", "fake"):
        data = _scaled(limited(digits() if kind == "digits" else fake(seed), part), size)
    else:
        _refuse(spec, kind)
    return evolve(data, spec=spec)


def _refuse(spec: str, kind: str) -> NoReturn:
    if kind in ("folder", "cifar10", "cifar100"):
        fail("NAS501", f"`{spec}` does not say where the images are", help=f"write `{kind}:DIR`")
    fail("NAS501", f"there is no data set `{spec}`", help=f"use one of: {', '.join(KNOWN)}")


def _scaled(data: Data, size: int | None) -> Data:
    if size is None or data.type.shape[1:] == (size, size):
        return data
    count = len(data.train) + len(data.test)
    require_memory(count * data.type.channels * size * size, f"the {count} images of {data.name}")
    train = _resize(data.train, size)
    mean, std = statistics(train.pixels)
    return evolve(data, train=train, test=_resize(data.test, size), mean=mean, std=std)


def _resize(images: Images, size: int) -> Images:
    from torchvision.transforms.v2.functional import resize

    parts = [
        resize(images.pixels[start : start + 1024], [size, size], antialias=True)
        for start in range(0, len(images), 1024)
    ]
    return Images(torch.cat(parts), images.labels)
