"""What a cell's picture says, read off its graph."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from archir import load
from archir.analysis.depth import dead_cells, stages
from archir.ir.graph import Graph
from archir.ops.conv import Conv
from archir.ops.layout import Concat, Zero
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Add, Mul, Relu, Scale
from archir.passes import run_pipeline
from archir.passes.fix import fixed
from archir.sema import load_source
from archir.sema.specialize import print_source
from archir.show import Drawing, cells_of, drawing_of, drawings_of
from archir.show.read import OUTPUT
from archir.source import Source
from archir.space.points import random_point
from tests.build import Builder, derived_cell, max_pool, net, preprocess, searched_cell, sep_conv, tensor

MAP = tensor(4, 8, 8)


def arrows(drawing: Drawing) -> list[str]:
    """`source -label-> target` with the labels of the boxes."""
    name = {box.name: box.label for box in drawing.boxes}
    return [f"{name[a.source]} -{'+'.join(m.text for m in a.marks)}-> {name[a.target]}" for a in drawing.arrows]


def labels(drawing: Drawing) -> list[str]:
    return [box.label for box in drawing.boxes]


def cell(*steps: object, output: str | None = None) -> Graph:
    """A cell of one input `x` from (name, primitive or graph, operands...)."""
    b = Builder("normal", "cell", x=MAP)
    last = "x"
    for step in steps:
        name, what, *operands = step  # type: ignore[misc]
        last = b.call(name, what, *operands) if isinstance(what, Graph) else b.op(name, what, *operands)
    return b.done(output or last)


def test_darts_v2_is_the_published_picture(root: Path) -> None:
    net, normal, reduce = drawings_of(load(root / "spaces" / "nets" / "darts_v2.nas"))
    assert net.title == "darts_v2"
    assert (normal.title, reduce.title) == ("normal", "reduce")
    assert labels(normal) == labels(reduce) == ["c_{k-2}", "c_{k-1}", "0", "1", "2", "3", "c_{k}"]
    assert arrows(normal)[:8] == [
        "c_{k-2} -sep_conv_3x3-> 0",
        "c_{k-1} -sep_conv_3x3-> 0",
        "c_{k-2} -sep_conv_3x3-> 1",
        "c_{k-1} -sep_conv_3x3-> 1",
        "c_{k-1} -sep_conv_3x3-> 2",
        "c_{k-2} -skip-> 2",
        "c_{k-2} -skip-> 3",
        "0 -dil_conv_3x3-> 3",
    ]
    assert arrows(normal)[8:] == [f"{i} --> c_{{k}}" for i in range(4)]
    assert arrows(reduce)[:4] == [
        "c_{k-2} -max_pool_3x3-> 0",
        "c_{k-1} -max_pool_3x3-> 0",
        "0 -skip-> 1",
        "c_{k-1} -max_pool_3x3-> 1",
    ]
    assert {a.family for a in normal.arrows} == {"separable", "dilated", "skip", "plain"}
    assert {a.family for a in reduce.arrows} == {"pool", "skip", "plain"}


def test_a_point_of_the_space_is_drawn_as_it_was_chosen(root: Path) -> None:
    module = load(root / "spaces" / "darts.nas")
    point = random_point(module, Random(3))
    for drawing in cells_of(fixed(module, point).graph):
        name = {box.name: box.label for box in drawing.boxes}
        drawn = {(name[a.source], name[a.target], m.text) for a in drawing.arrows for m in a.marks}
        values = ["c_{k-2}", "c_{k-1}", "0", "1", "2", "3"]
        chosen = {
            (values[k.edge], str(i), k.operation)
            for i in range(4)
            for k in point.kept(f"{drawing.title}.x.{i + 2}") or ()
        }
        assert drawn == chosen


def test_a_space_says_once_what_all_edges_have(root: Path) -> None:
    (cell,) = cells_of(load(root / "spaces" / "darts.nas").graph)
    assert cell.title == "normal, reduce"
    assert [(len(a.marks), a.family) for a in cell.arrows if a.target != OUTPUT] == [(0, "choice")] * 14
    assert cell.notes == (
        "on each edge: none, max_pool_3x3, avg_pool_3x3, skip, sep_conv_3x3, sep_conv_5x5, dil_conv_3x3, dil_conv_5x5",
        "keep 2 edges into each node",
    )


def test_instances_that_look_alike_are_drawn_once(root: Path) -> None:
    assert [d.title for d in cells_of(net(cells=[False, False, True, False]))] == ["normal, reduce"]
    assert [d.title for d in cells_of(net(cells=[False], derived=True))] == ["normal"]
    assert [d.title for d in cells_of(load(root / "spaces" / "hc_das.nas").graph)] == ["normal@0, @1, @2, reduce@0, @1"]
    tagged = "net n(image: tensor[2, 4, 4]) { for i in 0..9 { image = c@(i)(image) }\n  return global_avg_pool(image) }"
    text = f"use ops\ncandidates d = skip | relu\ncell c(x) {{ return choose d from x keep 1 op }}\n{tagged}"
    assert cells_of(load_source(Source("n.nas", text), None, None, {}).graph)[0].title == "c@0, @1, ..., @8"


MIXED = """
use ops
candidates two = skip | sep_conv_3x3: sep_conv(k=3)
candidates four(stride = 1) = none | skip | max_pool_3x3 | avg_pool_3x3
candidates more = none | skip | max_pool_3x3 | relu
cell c(a, b) {
  y = choose two from a and four from b keep 1 edge
  z = choose more from y keep any edges
  return y + z
}
net n(image: tensor[4, 8, 8]) { return c(image, image) |> global_avg_pool |> linear(2) }
"""


def test_where_edges_differ_they_say_what_they_have() -> None:
    (drawing,) = cells_of(load_source(Source("n.nas", MIXED), None, None, {}).graph)
    assert arrows(drawing)[:3] == [
        "c_{k-2} -skip+sep_conv_3x3-> 0",
        "c_{k-1} -4 ops (1)-> 0",
        "0 -4 ops (2)-> 1",
    ]
    assert [box.detail for box in drawing.boxes if box.role == "node"][:2] == ["keep 1 edge", "keep any edges"]
    assert drawing.notes == (
        "4 ops (1): none, skip, max_pool_3x3, avg_pool_3x3",
        "4 ops (2): none, skip, max_pool_3x3, relu",
    )


def test_reduction_by_a_convolution_is_still_a_skip() -> None:
    drawing = drawing_of(derived_cell(MAP, MAP, 4, reduce=True))
    assert "c_{k-1} -skip-> 0" in arrows(drawing)
    assert {m.family for a in drawing.arrows for m in a.marks if m.text == "skip"} == {"skip"}


def test_searched_cell_of_other_size() -> None:
    assert labels(drawing_of(searched_cell(MAP, MAP, 4, nodes=3))) == ["c_{k-2}", "c_{k-1}", "0", "1", "2", "c_{k}"]


def test_single_operation_that_was_kept() -> None:
    chain = cell(("a.0.sep_conv_3x3", sep_conv(MAP, 3), "x"), ("b.0.max_pool_3x3", max_pool(MAP), "a.0.sep_conv_3x3"))
    drawing = drawing_of(chain)
    assert [box.name for box in drawing.boxes] == ["x", "a", "b", "(output)"]
    assert arrows(drawing) == ["x -sep_conv_3x3-> 0", "0 -max_pool_3x3-> 1", "1 --> c_{k}"]


def test_two_operations_on_an_edge_and_coefficients() -> None:
    steps = (
        ("p", preprocess(MAP, 4, MAP), "x"),
        ("y.0.sep_conv_3x3", sep_conv(MAP, 3), "p"),
        ("y.0.sep_conv_3x3_scale", Scale(0.5), "y.0.sep_conv_3x3"),
        ("y.0.skip_scale", Scale(0.25), "p"),
        ("y.add", Add(), "y.0.sep_conv_3x3_scale", "y.0.skip_scale"),
    )
    drawing = drawing_of(cell(*steps))
    assert arrows(drawing) == ["x -0.50 sep_conv_3x3+0.25 skip-> 0", "0 --> c_{k}"]
    assert [m.family for m in drawing.arrows[0].marks] == ["separable", "skip"]


def test_a_skip_of_a_network_in_text_is_called_so_behind_its_coefficient() -> None:
    """There the scales are numbered, and nothing else is left of the operation."""
    steps = (("y.scale", Scale(0.5), "x"), ("y.scale_2", Scale(0.25), "x"), ("y.add", Add(), "y.scale", "y.scale_2"))
    assert arrows(drawing_of(cell(*steps)))[0] == "x -0.50 skip+0.25 skip-> 0"


def test_operations_written_out_become_one_arrow() -> None:
    steps = (
        ("y.relu", Relu(), "x"),
        ("y.conv", Conv(k=5), "y.relu"),
        ("y.batch_norm", BatchNorm(), "y.conv"),
        ("y.add", Add(), "y.batch_norm", "x"),
    )
    drawing = drawing_of(cell(*steps))
    assert arrows(drawing) == ["x -conv_5x5+skip-> 0", "0 --> c_{k}"]
    assert [m.family for m in drawing.arrows[0].marks] == ["conv", "skip"]


def test_what_follows_the_concatenation_belongs_to_the_output() -> None:
    steps = (
        ("a.add", Add(), "x", "x"),
        ("b.add", Add(), "a.add", "x"),
        ("concat", Concat(), "a.add", "b.add"),
        ("conv", Conv(out=4), "concat"),
    )
    drawing = drawing_of(cell(*steps))
    assert labels(drawing) == ["x", "0", "1", "c_{k}"]
    assert arrows(drawing)[-2:] == ["0 --> c_{k}", "1 --> c_{k}"]


def test_value_that_is_used_behind_the_concatenation_has_a_box() -> None:
    steps = (
        ("a.add", Add(), "x", "x"),
        ("concat", Concat(), "a.add", "x"),
        ("left", Conv(out=4), "concat"),
        ("right", Conv(out=4), "concat"),
        ("product", Mul(), "left", "right"),
    )
    assert labels(drawing_of(cell(*steps))) == ["x", "0", "concat", "1", "2", "mul", "c_{k}"]


def test_zeros_and_unused_values() -> None:
    steps = (("a.0.none", cell_of_zero(), "x"), ("dead.add", Add(), "x", "x"), ("y.add", Add(), "a.0.none", "x"))
    drawing = drawing_of(cell(*steps))
    assert [a.family for a in drawing.arrows if a.marks and a.marks[0].text == "none"] == ["none"]
    assert len(drawing.boxes) == 5
    assert [(box.name, box.detail) for box in drawing.boxes if box.dead] == [("dead.add", "dead")]


def cell_of_zero() -> Graph:
    b = Builder("none", "block", x=MAP)
    return b.done(b.op("zero", Zero(), "x"))


def test_identity_cell() -> None:
    assert arrows(drawing_of(cell())) == ["x --> c_{k}"]


@pytest.mark.parametrize("scaled", [False, True])
def test_stage_of_cells(scaled: bool) -> None:
    inner = derived_cell(MAP, MAP, 2)
    b = Builder("macro", "stage", prev2=MAP, prev1=MAP)
    values = [b.call("c.0", preprocess(MAP, 4, MAP), "prev2"), b.call("c.1", preprocess(MAP, 4, MAP), "prev1")]
    for i in (2, 3):
        link = b.call(f"c.{i}.0.max_pool_3x3", max_pool(MAP), values[i - 2])
        if scaled:
            link = b.op(f"c.{i}.0.max_pool_3x3_scale", Scale(0.5), link)
        values.append(b.call(f"c.{i}.inner", inner, link, values[i - 1]))
    drawing = drawing_of(b.done(b.op("concat", Concat(), *values[2:])))
    pool = "0.50 max_pool_3x3" if scaled else "max_pool_3x3"
    assert labels(drawing) == ["prev2", "prev1", "c[2]", "c[3]", "output"]
    assert arrows(drawing) == [
        f"prev2 -{pool}-> c[2]",
        "prev1 -skip-> c[2]",
        f"prev1 -{pool}-> c[3]",
        "c[2] -skip-> c[3]",
        "c[2] --> output",
        "c[3] --> output",
    ]
    assert drawing.notes == ("2 normal cells; 2 on the longest path, none dead",)


@pytest.mark.parametrize("seed", range(4))
def test_dead_cells_are_those_of_the_analysis(root: Path, seed: int) -> None:
    space = load(root / "spaces" / "hs_das.nas", window=7)
    graph = fixed(space, random_point(space, Random(seed))).graph
    found = [{*dead_cells(stage)} for _, stage in stages(graph)]
    drawn = [{b.name for b in d.boxes if b.dead} for d in cells_of(graph) if d.title.startswith("macro")]
    assert drawn == found
    assert any(found)


def test_a_cell_that_chooses_its_inputs_is_one_box(root: Path) -> None:
    stage = cells_of(load(root / "spaces" / "hs_das_cells.nas").graph)[0]
    assert stage.title == "macro_cells@0, @1, @2"
    assert labels(stage) == ["prev2", "prev1", *(f"c[{i}]" for i in range(2, 10)), "output"]
    ends = [a.target for a in stage.arrows]
    assert [ends.count(box.name) for box in stage.boxes] == [0, 0, 2, *[3] * 7, 6]


WRITTEN = """
use ops
use darts
cell pair(a, b) { return relu(conv(a, k=3)) + b }
cell cross(a, b) { return conv(a) * conv(b, k=5) }
stage row(a, b) {
  c[0] = preprocess(a, 4, like=b)
  c[1] = preprocess(b, 4, like=b)
  c[2] = pair(skip(c[0]), c[1])
  c[3] = cross(max_pool_3x3(c[1]), c[2])
  return concat(c[2], c[3])
}
net n(image: tensor[4, 8, 8]) { return row(image, relu(image)) |> global_avg_pool |> linear(2) }
"""


def test_a_stage_as_people_write_it() -> None:
    row, pair, cross = cells_of(load_source(Source("n.nas", WRITTEN), None, None, {}).graph)
    assert arrows(row)[:4] == ["a -skip-> c[2]", "b -skip-> c[2]", "b -max_pool_3x3-> c[3]", "c[2] -skip-> c[3]"]
    assert [box.detail for box in row.boxes] == ["", "", "pair", "cross", ""]
    assert row.notes == ("2 cells: pair, cross; 2 on the longest path, none dead",)
    assert arrows(pair) == ["c_{k-2} -conv_3x3-> 0", "c_{k-1} -skip-> 0", "0 --> c_{k}"]
    assert arrows(cross) == ["c_{k-2} -conv-> mul", "c_{k-1} -conv_5x5-> mul", "mul --> c_{k}"]


def test_a_network_and_its_source_look_alike(root: Path) -> None:
    space = load(root / "spaces" / "hs_das_cells.nas")
    network = run_pipeline(space, "sample{seed=2}").module
    source = load_source(Source("net.nas", print_source(network)), root / "spaces", None, {})
    for one, other in zip(cells_of(network.graph), cells_of(source.graph), strict=True):
        assert (labels(one), arrows(one), one.notes) == (labels(other), arrows(other), other.notes)
