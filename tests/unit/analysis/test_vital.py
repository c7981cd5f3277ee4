"""Vital blocks on chains by hand, and as HourNAS' tables mark them."""

from __future__ import annotations

import pytest

import archir
from archir.analysis.vital import vital_blocks
from archir.ir.module import Module
from archir.sema import load_source
from archir.source import Source
from tests.unit.analysis.test_cost import RESNET50


def load(text: str) -> Module:
    return load_source(Source("space", "use ops\n" + text))


CHAIN = """
block inner(x) { y = conv(x)
  return y + x }
block twice(x) { y = inner(inner(x))
  return y }
block parallel(x) { return conv(x, k=1) + conv(x, k=3) }
candidates some = wide: conv(k=3) | skip
candidates all = wide: conv(k=3) | narrow: conv
net chain(image: tensor[4, 8, 8]) {
  stem = conv(image, 4)
  a = inner(stem)
  b = twice(a)
  c = parallel(b)
  d = choose some from c keep 1 op
  e = choose all from d keep 1 op
  f = conv(e, 4)
  g = f + e
  h = relu(g)
  return h |> global_avg_pool |> linear(10)
}
"""


def test_a_chain_by_hand() -> None:
    assert vital_blocks(load(CHAIN).graph) == {
        "stem": True,
        "a": False,  # a residual inside
        "b": False,  # residuals inside, one behind the other
        "c": True,  # parallel branches bypass each other, together they cut
        "d": False,  # one alternative is a skip
        "e": True,
        "f": False,  # a shortcut around it
        "linear": True,
    }


def test_none_lets_nothing_pass() -> None:
    text = CHAIN.replace("candidates some = wide: conv(k=3) | skip", "candidates some = wide: conv(k=3) | none")
    assert vital_blocks(load(text).graph)["d"]


COLUMN = {  # HourNAS: the column Vital (V) or Non-Vital (N), from the first convolution to the last block, by stages
    "7": "V V VN VNN VNNN VNN VNN V",
    "9": "V N VNNN VNNN VNNN VNNN VNNN V",
    "11": "V N VNNN VNNN VNNN VNNN VNNN V",
    "13": "V V VNNN VNNN VNNN VNNN VNNN V",
    "15": "V V VNNN VNNN VNNN VNNN VNNN V",
}
# Misprint: Table 11 marks layer1_1 vital. Like that of Table 9, its input has the shape of its output, so that its
# shortcut goes around it, and Table 11's own HourNAS-C skips it. Nothing is printed there for the first convolution.
TABLE = {
    "mobilenet_v2": "7", "fbnet": "9", "hournas_a": "9", "hournas_b": "9", "hournas_g": "9", "hournas_i": "9",
    "fbnet_k7": "11", "hournas_c": "11", "hournas_d": "11", "hournas_h": "11", "mnasnet": "13", "hournas_e": "13",
    "mnasnet_a1": "13", "efficientnet": "15", "hournas_f": "15", "efficientnet_max": "15",
}  # fmt: skip
SKIPPED = {  # stages in which a column of the table says skip, once for each
    "hournas_a": [2], "hournas_b": [2], "hournas_c": [1, 2], "mnasnet_a1": [2, 2, 3, 5, 5, 6],
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_the_vital_columns_of_hournas(name: str) -> None:
    stages = COLUMN[TABLE[name]].split()
    for stage in SKIPPED.get(name, ()):  # a block that was skipped has left the network; it was not vital
        assert stages[stage][-1] == "N"
        stages[stage] = stages[stage][:-1]
    vital = vital_blocks(archir.load(name).graph).values()
    # Behind the last block of the tables come a convolution and the classifier: vital, section 3.1.
    assert "".join("NV"[v] for v in vital) == "".join(stages) + "VV"


TABLE_6 = """
use fbnet
net sensitivity(image: tensor[3, 224, 224], classes = 100) {
  x = conv_bn_relu(image, 16, k=3, stride=2)
  for (out, n, s) in [(16, 1, 1), (24, 2, 2), (32, 2, 2), (64, 2, 2), (112, 2, 1), (184, 2, 2), (352, 1, 1)] {
    for i in 0..n { x = choose fbnet_ops(out=out, stride=s if i == 0 else 1) from x keep 1 op }
  }
  return x |> conv_bn_relu(1984) |> global_avg_pool |> linear(classes)
}
"""


def test_the_vital_column_of_table_6() -> None:
    """FBNet with two blocks a stage; the first and the last layers have no mark there."""
    vital = list(vital_blocks(load(TABLE_6).graph).values())
    assert len(vital) == 1 + 12 + 2
    assert "".join("NV"[v] for v in vital[1:-2]) == "N" + "VN" * 5 + "V"


def test_resnet_50() -> None:
    """Section 3.1: the first convolution, the last layer, and the blocks that change the shape; 3, 4, 6, 3 of them."""
    vital = vital_blocks(load(RESNET50).graph).values()
    assert "".join("NV"[v] for v in vital) == "V" + "VNN" + "VNNN" + "VNNNNN" + "VNN" + "V"


def test_the_blocks_of_a_cell_space_are_bypassed_but_for_the_last() -> None:
    """Each cell of DARTS reads the two before it, so any one of them can be gone around."""
    vital = vital_blocks(archir.load("darts").graph)
    assert [name for name, found in vital.items() if found] == ["s1.conv", "s1.batch_norm", "cell.7", "linear"]
