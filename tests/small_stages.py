"""A small space whose stages choose how many cells they have, for images of 8x8: cells are cheap, all else is there."""

from __future__ import annotations

from archir.ir.module import Module
from archir.sema import load_source
from archir.source import Source

TEXT = """
use ops

candidates links = none | skip | max_pool_3x3 | avg_pool_3x3
candidates inside = none | skip | conv_3x3: relu_conv_bn(k=3)

cell pair(prev2, prev1, channels) {
  x[0] = preprocess(prev2, channels, like=prev1)
  x[1] = preprocess(prev1, channels, like=prev1)
  x[2] = choose inside from x[0..2] keep 1 edge
  return concat(x[2], x[1])
}

cell plain(prev2, prev1, channels) {
  return concat(relu_conv_bn(prev2, channels, k=3), relu_conv_bn(prev1, channels, k=1))
}

stage row(prev2, prev1, channels, inner: cell, cells = 4, window = 3, least = 2) {
  width = inner.width(channels)
  c[0] = preprocess(prev2, width, like=prev1)
  c[1] = preprocess(prev1, width, like=prev1)
  for i in 2..cells + 2 {
    c[i] = inner(*choose links from c[max(0, i - window)..i] keep 2 edges, channels)
  }
  return concat(*choose adjacent 2 from c[least..cells + 2])
}

net rows(image: tensor[1, 8, 8], inner: cell = pair, channels = 2, cells = 4, window = 3, least = 2, classes = 10) {
  s1 = image |> conv(2 * channels, k=3) |> batch_norm
  s0 = s1
  for s in 0..2 {
    y = row@(s)(s0, s1, channels, inner=inner, cells=cells, window=window, least=least)
    s0, s1 = s1, max_pool(y, k=2, stride=2)
  }
  return s1 |> global_avg_pool |> linear(classes)
}
"""


def small_stages(**settings: int | str) -> Module:
    """The space at these settings."""
    return load_source(Source("rows.nas", TEXT), parameters=settings)
