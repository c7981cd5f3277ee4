from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from archir.diagnostics import ArchirError
from archir.show.scatter import Axis, Cloud, draw_scatter, save_scatter

ACROSS, UPWARDS = Axis("parameters", 4.8e6), Axis("multiply-adds", 3e8)


def clouds(count: int = 500, seed: int = 0) -> list[Cloud]:
    random = np.random.default_rng(seed)
    return [Cloud(f"temperature {t}", random.normal(size=(count, 2)) * t * [1e5, 1e7] + [4.8e6, 3e8]) for t in (5, 1)]


def test_the_same_clouds_give_the_same_bytes() -> None:
    first, again = (draw_scatter(clouds(), ACROSS, UPWARDS) for _ in range(2))
    assert first == again
    assert first != draw_scatter(clouds(seed=1), ACROSS, UPWARDS)
    assert first.startswith(b"<?xml")
    assert draw_scatter(clouds(), ACROSS, UPWARDS, "png").startswith(b"\x89PNG")


def test_a_picture_of_many_points_is_small() -> None:
    """Points are pixels: as shapes, these would be 4 MB."""
    assert len(draw_scatter(clouds(20_000), ACROSS, UPWARDS)) < 400_000


def test_points_lie_in_the_panels_and_one_point_is_enough() -> None:
    for points in (clouds()[0].points, np.array([[4.8e6, 3e8]]), np.zeros((0, 2))):
        picture = draw_scatter([Cloud("t", points)], ACROSS, UPWARDS, "png")
        pixels = image.imread(BytesIO(picture))[..., :3]
        blue = ((pixels[..., 2] - pixels[..., 0]) > 0.1).sum()
        assert (blue > 0) == (len(points) > 0)


def test_the_suffix_decides(tmp_path: Path) -> None:
    save_scatter(tmp_path / "a.png", clouds(), ACROSS, UPWARDS)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ArchirError, match=r"a\.pdf"):
        save_scatter(tmp_path / "a.pdf", clouds(), ACROSS, UPWARDS)
