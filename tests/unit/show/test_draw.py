"""Layouts without overlaps, and pictures that are pictures."""

from __future__ import annotations

import struct
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archir import load
from archir.diagnostics import ArchirError
from archir.show import Arrow, Box, Drawing, draw_cells, drawings_of, save_cells
from archir.show.draw import COLORS
from archir.show.layout import Layout, Place, curve_of, layout_of

SMALL = Drawing(
    "normal", (Box("x", "c_{k-1}", "input"), Box("y", "c_{k}", "output")), (Arrow("x", "y", "skip", "skip"),)
)


def measure(text: str) -> float:
    return 0.08 * len(text)


def contains(place: Place, x: float, y: float) -> bool:
    return abs(x - place.x) < place.width / 2 - 1e-6 and abs(y - place.y) < place.height / 2 - 1e-6


def sampled(control: list[tuple[float, float]]) -> list[tuple[float, float]]:
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
    assert len(places) == len(drawing.boxes) + sum(bool(a.label) for a in drawing.arrows)
    for a, b in combinations(places, 2):
        assert abs(a.x - b.x) >= (a.width + b.width) / 2 - 1e-6 or abs(a.y - b.y) >= (a.height + b.height) / 2 - 1e-6
    for place in places:
        assert -1e-6 <= place.x - place.width / 2 <= place.x + place.width / 2 <= layout.width + 1e-6
        assert -1e-6 <= place.y - place.height / 2 <= place.y + place.height / 2 <= layout.height + 1e-6
    for i, (arrow, line) in enumerate(zip(drawing.arrows, layout.lines, strict=True)):
        own = [layout.labels[i]] if arrow.label else []
        for x, y in sampled(curve_of(line)):
            assert not any(contains(place, x, y) for place in places if place not in own), (arrow, x, y)
        source, target = layout.boxes[arrow.source], layout.boxes[arrow.target]
        assert line[0][:2] == (source.x + source.width / 2, source.y)
        assert line[-1][0] == target.x - target.width / 2
        assert abs(line[-1][1] - target.y) <= target.height / 2


@pytest.mark.parametrize("name", ["darts.nas", "nets/darts_v2.nas"])
def test_nothing_overlaps_in_darts(root: Path, name: str) -> None:
    for drawing in drawings_of(load(root / "spaces" / name)):
        check(drawing, layout_of(drawing, measure))


@st.composite
def drawings(draw: st.DrawFn) -> Drawing:
    """Any directed acyclic graph of up to nine boxes, arrows repeated or missing."""
    count = draw(st.integers(1, 7))
    inputs = [Box("a", "c_{k-2}", "input"), Box("b", "c_{k-1}", "input")]
    boxes = (*inputs, *(Box(f"n{i}", str(i), "node") for i in range(count)), Box("out", "c_{k}", "output"))
    arrows = []
    for i, box in enumerate(boxes[2:], start=2):
        for j in draw(st.lists(st.integers(0, i - 1), max_size=5)):
            label = draw(st.sampled_from(["", "skip", "sep_conv_3x3", "8 ops"]))
            arrows.append(Arrow(boxes[j].name, box.name, label, "other"))
    return Drawing("any", boxes, tuple(arrows))


@settings(max_examples=60, deadline=None)
@given(drawings())
def test_nothing_ever_overlaps(drawing: Drawing) -> None:
    check(drawing, layout_of(drawing, measure))


def test_columns_are_longest_paths() -> None:
    boxes = tuple(Box(n, n, "node") for n in "abcd")
    arrows = tuple(Arrow(s, t, "", "plain") for s, t in ("ab", "bc", "ac", "ad"))
    places = layout_of(Drawing("t", boxes, arrows), measure).boxes
    assert places["a"].x < places["b"].x == places["d"].x < places["c"].x


def test_arrows_do_not_cross_where_they_need_not() -> None:
    boxes = tuple(Box(n, n, "node") for n in "abxy")
    arrows = tuple(Arrow(s, t, "", "plain") for s, t in ("ay", "bx"))
    places = layout_of(Drawing("t", boxes, arrows), measure).boxes
    assert (places["a"].y < places["b"].y) == (places["y"].y < places["x"].y)


def test_svg_is_the_same_each_time_and_well_formed() -> None:
    first, again = (draw_cells([SMALL, SMALL], "svg") for _ in range(2))
    assert first == again
    assert ET.fromstring(first).tag == "{http://www.w3.org/2000/svg}svg"
    assert b"<dc:date>" not in first
    assert COLORS["skip"].lower().encode() in first


def test_png_has_a_size() -> None:
    data = draw_cells([SMALL], "png")
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    assert (width > 300, height > 100) == (True, True)


def test_labels_are_text_and_no_formulas() -> None:
    odd = Drawing(
        "a$b_c$", (Box("x", "x_$1$", "input"), Box("y", "c_{k}", "output")), (Arrow("x", "y", "$\\frac", "other"),)
    )
    assert draw_cells([odd], "svg")


def test_every_family_has_a_color() -> None:
    assert len(set(COLORS.values())) == len(COLORS) == 9


def test_files_by_suffix(tmp_path: Path) -> None:
    save_cells(tmp_path / "cells.svg", [SMALL])
    save_cells(str(tmp_path / "cells.PNG"), [SMALL])
    assert (tmp_path / "cells.svg").read_bytes().startswith(b"<?xml")
    assert (tmp_path / "cells.PNG").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ArchirError, match=r"NAS503: `.*cells.pdf` is no name for a picture") as caught:
        save_cells(tmp_path / "cells.pdf", [SMALL])
    assert caught.value.diagnostics[0].help == "let it end in `.svg` or `.png`"
    with pytest.raises(ArchirError, match="NAS503"):
        save_cells(tmp_path / "no" / "cells.svg", [SMALL])
    with pytest.raises(ArchirError, match="no cell or stage to draw"):
        save_cells(tmp_path / "none.svg", [])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cells.PNG", "cells.svg"]
