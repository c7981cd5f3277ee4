from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from archir.diagnostics import ArchirError
from archir.show.bars import Bars, draw_bars, save_bars
from archir.show.curves import Curve, Panel, draw_curves

TALL = Bars("normal: edges", ("x.2", "x.3"), (1, 2), ("1", "2"), (2, 3), "node", "edges")
LONG = Bars("test accuracy", ("derive{rule=mask}",), (0.0,), ("-",), across=True)


def test_pictures_are_whole_and_the_same_each_time(tmp_path: Path) -> None:
    svg = draw_bars([TALL, LONG, TALL])
    assert ET.fromstring(svg).tag.endswith("svg")
    assert svg == draw_bars([TALL, LONG, TALL])
    assert all(f"<!-- {word} -->".encode() in svg for word in ("normal: edges", "x.3", "node", "derive{rule=mask}"))
    save_bars(tmp_path / "a.png", [LONG])
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_bars_of_nothing_and_of_another_kind_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchirError, match="NAS601: there is nothing to draw"):
        save_bars(tmp_path / "a.svg", [])
    with pytest.raises(ArchirError, match="NAS503"):
        save_bars(tmp_path / "a.pdf", [TALL])
    assert not list(tmp_path.iterdir())


def test_curves_have_gaps_bands_and_rows() -> None:
    curve = Curve("x.2", [None, 1.0, 2.0], 8, 1, ([None, 0.5, 1.5], [None, 1.5, 2.5]))
    panel = Panel("normal: mean beta by node", (curve,))
    one, three = draw_curves([panel]), draw_curves([panel, panel, panel], columns=2)
    assert b"FillBetweenPolyCollection" in one or b"PolyCollection" in one
    heights = [float(ET.fromstring(svg).get("height", "0").removesuffix("pt")) for svg in (one, three)]
    assert heights[1] == 2 * heights[0]
    assert three.count(b"<!-- normal: mean beta by node -->") == 3


def test_epochs_are_whole_numbers_where_there_is_only_one() -> None:
    panel = Panel("operations", (Curve("normal", [None, None, None, 15.0]),))
    assert re.findall(r"<!-- ([34][.\d]*) -->", draw_curves([panel]).decode()) == ["4"]
