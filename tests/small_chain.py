"""A chain of residual blocks that trains in a blink: six layers, three of which are vital."""

from __future__ import annotations

from archir.ir.module import Module
from archir.ir.origin import Setting
from archir.ir.types import TensorType
from archir.sema import load_source
from archir.source import Source

TEXT = """
use ops

candidates few(out, stride) = mbconv(k={3, 5}, e={1, 3}, out, stride) | skip: identity(out, stride) when legal

block row(x, out) {
  x = choose few(out=out, stride=1) from x keep 1 op
  return relu(x)
}

net chain(image: tensor[3, 8, 8], width = 4, classes = 4) {
  x = conv_bn_relu(image, width, k=3)
  for (out, n, s) in [(width, 1, 1), (2 * width, 2, 2), (3 * width, 2, 2)] {
    for i in 0..n { x = choose few(out=out, stride=s if i == 0 else 1) from x keep 1 op }
  }
  x = row(x, 5 * width)
  return x |> global_avg_pool |> linear(classes)
}
"""
VITAL = ("chain.x_1.1.0", "chain.x_1.2.0", "row.x_1")
"""The choices that change shapes, where nothing can be skipped; the last one stands inside a block."""
OTHERS = ("chain.x_1.0.0", "chain.x_1.1.1", "chain.x_1.2.1")


def small_chain(**settings: Setting | TensorType) -> Module:
    """Four channels, 8x8 images."""
    return load_source(Source("chain.nas", TEXT), parameters=settings)
