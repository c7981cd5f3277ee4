from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from archir.diagnostics import ArchirError
from archir.show.dots import Dots, draw_dots, save_dots
from archir.show.grid import COLORS

PANEL = Dots(
    "1: normal.x.2", ("a a", "a b", "b a"), (1.25, 1.21, 1.24), "loss", 1, "goes on", ("edge 0  a: skip; b: none",)
)


def test_pictures_are_whole_and_the_same_each_time(tmp_path: Path) -> None:
    svg = draw_dots([PANEL, PANEL])
    assert ET.fromstring(svg).tag.endswith("svg")
    assert svg == draw_dots([PANEL, PANEL])
    assert all(f"<!-- {word} -->".encode() in svg for word in ("1: normal.x.2", "a b"))
    assert b"edge 0  a: skip; b: none" in svg
    save_dots(tmp_path / "a.png", [PANEL])
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_one_dot_is_in_another_colour_and_the_legend_says_why() -> None:
    drawn = draw_dots([PANEL]).decode()
    fills = Counter(re.findall(r"<use [^>]*fill: (#\w+)", drawn.lower()))
    assert (fills[COLORS[0].lower()], fills[COLORS[1].lower()]) == (2, 2)  # the legend has one, too
    assert "<!-- goes on -->" in drawn


def test_long_lines_of_the_key_are_wrapped() -> None:
    long = Dots(
        "long", ("a", "b"), (1.0, 2.0), "loss", 0, "goes on", ("edge 0  a: " + " | ".join(["sep_conv_3x3"] * 9),)
    )
    lines = re.findall(r"<!-- (?:edge 0|sep_conv|    ).*? -->|sep_conv_3x3 \|[^\n]*", draw_dots([long]).decode())
    assert len(lines) > 1
    assert max(map(len, lines)) < 90


def test_more_rows_are_higher() -> None:
    many = Dots("many", tuple("abcdefgh"), tuple(range(8)), "loss", 0, "goes on")
    heights = [float(ET.fromstring(draw_dots([p])).get("height", "0").removesuffix("pt")) for p in (PANEL, many)]
    assert heights[0] < heights[1]


def test_dots_of_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchirError, match="NAS601: there is nothing to draw"):
        save_dots(tmp_path / "a.svg", [])
    assert not list(tmp_path.iterdir())
