"""Depth and dead cells of stages: by hand, and on the stages of Hs-DAS."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, product
from pathlib import Path
from random import Random

import pytest
from attrs import evolve

import archir
from archir.analysis.depth import dead_cells, depth, is_cell, mean_depth, stages
from archir.ir.graph import Call, Graph
from archir.ir.module import Module
from archir.ir.point import Kept, Point
from archir.passes.fix import fixed
from archir.sema import load_source
from archir.sema.specialize import print_source
from archir.source import Source
from archir.space.space import space_of

Pair = tuple[int, int]


def load(text: str) -> Module:
    return load_source(Source("space", "use ops\n" + text))


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
    # three paths through c[6], one from c[0] and two by c[2]; two through c[7]
    assert mean_depth(wide) == Fraction(1 + 2 + 2 + 1 + 1, 5)
    chain = stage({i: (i - 2, i - 1) for i in range(2, 8)}, (6, 7))
    assert depth(chain) == 6
    assert dead_cells(chain) == ()
    assert mean_depth(chain) < 6
    assert [mean_depth(stage({2: (0, 1), 3: pair}, (2, 3))) for pair in ((0, 1), (0, 2))] == [1, Fraction(7, 5)]


def structures(window: int, cells: int = 6) -> Iterator[tuple[Pair, ...]]:
    """All ways to give each cell of a stage two predecessors among the `window` nodes before it."""
    yield from product(*(combinations(range(max(0, i - window), i), 2) for i in range(2, cells + 2)))


def with_structures(window: int, *wanted: tuple[Pair, ...]) -> Module:
    """A network of the space Hs-DAS whose three stages have these structures; between cells it skips."""
    space = archir.load("hs_das", channels=4, window=window)

    def kept(key: str, before: tuple[Kept, ...]) -> tuple[Kept, ...]:
        if not key.startswith("macro."):
            return before
        _, s, _, i, _ = key.split(".")
        first = max(0, int(i) - window)
        return tuple(Kept(source - first, "skip") for source in wanted[int(s)][int(i) - 2])

    drawn = space_of(space).sample(Random(4))
    return fixed(space, Point(tuple((key, kept(key, before)) for key, before in drawn.choices)))


# Table 4 of H-DAS prints dead cells and depth of the three structures of Figure 3, 6 cells each. The edges are drawn
# in the figure and said nowhere, so these are read from the numbers. For m = 7 the living part follows from them but
# for one thing, which of the stage's inputs the last cell reads; for m = 4 and m = 3 many structures have the numbers.
FIGURE_3 = {
    7: (((0, 1), (0, 1), (0, 1), (0, 1), (0, 1), (0, 6)), 4, 2),
    4: (((0, 1), (0, 1), (0, 2), (1, 2), (2, 3), (3, 4)), 1, 3),
    3: (((0, 1), (0, 1), (2, 3), (3, 4), (4, 5), (5, 6)), 0, 5),
}


@pytest.mark.parametrize("window", FIGURE_3)
def test_table_4_of_h_das(window: int, tmp_path: Path) -> None:
    edges, dead, longest = FIGURE_3[window]
    network = with_structures(window, edges, edges, edges)
    (tmp_path / "net.nas").write_text(print_source(network), "utf-8")
    for module in (network, archir.load(tmp_path / "net.nas")):
        found = [graph for _, graph in stages(module.graph)]
        assert [(len(dead_cells(g)), depth(g)) for g in found] == [(dead, longest)] * 3


def shape(edges: tuple[Pair, ...], like: Graph) -> Graph:
    """A derived stage with other predecessors for its cells."""
    sources, names = iter(edges), ("c.0", "c.1", *(f"c.{i}.normal" for i in range(2, 8)))
    return evolve(
        like,
        nodes=tuple(
            evolve(n, operands=tuple(names[j] for j in next(sources))) if is_cell(n) else n for n in like.nodes
        ),
    )


@pytest.mark.parametrize(
    ("window", "all_", "fitting", "living", "most_dead", "least_depth"),
    [(7, 56_700, 360, 2, 4, 1), (4, 3_888, 432, 113, 2, 2), (3, 243, 84, 84, 2, 3)],
)
def test_what_table_4_says_of_figure_3_and_what_a_window_ensures(
    window: int, all_: int, fitting: int, living: int, most_dead: int, least_depth: int
) -> None:
    """Among all structures: those with the numbers of Table 4, and in how many ways what is alive in them can look.

    And Rule 3: the smaller the window, the fewer cells can be dead, and the deeper the shallowest stage.
    """
    first = FIGURE_3[window][0]
    like = dict(stages(with_structures(window, first, first, first).graph))["y.0"]
    count, fits, alive, dead_most, depth_least = 0, 0, set(), 0, 6
    for edges in structures(window):
        graph = shape(edges, like)
        dead, longest = dead_cells(graph), depth(graph)
        count, dead_most, depth_least = count + 1, max(dead_most, len(dead)), min(depth_least, longest)
        if (len(dead), longest) == FIGURE_3[window][1:]:
            fits += 1
            alive.add(tuple((i, pair) for i, pair in enumerate(edges, 2) if f"c.{i}.normal" not in dead))
    assert (count, fits, len(alive), dead_most, depth_least) == (all_, fitting, living, most_dead, least_depth)
    if window == 7:
        assert alive == {((6, (0, 1)), (7, (source, 6))) for source in (0, 1)}
