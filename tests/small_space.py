"""A space of two kinds of cells that trains in a blink, for tests of passes and lowerings."""

from __future__ import annotations

from pathlib import Path

from archir.ir.module import Module
from archir.ir.origin import Setting
from archir.ir.types import TensorType
from archir.sema import load_source
from archir.source import Source

CELLS = """
use ops

candidates few(stride = 1) = none(stride) | skip(stride) | max_pool_3x3(stride) | sep_conv_3x3: sep_conv(k=3, stride)
  | dil_conv_3x3: dil_conv(k=3, stride)

cell normal(a, b, channels) {
  x[0] = preprocess(a, channels, like=b)
  x[1] = preprocess(b, channels, like=b)
  for i in 2..4 { x[i] = choose few from x[0..i] keep 2 edges }
  return concat(x[2..4])
}

cell reduce(a, b, channels) {
  x[0] = preprocess(a, channels, like=b)
  x[1] = preprocess(b, channels, like=b)
  for i in 2..4 { x[i] = choose few(stride=2) from x[0..2] and few from x[2..i] keep 2 edges }
  return concat(x[2..4])
}
"""
NET = """
net small(image: tensor[3, 8, 8], channels = 4, classes = 4) {
  s = image |> conv(channels, k=3) |> batch_norm
  c[0] = normal(s, s, channels)
  c[1] = reduce(s, c[0], 2 * channels)
  c[2] = normal(c[0], c[1], 2 * channels)
  c[3] = normal(c[1], c[2], 2 * channels)
  return c[3] |> global_avg_pool |> linear(classes)
}
"""
TEXT = CELLS + NET


def small_space(**settings: Setting | TensorType) -> Module:
    """Three normal cells and a reducing one, four channels, 8x8 images."""
    return load_source(Source("small.nas", TEXT), Path.cwd(), None, settings)


def small_digits_space() -> Module:
    """The same for images of digits."""
    return small_space(image=TensorType((1, 8, 8)), classes=10)
