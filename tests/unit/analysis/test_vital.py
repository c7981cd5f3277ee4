"""Vital blocks on chains by hand, and as HourNAS' tables mark them."""

from __future__ import annotations

import pytest

import archir
from archir.analysis.depth import dead_cells, depth
from archir.analysis.vital import vital_blocks
from archir.ir.graph import Call, Choice, Graph
from archir.ir.module import Module
from archir.sema import load_source
from archir.source import Source


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


def marks(module: Module) -> dict[int, list[bool]]:
    """Vital or not, by the output channels of each block of the chain."""
    vital = vital_blocks(module.graph)
    found: dict[int, list[bool]] = {}
    for node in module.graph.nodes:
        if (
            node.name in vital
            and isinstance(node, Choice | Call)
            and (isinstance(node, Choice) or "mbconv" in node.graph.name)
        ):
            found.setdefault(node.type.channels, []).append(vital[node.name])
    return found


FBNET = {16: [False]} | {n: [True, False, False, False] for n in (24, 32, 64, 112, 184)} | {352: [True]}


@pytest.mark.parametrize("name", ["fbnet", "hournas_b", "hournas_g", "hournas_i", "fbnet_max"])
def test_the_vital_column_of_table_9(name: str) -> None:
    # a block that was skipped has left the network: what is left of a stage is the vital one, then others
    module = archir.load(name)
    found = marks(module)
    for channels, column in FBNET.items():
        assert found[channels] == column[: len(found[channels])]
    assert sum(len(column) for column in found.values()) == 22 - {"hournas_b": 1}.get(name, 0)


def test_the_stem_and_the_head_are_vital() -> None:
    module = archir.load("hournas_a")
    vital = vital_blocks(module.graph)
    names = list(vital)
    assert vital[names[0]]
    assert vital[names[-1]]
    assert vital[names[-2]]
    assert sum(vital.values()) == 3 + 6


def test_mobilenet_v2_has_a_vital_block_where_channels_change() -> None:
    blocks = list(marks(archir.load("mobilenet_v2")).values())
    assert [column[0] for column in blocks] == [True] * 7  # Table 7: layer1_1 has 32 channels before it, so it is vital
    assert not any(v for column in blocks for v in column[1:])


def stage(edges: dict[int, tuple[int, int]], outputs: tuple[int, int]) -> Graph:
    rows = "\n".join(f"  c[{i}] = node(c[{a}], c[{b}])" for i, (a, b) in edges.items())
    module = load(f"""
cell node(x, y) {{ return conv(x) + conv(y) }}
stage s(x, y) {{
  c[0] = x
  c[1] = y
{rows}
  return concat(c[{outputs[0]}], c[{outputs[1]}])
}}
net n(image: tensor[4, 8, 8]) {{
  z = s(image, relu(image))
  return z |> global_avg_pool |> linear(10)
}}
""")
    (call,) = (n for n in module.graph.nodes if isinstance(n, Call) and n.graph.kind == "stage")
    return call.graph


def test_depth_and_dead_cells_of_stages_by_hand() -> None:
    wide = stage({2: (0, 1), 3: (0, 1), 4: (0, 1), 5: (0, 1), 6: (0, 2), 7: (0, 1)}, (6, 7))
    assert depth(wide) == 2
    assert dead_cells(wide) == ("c.3", "c.4", "c.5")
    chain = stage({i: (i - 2, i - 1) for i in range(2, 8)}, (6, 7))
    assert depth(chain) == 6
    assert dead_cells(chain) == ()


@pytest.mark.parametrize(
    ("window", "edges", "dead", "cells"),
    [
        (7, {2: (0, 1), 3: (0, 1), 4: (0, 1), 5: (0, 1), 6: (0, 1), 7: (0, 6)}, 4, 2),
        (4, {2: (0, 1), 3: (0, 1), 4: (0, 2), 5: (1, 2), 6: (2, 3), 7: (3, 4)}, 1, 3),
        (3, {2: (0, 1), 3: (0, 1), 4: (2, 3), 5: (3, 4), 6: (4, 5), 7: (5, 6)}, 0, 5),
    ],
)
def test_structures_with_the_numbers_of_h_das_table_4(
    window: int, edges: dict[int, tuple[int, int]], dead: int, cells: int
) -> None:
    assert all(i - window <= source < i for i, sources in edges.items() for source in sources)
    graph = stage(edges, (6, 7))
    assert (len(dead_cells(graph)), depth(graph)) == (dead, cells)
