"""Images in folders, one folder a class: `train/CLASS/*.jpg` and `test/CLASS/*.jpg`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
import torch
from attrs import evolve, frozen
from numpy.typing import NDArray
from PIL import Image, ImageOps

from archir.diagnostics import ArchirError, Diagnostic, fail
from archir.search.data.images import Data, Images, from_images
from archir.search.data.limit import Limit
from archir.search.data.memory import require_memory

T = TypeVar("T")
Progress: TypeAlias = Callable[[int, int], None]
"""Called with the number of images done and of all images."""

_LAYOUT = "an image folder holds train/CLASS/*.jpg and test/CLASS/*.jpg"


@frozen
class _Sample:
    path: str
    label: int


def folder(root: str, size: int | None, progress: Progress | None, limit: Limit | None = None) -> Data:
    """The images below `root`, decoded to RGB in parallel threads and cut to one size.

    With `size` an image is scaled so that its shorter side fits and its middle is kept; without,
    all images must have one size. With `limit` only those training images are read that it takes.

    Raises:
        ArchirError: NAS501: missing folders, no images, classes of train and test that differ,
            unreadable or truncated images, images of several sizes, not enough memory.
    """
    path = Path(root)
    if not path.is_dir():
        fail("NAS501", f"there is no folder `{root}`", help=f"check the path; {_LAYOUT}")
    for part in ("train", "test"):
        if not (path / part).is_dir():
            fail("NAS501", f"`{root}` has no folder `{part}`", help=_LAYOUT)
    classes, train = _samples(path / "train")
    test_classes, test = _samples(path / "test")
    _same_classes(root, classes, test_classes)
    if limit is not None:
        train = [train[i] for i in limit.positions([s.label for s in train])]
    samples = train + test
    with warnings.catch_warnings():  # here, not in the threads, which share the filters
        warnings.simplefilter("ignore")  # Pillow's are about metadata that is not used here
        width, height = (size, size) if size else _common_size(samples)
        require_memory(len(samples) * 3 * width * height, f"the {len(samples)} images below `{root}`")
        pixels = _decode_all(samples, (width, height), progress)
    labels = torch.tensor([s.label for s in samples])
    n = len(train)
    images = Images(pixels[:n], labels[:n]), Images(pixels[n:].clone(), labels[n:].clone())
    return evolve(from_images(path.name, *images, tuple(classes)), files=_digest(samples, path))


def _digest(samples: list[_Sample], root: Path) -> str:
    """Differs where images were added, renamed or taken away since."""
    names = "\0".join(Path(sample.path).relative_to(root).as_posix() for sample in samples)
    return blake2b(names.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def _samples(part: Path) -> tuple[list[str], list[_Sample]]:
    from torchvision.datasets import ImageFolder

    try:
        found = ImageFolder(str(part))
    except OSError as error:  # no class folder, an empty one, or no permission
        fail("NAS501", f"`{part}` cannot be used: {_one_line(error)}", help=_LAYOUT)
    return list(found.classes), [_Sample(file, label) for file, label in found.samples]


def _same_classes(root: str, train: list[str], test: list[str]) -> None:
    for here, there, name, other in ((train, test, "train", "test"), (test, train, "test", "train")):
        for word in here:
            if word not in there:
                fail(
                    "NAS501",
                    f"class `{word}` of `{root}` is in `{name}` and not in `{other}`",
                    help="give both parts the same class folders",
                )


def _common_size(samples: list[_Sample]) -> tuple[int, int]:
    first: tuple[str, tuple[int, int]] | None = None
    for sample, size in zip(samples, _in_threads(_size_of, samples), strict=True):
        first = first or (sample.path, size)
        if size != first[1]:
            fail(
                "NAS501",
                f"the images have several sizes: `{first[0]}` is {first[1][0]}x{first[1][1]}, "
                f"`{sample.path}` is {size[0]}x{size[1]}",
                help="give one with `--size N`; images are scaled and their middle is kept",
            )
    assert first is not None  # ImageFolder refuses empty folders
    return first[1]


def _decode_all(samples: list[_Sample], size: tuple[int, int], progress: Progress | None) -> torch.Tensor:
    width, height = size
    pixels = np.empty((len(samples), 3, height, width), dtype=np.uint8)
    for done, image in enumerate(_in_threads(partial(_decode, size=size), samples), start=1):
        pixels[done - 1] = image.transpose(2, 0, 1)
        if progress is not None:
            progress(done, len(samples))
    return torch.from_numpy(pixels)


def _in_threads(work: Callable[[_Sample], T], samples: list[_Sample]) -> Iterator[T]:
    """Results in the order of the samples, a window at a time so that few wait in memory."""
    with ThreadPoolExecutor(min(32, os.cpu_count() or 1)) as pool:
        for start in range(0, len(samples), 256):
            yield from pool.map(work, samples[start : start + 256])


def _size_of(sample: _Sample) -> tuple[int, int]:
    return _open(sample, lambda image: image.size)


def _decode(sample: _Sample, size: tuple[int, int]) -> NDArray[np.uint8]:
    def pixels(image: Image.Image) -> NDArray[np.uint8]:
        colour = image.convert("RGB")
        fitted = colour if colour.size == size else ImageOps.fit(colour, size, Image.Resampling.BILINEAR)
        return np.asarray(fitted)

    return _open(sample, pixels)


def _open(sample: _Sample, use: Callable[[Image.Image], T]) -> T:
    # Pillow reports bad files by all of these: SyntaxError for a broken PNG, ValueError for a closed one, ...
    bad = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)
    try:
        with Image.open(sample.path) as image:
            return use(image)
    except bad as error:
        raise ArchirError(
            Diagnostic(
                "NAS501",
                f"the image `{sample.path}` cannot be read: {_one_line(error)}",
                help="replace or remove the file; it may be cut short",
            )
        ) from error


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
