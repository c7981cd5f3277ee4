"""The sizes of the shipped spaces: exactly, and rounded as the papers print them."""

from __future__ import annotations

from math import log10

import pytest

import archir
from archir.sema import load_source
from archir.source import Source
from archir.space.space import space_of

CELL = 49 * 3 * 49 * 6 * 49 * 10 * 49
"""DARTS: two of 2, 3, 4, 5 edges, each with one of seven operations."""
ANY = [2 ** (7 * edges) - 1 for edges in (2, 3, 4, 5)]
SIZES = {  # the exact size, and the power of ten that is printed, if one is
    "darts": (CELL**2, 18),
    "darts_imagenet": (CELL**2, 18),
    "hc_das": (CELL**5, 45),
    # H-DAS 6.2: three stages of 6 cells with window 3, 10^24, and DARTS' cells.
    "hs_das": (3**51 * CELL**2, 42),
    # 4 to 8 cells a stage, 10^33 without the inside of the cells (test_adjacent.py).
    "hs_das_cells": (sum(3 ** (3 * cells - 1) for cells in range(4, 9)) ** 3 * CELL**2, 51),
    "nasbench201": (15_625, None),
    "hmnas": ((ANY[0] * ANY[1] * ANY[2] * ANY[3]) ** 2, None),
    "robust_darts_s2": ((4 * 1 * 4 * 3 * 4 * 6 * 4 * 10) ** 2, None),
    "robust_darts_s3": ((4 * 1 * 4 * 3 * 4 * 6 * 4 * 10) ** 2, None),
    "fbnet": (8**6 * 9**16, None),
    "fbnet_k7": (9**6 * 10**16, None),
    "mnasnet": (12**6 * 13**15, None),
    "efficientnet": (6**7 * 7**15, None),
}


@pytest.mark.parametrize("name", SIZES)
def test_sizes_of_shipped_spaces(name: str) -> None:
    exact, printed = SIZES[name]
    space = space_of(archir.load(name))
    assert space.size == exact
    if printed is not None:
        assert round(log10(exact)) == printed


def test_the_stages_of_hs_das_alone_have_3_to_the_51_networks() -> None:
    sizes = space_of(archir.load("hs_das")).sizes
    stages = 1
    for key, size in sizes.items():
        stages *= size if key.startswith("macro.") else 1
    assert stages == 3**51
    assert round(log10(stages)) == 24


def test_hs_das_without_a_window() -> None:
    """Printed is (10^10)^3 x (10^9)^2 = 10^42: the product is 10^48, exactly 2.9e49; 10^42 holds with the window."""
    size = space_of(archir.load("hs_das", window=7)).size
    stage = 9**6 * 1 * 3 * 6 * 10 * 15 * 21
    assert size == stage**3 * CELL**2
    assert (f"{stage:.1e}", f"{CELL:.1e}", f"{size:.1e}") == ("3.0e+10", "1.0e+09", "2.9e+49")


FBNET_9_TO_THE_22 = """
use fbnet
# Also where the shape changes there is a ninth block, which skips as far as it can: a 1x1 convolution.
block skip_or_fit(x, out, stride) {
  if stride == 1 and out == x.channels { return x } else { return conv(x, out, stride=stride) }
}
candidates nine(out, stride) =
    mbconv(k={3, 5}, e={1, 3, 6}, out, stride)
  | mbconv_g2: mbconv(k={3, 5}, e=1, groups=2, out, stride)
  | skip: skip_or_fit(out, stride)
net fbnet_nine(image: tensor[3, 64, 64], classes = 1000) {
  x = conv_bn_relu(image, 16, k=3, stride=2)
  for (out, n, s) in [(16, 1, 1), (24, 4, 2), (32, 4, 2), (64, 4, 2), (112, 4, 1), (184, 4, 2), (352, 1, 1)] {
    for i in 0..n { x = choose nine(out=out, stride=s if i == 0 else 1) from x keep 1 op }
  }
  return x |> conv_bn_relu(1984) |> global_avg_pool |> linear(classes)
}
"""


def test_fbnet_as_its_authors_count_it() -> None:
    """9^22, with skip in the six layers that change the shape, too."""
    assert space_of(load_source(Source("space", "use ops\n" + FBNET_9_TO_THE_22))).size == 9**22
