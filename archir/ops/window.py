"""The size of what a sliding window leaves."""

from __future__ import annotations

from archir.ir.primitive import ShapeError
from archir.ir.types import TensorType


def expect_map(x: TensorType) -> TensorType:
    """The type itself if it is a feature map; raises `ShapeError` otherwise."""
    if not x.is_map:
        raise ShapeError(f"needs a feature map, found {x}; put it before `global_avg_pool`")
    return x


def window_size(
    x: TensorType,
    k: tuple[int, int],
    stride: tuple[int, int],
    pad: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
) -> tuple[int, int]:
    """Rows and columns that a window of `k` taps leaves; raises `ShapeError` if none."""
    sizes = []
    for n, taps, step, margin, spread in zip((x.height, x.width), k, stride, pad, dilation, strict=True):
        room = n + 2 * margin - (taps - 1) * spread - 1
        if room < 0:
            window = f"a window of {(taps - 1) * spread + 1}"
            raise ShapeError(f"{window} does not fit into {x} padded by {margin}; use a smaller `k`, or a larger `pad`")
        sizes.append(room // step + 1)
    return sizes[0], sizes[1]
