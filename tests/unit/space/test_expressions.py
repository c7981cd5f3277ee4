"""Different networks of NAS-Bench-201, by the rules that people count with."""

from __future__ import annotations

import csv
import gzip
from itertools import islice
from pathlib import Path

import pytest

import archir
from archir.analysis.expected import cost_of
from archir.diagnostics import ArchirError
from archir.ir.point import Kept, Point
from archir.space.expressions import expressions, unique_size
from archir.space.space import space_of


def test_nasbench201_by_each_rule() -> None:
    module = archir.load("nasbench201", channels=4, cells=1)
    assert space_of(module).size == 15_625
    assert unique_size(module, "published") == 6_466
    assert unique_size(module, "canonical") == 4_930


def test_a_zeroed_path_is_zero_and_leaves_the_sum_of_the_canonical_form_only() -> None:
    module = archir.load("nasbench201", channels=4, cells=1)
    nothing_into_x1 = Point(
        (("normal.x.1", ()), ("normal.x.2", ()), ("normal.x.3", (Kept(0, "skip"), Kept(1, "conv_1x1"))))
    )
    without = Point((("normal.x.1", ()), ("normal.x.2", ()), ("normal.x.3", (Kept(0, "skip"),))))
    for rule in ("published", "canonical"):
        assert expressions(module, nothing_into_x1, rule) == expressions(module, without, rule)
    assert expressions(module, without, "canonical") == ("0",)
    assert expressions(module, without, "published") == ("#+#+0",)


def test_a_space_too_large_to_compare() -> None:
    with pytest.raises(ArchirError, match="too many"):
        unique_size(archir.load("darts"), "canonical")


OPERATIONS = {
    "skip_connect": "skip",
    "nor_conv_1x1": "conv_1x1",
    "nor_conv_3x3": "conv_3x3",
    "avg_pool_3x3": "avg_pool_3x3",
}


def point_of(architecture: str) -> Point:
    rows = []
    for i, node in enumerate(architecture.split("+"), start=1):
        edges = [edge.split("~") for edge in node.strip("|").split("|")]
        rows.append((f"normal.x.{i}", tuple(Kept(int(e), OPERATIONS[op]) for op, e in edges if op != "none")))
    return Point(tuple(rows))


def test_costs_in_the_convention_of_nasbench201(shared: Path) -> None:
    table = shared / "data" / "nasbench201.csv.gz"
    if not table.exists():
        pytest.skip("no table of NAS-Bench-201")
    module = archir.load("nasbench201")
    with gzip.open(table, "rt", encoding="utf-8", newline="") as lines:
        for row in islice(csv.DictReader(lines), 0, None, 40):
            cost = cost_of(module, point_of(row["arch"]), "nasbench201")
            assert cost.params == round(float(row["params_M"]) * 1e6)
            assert cost.macs == round(float(row["flops_M"]) * 1e6)
