from __future__ import annotations

import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from archir.diagnostics import ArchirError, Diagnostic
from archir.search.data import Data, load_data, memory
from archir.search.data.limit import Limit
from archir.search.plan import data_facts
from tests.build import tensor


def refused(spec: str, size: int | None = None) -> Diagnostic:
    with pytest.raises(ArchirError) as error:
        load_data(spec, size=size)
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.code == "NAS501"
    assert diagnostic.help
    return diagnostic


def write_images(root: Path, *, size: tuple[int, int] = (12, 8), classes: str = "ab", count: int = 3) -> Path:
    source = np.random.default_rng(0)
    for part in ("train", "test"):
        for name in classes:
            folder = root / part / name
            folder.mkdir(parents=True)
            for i in range(count):
                pixels = source.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{i}.png")
    return root


def test_digits() -> None:
    data = load_data("digits")
    assert (len(data.train), len(data.test), data.type, data.classes) == (1437, 360, tensor(1, 8, 8), 10)
    assert data.train.pixels.dtype == torch.uint8
    assert data.train.pixels.max() == 255
    assert data.test.labels.bincount().tolist() == [36, 36, 35, 37, 36, 37, 36, 36, 35, 36]  # stratified
    again = load_data("digits", seed=5)  # the split does not depend on the seed
    assert torch.equal(again.test.pixels, data.test.pixels)
    levels = data.train.pixels.double() / 255
    assert data.mean == pytest.approx([float(levels.mean())], abs=1e-12)
    assert data.std == pytest.approx([float(levels.std(correction=0))], abs=1e-12)


def test_size_scales_images() -> None:
    data = load_data("digits", size=16)
    assert data.type == tensor(1, 16, 16)
    assert data.train.pixels.dtype == torch.uint8
    own = load_data("digits").train.pixels.float()
    expected = torch.nn.functional.interpolate(own, size=(16, 16), mode="bilinear")
    assert float((data.train.pixels.float() - expected).abs().max()) <= 1
    assert data.mean != load_data("digits").mean  # that of the scaled images


def test_fake_follows_the_seed_and_can_be_learned() -> None:
    data = load_data("fake", seed=1)
    assert (data.type, data.classes, len(data.train), len(data.test)) == (tensor(3, 32, 32), 4, 256, 64)
    assert torch.equal(load_data("fake", seed=1).train.pixels, data.train.pixels)
    assert not torch.equal(load_data("fake", seed=2).train.pixels, data.train.pixels)
    means = torch.stack([data.train.pixels[data.train.labels == c].float().mean(0) for c in range(4)])
    nearest = torch.cdist(data.test.pixels.float().flatten(1), means.flatten(1)).argmin(1)
    assert torch.equal(nearest, data.test.labels)


def test_folder_is_decoded_once_in_order(tmp_path: Path) -> None:
    root = write_images(tmp_path / "set")
    seen: list[tuple[int, int]] = []
    data = load_data(f"folder:{root}", progress=lambda done, total: seen.append((done, total)))
    assert (data.name, data.class_names, data.type) == ("set", ("a", "b"), tensor(3, 8, 12))
    assert data.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert seen == [(i, 12) for i in range(1, 13)]
    expected = np.asarray(Image.open(root / "test" / "b" / "2.png")).transpose(2, 0, 1)
    assert np.array_equal(data.test.pixels[5].numpy(), expected)


def test_a_folder_that_has_changed_is_told_from_what_it_was(tmp_path: Path) -> None:
    root = write_images(tmp_path / "set")
    before = data_facts(load_data(f"folder:{root}"))
    moved = (tmp_path / "elsewhere").mkdir() or root.rename(tmp_path / "elsewhere" / "set")
    assert data_facts(load_data(f"folder:{moved}")) == before
    (moved / "train" / "a" / "2.png").rename(moved / "train" / "a" / "new.png")  # as many as there were
    after = data_facts(load_data(f"folder:{moved}"))
    assert {name for name in after if after[name] != before[name]} == {"files"}
    assert "files" not in data_facts(load_data("digits"))


def test_folder_with_a_size_keeps_the_middle(tmp_path: Path) -> None:
    root = write_images(tmp_path)
    wide = np.zeros((8, 12, 3), dtype=np.uint8)
    wide[:, 2:10] = 200
    Image.fromarray(wide).save(root / "train" / "a" / "0.png")
    data = load_data(f"folder:{root}", size=8)
    assert data.type == tensor(3, 8, 8)
    assert data.train.pixels[0].unique().tolist() == [200]
    grey = Image.new("L", (30, 30), 7)
    grey.save(root / "train" / "a" / "0.png")
    assert load_data(f"folder:{root}", size=8).train.pixels[0].unique().tolist() == [7]  # grey becomes RGB


def test_unknown_names() -> None:
    diagnostic = refused("mnist")
    assert diagnostic.message == "there is no data set `mnist`"
    assert diagnostic.help == "use one of: digits, cifar10:DIR, cifar100:DIR, folder:DIR, fake"
    assert refused("digits:here").message == "there is no data set `digits:here`"
    assert refused("folder").help == "write `folder:DIR`"
    assert refused("cifar10:").help == "write `cifar10:DIR`"
    assert "scaled to 0 pixels" in refused("digits", size=0).message


def test_a_folder_that_lacks_something(tmp_path: Path) -> None:
    assert refused(f"folder:{tmp_path / 'no'}").message.startswith("there is no folder `")
    (tmp_path / "train").mkdir()
    diagnostic = refused(f"folder:{tmp_path}")
    assert diagnostic.message == f"`{tmp_path}` has no folder `test`"
    assert diagnostic.help == "an image folder holds train/CLASS/*.jpg and test/CLASS/*.jpg"
    (tmp_path / "test").mkdir()
    assert f"`{tmp_path / 'train'}` cannot be used" in refused(f"folder:{tmp_path}").message
    (tmp_path / "train" / "a").mkdir()
    assert "Found no valid file for the classes a" in refused(f"folder:{tmp_path}").message


def test_classes_that_differ(tmp_path: Path) -> None:
    root = write_images(tmp_path)
    (root / "test" / "b").rename(root / "test" / "c")
    assert refused(f"folder:{root}").message == f"class `b` of `{root}` is in `train` and not in `test`"


def test_images_of_several_sizes(tmp_path: Path) -> None:
    root = write_images(tmp_path)
    Image.new("RGB", (5, 6)).save(root / "test" / "b" / "2.png")
    diagnostic = refused(f"folder:{root}")
    assert diagnostic.message == (
        f"the images have several sizes: `{root}/train/a/0.png` is 12x8, `{root}/test/b/2.png` is 5x6"
    )
    assert "--size" in diagnostic.help


@pytest.mark.parametrize("size", [None, 4])
@pytest.mark.parametrize("damage", ["empty", "text", "truncated"])
def test_an_unreadable_image_is_named(tmp_path: Path, damage: str, size: int | None) -> None:
    root = write_images(tmp_path, size=(64, 64))
    bad = root / "train" / "b" / "1.png"
    whole = bad.read_bytes()
    bad.write_bytes({"empty": b"", "text": b"hello", "truncated": whole[: len(whole) // 2]}[damage])
    assert refused(f"folder:{root}", size).message.startswith(f"the image `{bad}` cannot be read: ")


def test_images_that_do_not_fit_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_images(tmp_path)
    monkeypatch.setattr(memory, "available_memory", lambda: 2**30)
    diagnostic = refused(f"folder:{root}", size=20_000)
    assert diagnostic.message == (
        f"the 12 images below `{root}` need 13.4 GiB of memory once decoded, and 1.0 GiB are available"
    )
    assert "--size" in diagnostic.help
    assert "need" in refused("digits", size=20_000).message


def test_available_memory_is_known_here() -> None:
    available = memory.available_memory()
    assert available is not None
    assert 2**20 < available < 2**50


def test_cifar_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError("network is unreachable")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    diagnostic = refused(f"cifar10:{tmp_path}")
    assert diagnostic.message.startswith(f"cifar10 is not in `{tmp_path}` and cannot be downloaded: ")
    assert "cifar-10-python.tar.gz" in diagnostic.help
    file = tmp_path / "file"
    file.write_text("")
    assert refused(f"cifar100:{file}").message == f"`{file}` is not a folder"


def test_cifar_from_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files in CIFAR-100's layout (that of CIFAR-10 is the same but for the batches); only the digests are left out."""
    import pickle

    from torchvision.datasets import CIFAR100

    base = tmp_path / CIFAR100.base_folder
    base.mkdir()
    for name, count in (("train", 6), ("test", 4)):
        pixels = np.arange(count * 3072, dtype=np.int64).reshape(count, 3072).astype(np.uint8)
        (base / name).write_bytes(pickle.dumps({"data": pixels, "fine_labels": list(range(count))}))
    (base / "meta").write_bytes(pickle.dumps({"fine_label_names": [f"c{i}" for i in range(100)]}))
    monkeypatch.setattr("torchvision.datasets.cifar.check_integrity", lambda *_: True)
    data = load_data(f"cifar100:{tmp_path}")
    assert (data.type, data.classes, len(data.train), len(data.test)) == (tensor(3, 32, 32), 100, 6, 4)
    assert data.train.pixels[0, 0, 0, :4].tolist() == [0, 1, 2, 3]  # channels first, as in the file
    assert data.train.labels.tolist() == list(range(6))


def by_class(data: Data) -> list[int]:
    return data.train.labels.bincount().tolist()  # type: ignore[no-any-return, no-untyped-call]


def test_a_limit_takes_as_many_of_each_class_in_order() -> None:
    whole, some, more = (load_data("fake", limit=n, seed=3) for n in (256, 42, 130))
    assert torch.equal(whole.train.pixels, load_data("fake", seed=3).train.pixels)
    assert sorted(by_class(some)) == [10, 10, 11, 11]
    assert torch.equal(some.test.pixels, whole.test.pixels)
    places = [
        [int((whole.train.pixels == p).flatten(1).all(1).nonzero()) for p in d.train.pixels] for d in (some, more)
    ]
    assert places[0] == sorted(places[0])
    assert set(places[0]) < set(places[1])
    assert some.mean == pytest.approx((some.train.pixels.double() / 255).mean((0, 2, 3)).tolist(), abs=1e-12)


def test_which_images_a_limit_takes_follows_the_seed() -> None:
    first, again, other = (load_data("digits", limit=100, seed=seed).train.pixels for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_where_a_class_has_too_few_images_others_give_more() -> None:
    labels = [0] * 20 + [1] * 3 + [2] * 20
    kept = [labels[i] for i in Limit(23).positions(labels)]
    assert [kept.count(c) for c in (0, 1, 2)] == [10, 3, 10]


def test_a_limit_reads_only_its_images(tmp_path: Path) -> None:
    root = write_images(tmp_path / "set", count=5)
    kept = Limit(4, seed=7).positions([0] * 5 + [1] * 5)
    for i in set(range(10)) - set(kept):
        (root / "train" / "ab"[i // 5] / f"{i % 5}.png").write_bytes(b"no image")
    data = load_data(f"folder:{root}", size=8, limit=4, seed=7)
    assert (by_class(data), len(data.test), data.spec) == ([2, 2], 10, f"folder:{root}")


@pytest.mark.parametrize("limit", [3, 257])
def test_a_limit_beyond_the_images_or_below_the_classes_is_refused(limit: int) -> None:
    with pytest.raises(ArchirError, match=f"{limit} images cannot be taken of 256") as error:
        load_data("fake", limit=limit)
    assert error.value.diagnostics[0].help == "give a `--limit` from 4 to 256"
