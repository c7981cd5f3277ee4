"""What a cell's picture says, read off its graph."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from archir import load
from archir.ir.graph import Graph
from archir.ops.conv import Conv
from archir.ops.layout import Concat, Zero
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Add, Mul, Relu, Scale
from archir.passes.fix import fixed
from archir.show import Drawing, drawing_of, drawings_of
from archir.space.points import random_point
from tests.build import Builder, derived_cell, max_pool, net, preprocess, searched_cell, sep_conv, space, tensor

MAP = tensor(4, 8, 8)


def arrows(drawing: Drawing) -> list[str]:
    """`source -label-> target` with the labels of the boxes."""
    name = {box.name: box.label for box in drawing.boxes}
    return [f"{name[a.source]} -{a.label}-> {name[a.target]}" for a in drawing.arrows]


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
    normal, reduce = drawings_of(load(root / "spaces" / "nets" / "darts_v2.nas"))
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
    for drawing in drawings_of(fixed(module, point)):
        name = {box.name: box.label for box in drawing.boxes}
        drawn = {(name[a.source], name[a.target], a.label) for a in drawing.arrows if a.label}
        values = ["c_{k-2}", "c_{k-1}", "0", "1", "2", "3"]
        chosen = {
            (values[k.edge], str(i), k.operation)
            for i in range(4)
            for k in point.kept(f"{drawing.title}.x.{i + 2}") or ()
        }
        assert drawn == chosen


def test_space_shows_how_many_candidates_an_edge_has(root: Path) -> None:
    normal, reduce = drawings_of(load(root / "spaces" / "darts.nas"))
    assert arrows(normal) == arrows(reduce)
    open_edges = [a for a in normal.arrows if a.family == "choice"]
    assert len(open_edges) == 14
    assert {a.label for a in open_edges} == {"8 ops"}


def test_instances_that_look_alike_are_drawn_once() -> None:
    assert [d.title for d in drawings_of(space(net(cells=[False, False, True, False])))] == ["normal", "reduce"]
    assert [d.title for d in drawings_of(space(net(cells=[False], derived=True)))] == ["normal"]


def test_reduction_by_a_convolution_is_still_a_skip() -> None:
    drawing = drawing_of(derived_cell(MAP, MAP, 4, reduce=True))
    assert "c_{k-1} -skip-> 0" in arrows(drawing)
    assert next(a.family for a in drawing.arrows if a.label == "skip") == "skip"


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
    assert arrows(drawing) == ["x -sep_conv_3x3-> 0", "x -skip-> 0", "0 --> c_{k}"]
    assert [a.family for a in drawing.arrows] == ["separable", "skip", "plain"]


def test_operations_written_out_become_one_arrow() -> None:
    steps = (
        ("y.relu", Relu(), "x"),
        ("y.conv", Conv(k=5), "y.relu"),
        ("y.batch_norm", BatchNorm(), "y.conv"),
        ("y.add", Add(), "y.batch_norm", "x"),
    )
    drawing = drawing_of(cell(*steps))
    assert arrows(drawing) == ["x -conv_5x5-> 0", "x -skip-> 0", "0 --> c_{k}"]
    assert drawing.arrows[0].family == "conv"


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
    assert [a.family for a in drawing.arrows if a.label == "none"] == ["none"]
    assert len(drawing.boxes) == 5


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
    assert labels(drawing) == ["prev2", "prev1", "c.2", "c.3", "output"]
    assert arrows(drawing) == [
        "prev2 -max_pool_3x3-> c.2",
        "prev1 --> c.2",
        "prev1 -max_pool_3x3-> c.3",
        "c.2 --> c.3",
        "c.2 --> output",
        "c.3 --> output",
    ]
