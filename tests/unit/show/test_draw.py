"""Layouts without overlaps, and pictures that are pictures."""

from __future__ import annotations

import re
import struct
from itertools import combinations
from pathlib import Path
from random import Random
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archir import load
from archir.diagnostics import ArchirError
from archir.passes.fix import fixed
from archir.show import Arrow, Box, Drawing, Mark, draw, drawings_of, save
from archir.show.layout import WIDEST, layout_of
from archir.show.page import page_of
from archir.show.places import Curve, Layout, Place
from archir.show.rows import LONGEST
from archir.show.strokes import COLORS
from archir.space.points import random_point

SMALL = Drawing(
    "normal",
    (Box("x", "c_{k-1}", "input"), Box("y", "c_{k}", "output")),
    (Arrow("x", "y", (Mark("skip", "skip"),), "skip"),),
)


def measure(text: str) -> float:
    return 0.08 * len(text)


def contains(place: Place, x: float, y: float) -> bool:
    return abs(x - place.x) < place.width / 2 - 1e-6 and abs(y - place.y) < place.height / 2 - 1e-6


def on_border(place: Place, point: tuple[float, float]) -> bool:
    x, y = abs(point[0] - place.x) - place.width / 2, abs(point[1] - place.y) - place.height / 2
    return max(x, y) <= 1e-6 and max(x, y) >= -1e-6


def sampled(control: Curve) -> list[tuple[float, float]]:
    """Points on the curves."""
    found = []
    for i in range(0, len(control) - 3, 3):
        for t in (k / 24 for k in range(25)):
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
            part = control[i : i + 4]
            found.append(tuple(sum(w * p[axis] for w, p in zip(weights, part, strict=True)) for axis in (0, 1)))
    return found  # type: ignore[return-value]


def check(drawing: Drawing, layout: Layout) -> None:
    """Nothing lies over anything else, and all is inside the picture."""
    places = [*layout.boxes.values(), *layout.labels.values()]
    assert len(places) == len(drawing.boxes) + sum(bool(a.marks) for a in drawing.arrows)
    for a, b in combinations(places, 2):
        assert abs(a.x - b.x) >= (a.width + b.width) / 2 - 1e-6 or abs(a.y - b.y) >= (a.height + b.height) / 2 - 1e-6
    for place in places:
        assert -1e-6 <= place.x - place.width / 2 <= place.x + place.width / 2 <= layout.width + 1e-6
        assert -1e-6 <= place.y - place.height / 2 <= place.y + place.height / 2 <= layout.height + 1e-6
    for i, (arrow, line) in enumerate(zip(drawing.arrows, layout.lines, strict=True)):
        own = [layout.labels[i]] if arrow.marks else []
        for x, y in sampled(line):
            assert not any(contains(place, x, y) for place in places if place not in own), (arrow, x, y)
        source, target = layout.boxes[arrow.source], layout.boxes[arrow.target]
        assert on_border(source, line[0])
        assert on_border(target, line[-1])


@pytest.mark.parametrize("name", ["darts", "hs_das_cells", "fbnet", "nets/darts_v2", "nets/mnasnet_a1"])
def test_nothing_overlaps_in_the_library(root: Path, name: str) -> None:
    for drawing in drawings_of(load(root / "spaces" / f"{name}.nas")):
        check(drawing, layout_of(drawing, measure))


@pytest.mark.parametrize("name", ["hmnas", "hs_das_cells"])
def test_nothing_overlaps_in_what_is_found(root: Path, name: str) -> None:
    space = load(root / "spaces" / f"{name}.nas")
    for drawing in drawings_of(fixed(space, random_point(space, Random(1)))):
        check(drawing, layout_of(drawing, measure))


def test_a_deep_stage_goes_from_top_to_bottom(root: Path) -> None:
    space = load(root / "spaces" / "hs_das_cells.nas")
    stages = [d for d in drawings_of(fixed(space, random_point(space, Random(1)))) if d.title.startswith("macro")]
    assert len(stages) == 3
    for stage in stages:
        layout = layout_of(stage, measure)
        assert layout.width < WIDEST < layout.height
        for arrow in stage.arrows:
            assert layout.boxes[arrow.source].y < layout.boxes[arrow.target].y


def test_a_chain_has_a_row_for_each_type(root: Path) -> None:
    (drawing,) = drawings_of(load(root / "spaces" / "nets" / "mobilenet_v2.nas"))
    layout = layout_of(drawing, measure)
    rows: dict[float, list[str]] = {}
    for box in drawing.boxes:
        rows.setdefault(layout.boxes[box.name].y, []).append(box.detail)
    assert all(len(set(row)) == 1 and len(row) <= LONGEST for row in rows.values())
    assert [text for _, _, text in layout.texts] == [row[0] for row in rows.values()]


def test_blocks_of_a_page_do_not_overlap(root: Path) -> None:
    space = load(root / "spaces" / "hs_das.nas")
    page = page_of(drawings_of(fixed(space, random_point(space, Random(2)))), measure)
    for (x, y, a), (u, v, b) in combinations(page.blocks, 2):
        assert x + a.width <= u or u + b.width <= x or y + a.height <= v or v + b.height <= y
    assert all(x + b.width <= page.width and y + b.height <= page.height for x, y, b in page.blocks)


@st.composite
def drawings(draw: st.DrawFn) -> Drawing:
    """Any directed acyclic graph of up to nine boxes, arrows repeated or missing."""
    count = draw(st.integers(1, 7))
    inputs = [Box("a", "c_{k-2}", "input"), Box("b", "c_{k-1}", "input")]
    boxes = (*inputs, *(Box(f"n{i}", str(i), "node") for i in range(count)), Box("out", "c_{k}", "output"))
    arrows = []
    for i, box in enumerate(boxes[2:], start=2):
        for j in draw(st.lists(st.integers(0, i - 1), max_size=5)):
            texts = draw(st.lists(st.sampled_from(["skip", "sep_conv_3x3", "8 ops"]), max_size=3))
            marks = tuple(Mark(text, "other") for text in texts)
            arrows.append(Arrow(boxes[j].name, box.name, marks, "other"))
    return Drawing("any", boxes, tuple(arrows), form=draw(st.sampled_from(["graph", "column"])))


@settings(max_examples=60, deadline=None)
@given(drawings())
def test_nothing_ever_overlaps(drawing: Drawing) -> None:
    check(drawing, layout_of(drawing, measure))


def test_columns_are_longest_paths() -> None:
    boxes = tuple(Box(n, n, "node") for n in "abcd")
    arrows = tuple(Arrow(s, t) for s, t in ("ab", "bc", "ac", "ad"))
    places = layout_of(Drawing("t", boxes, arrows), measure).boxes
    assert places["a"].x < places["b"].x == places["d"].x < places["c"].x


def test_arrows_do_not_cross_where_they_need_not() -> None:
    boxes = tuple(Box(n, n, "node") for n in "abxy")
    arrows = tuple(Arrow(s, t) for s, t in ("ay", "bx"))
    places = layout_of(Drawing("t", boxes, arrows), measure).boxes
    assert (places["a"].y < places["b"].y) == (places["y"].y < places["x"].y)


def test_svg_is_the_same_each_time_and_well_formed() -> None:
    first, again = (draw([SMALL, SMALL], "svg") for _ in range(2))
    assert first == again
    assert ET.fromstring(first).tag == "{http://www.w3.org/2000/svg}svg"
    assert b"<dc:date>" not in first
    assert COLORS["skip"].lower().encode() in first


def test_svg_has_all_texts(root: Path) -> None:
    drawings = drawings_of(load(root / "spaces" / "nets" / "darts_v2.nas"))
    texts = {re.sub(r"[${}]", "", t) for t in re.findall(r"<!-- (.+?) -->", draw(drawings).decode())}
    for drawing in drawings:
        boxes = {re.sub(r"[${}]", "", text) for b in drawing.boxes for text in (b.label, b.detail) if text}
        assert {drawing.title, *boxes, *(m.text for a in drawing.arrows for m in a.marks)} <= texts


def test_png_has_a_size() -> None:
    data = draw([SMALL], "png")
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    assert (width > 300, height > 100) == (True, True)


def test_labels_are_text_and_no_formulas() -> None:
    odd = Drawing(
        "a$b_c$",
        (Box("x", "x_$1$", "input", "$"), Box("y", "c_{k}", "output")),
        (Arrow("x", "y", (Mark("$\\frac", "other"),)),),
        ("$",),
    )
    assert draw([odd], "svg")


def test_every_family_has_a_color() -> None:
    assert len(set(COLORS.values())) == len(COLORS) == 9


def test_files_by_suffix(tmp_path: Path) -> None:
    save(tmp_path / "net.svg", [SMALL])
    save(str(tmp_path / "net.PNG"), [SMALL])
    assert (tmp_path / "net.svg").read_bytes().startswith(b"<?xml")
    assert (tmp_path / "net.PNG").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ArchirError, match=r"NAS503: `.*net.pdf` is no name for a picture") as caught:
        save(tmp_path / "net.pdf", [SMALL])
    assert caught.value.diagnostics[0].help == "let it end in `.svg` or `.png`"
    with pytest.raises(ArchirError, match="NAS503"):
        save(tmp_path / "no" / "net.svg", [SMALL])
    with pytest.raises(ArchirError, match="there is nothing to draw"):
        save(tmp_path / "none.svg", [])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.PNG", "net.svg"]
