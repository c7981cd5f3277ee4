from __future__ import annotations

import pytest
import torch

from archir.diagnostics import ArchirError
from archir.search.data import Augmentation, BatchStream, Images, split_train
from archir.search.data.augment import standard
from archir.search.data.batches import plain_batches
from archir.search.data.images import from_images
from archir.search.randomness import derive_seed, generator

PLAIN = Augmentation(0, False, 0, (0.0,), (1 / 255,))  # the inputs are the pixels' numbers


def images(count: int, channels: int = 1, side: int = 4) -> Images:
    """Image i is i everywhere."""
    pixels = torch.arange(count, dtype=torch.uint8).view(-1, 1, 1, 1).expand(count, channels, side, side)
    return Images(pixels.contiguous(), torch.arange(count))


def stream(count: int, size: int, *key: int | str) -> BatchStream:
    return BatchStream(images(count), PLAIN, size, key)


def test_each_image_comes_once_an_epoch() -> None:
    batches = list(stream(10, 4, 0).batches(0))
    assert [len(b) for b in batches] == [4, 4, 2]
    assert sorted(torch.cat([b.labels for b in batches]).tolist()) == list(range(10))
    for b in batches:  # pixels and labels stay together
        assert torch.allclose(b.inputs[:, 0, 0, 0], b.labels.float())


def test_a_last_image_alone_is_left_out() -> None:
    nine = stream(9, 4, 0)
    assert nine.steps == 2
    assert [len(b) for b in nine.batches(0)] == [4, 4]
    assert stream(10, 4, 0).steps == 3


def test_the_order_depends_on_key_and_epoch_alone() -> None:
    def order(epoch: int, *key: int | str) -> list[int]:
        return torch.cat([b.labels for b in stream(30, 10, *key).batches(epoch)]).tolist()

    torch.manual_seed(1)
    first = order(2, 0, 0, "weights")
    torch.manual_seed(2)
    assert order(2, 0, 0, "weights") == first
    assert (
        len({tuple(o) for o in (first, order(3, 0, 0, "weights"), order(2, 1, 0, "weights"), order(2, 0, 0, "arch"))})
        == 4
    )


def test_the_endless_stream_starts_over_in_another_order() -> None:
    endless = stream(8, 4, 0).endless(0)
    turns = [torch.cat([next(endless).labels, next(endless).labels]).tolist() for _ in range(3)]
    assert all(sorted(turn) == list(range(8)) for turn in turns)
    assert turns[0] != turns[1] != turns[2]


def test_augmentation_of_an_image_does_not_depend_on_the_batch_size() -> None:
    colour = Images(torch.randint(0, 256, (12, 3, 8, 8), dtype=torch.uint8), torch.arange(12))
    augmentation = Augmentation(4, True, 3, (0.5,) * 3, (0.25,) * 3)

    def by_label(size: int) -> torch.Tensor:
        batches = list(BatchStream(colour, augmentation, size, (0,)).batches(0))
        labels, inputs = torch.cat([b.labels for b in batches]), torch.cat([b.inputs for b in batches])
        return inputs[labels.argsort()]

    assert torch.equal(by_label(4), by_label(6))


def test_crops_and_flips_are_what_slicing_gives() -> None:
    pixels = torch.randint(0, 256, (64, 3, 6, 5), dtype=torch.uint8)
    augmentation = Augmentation(2, True, 0, (0.0,) * 3, (1 / 255,) * 3)
    draws = augmentation.draw(64, 6, 5, generator("test"))
    out = augmentation.apply(pixels, draws)
    padded = torch.nn.functional.pad(pixels, (2, 2, 2, 2))
    for i, (top, left, flip, _, _) in enumerate(draws.tolist()):
        expected = padded[i, :, top : top + 6, left : left + 5]
        expected = expected.flip(2) if flip else expected
        assert torch.allclose(out[i], expected.float(), atol=1e-3)
    assert draws[:, 0].unique().tolist() == [0, 1, 2, 3, 4]
    assert draws[:, 2].unique().tolist() == [0, 1]


def test_cutout_erases_a_square_around_a_pixel() -> None:
    augmentation = Augmentation(0, False, 4, (0.0,), (1.0,))
    white = torch.full((1, 1, 8, 8), 255, dtype=torch.uint8)
    inside = augmentation.apply(white, torch.tensor([[0, 0, 0, 4, 3]]))
    assert (inside[0, 0] == 0).nonzero().tolist() == [[y, x] for y in range(2, 6) for x in range(1, 5)]
    corner = augmentation.apply(white, torch.tensor([[0, 0, 0, 0, 7]]))
    assert int((corner == 0).sum()) == 2 * 3  # what stands over the border is lost
    assert float(inside.max()) == 1.0


def test_normalized_training_images_have_mean_0_and_deviation_1() -> None:
    torch.manual_seed(0)
    pixels = torch.randint(20, 90, (50, 3, 7, 7), dtype=torch.uint8)
    data = from_images("x", Images(pixels, torch.zeros(50, dtype=torch.int64)), images(2, 3, 7), ("a",))
    inputs = next(iter(plain_batches(data.train, standard(data), 50))).inputs
    assert inputs.mean((0, 2, 3)).tolist() == pytest.approx([0, 0, 0], abs=1e-5)
    assert inputs.std((0, 2, 3), correction=0).tolist() == pytest.approx([1, 1, 1], abs=1e-5)


def test_standard_augmentation() -> None:
    grey = from_images("x", images(3), images(2), ("a",))
    colour = from_images("x", images(3, 3), images(2, 3), ("a",))
    assert (standard(grey).pad, standard(grey).flip) == (1, False)
    assert (standard(colour).pad, standard(colour).flip) == (4, True)
    off = standard(colour, augment=False, cutout=16)
    assert (off.pad, off.flip, off.cutout) == (0, False, 16)


def test_split_is_a_partition_that_follows_the_seed() -> None:
    first, second = split_train(images(20), 0.75, 0)
    assert (len(first), len(second)) == (15, 5)
    assert sorted(first.labels.tolist() + second.labels.tolist()) == list(range(20))
    assert torch.equal(split_train(images(20), 0.75, 0)[1].labels, second.labels)
    assert not torch.equal(split_train(images(20), 0.75, 1)[1].labels, second.labels)
    whole, none = split_train(images(20), 1.0, 0)
    assert (len(whole), len(none)) == (20, 0)
    with pytest.raises(ArchirError, match=r"NAS501: 20 training images split at 0\.99 leave 0 for one part"):
        split_train(images(20), 0.99, 0)


def test_seeds_are_the_same_everywhere() -> None:
    assert derive_seed(0, "weights", 1) == 3756856523570118210
    assert len({derive_seed(1, 2), derive_seed(12), derive_seed("1", 2), derive_seed(2, 1)}) == 4
