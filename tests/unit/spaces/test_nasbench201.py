"""NAS-Bench-201: every network of the benchmark has its published size."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Mapping
from itertools import islice

import pytest

import archir
from archir.analysis import cost
from archir.ir.point import Kept, Point
from archir.passes.fix import fixed
from tests.conftest import ROOT

TABLE = ROOT.parent / "shared" / "data" / "nasbench201.csv.gz"
OPERATIONS = {
    "skip_connect": "skip",
    "nor_conv_1x1": "conv_1x1",
    "nor_conv_3x3": "conv_3x3",
    "avg_pool_3x3": "avg_pool_3x3",
}
needs_table = pytest.mark.skipif(not TABLE.exists(), reason=f"the benchmark's table is not at {TABLE}")


def point_of(architecture: str) -> Point:
    """The point of `|op~0|+|op~0|op~1|+...`: an edge with `none` is not kept."""
    choices = []
    for i, node in enumerate(architecture.split("+"), start=1):
        edges = [edge.split("~") for edge in node.strip("|").split("|")]
        kept = tuple(Kept(int(source), OPERATIONS[name]) for name, source in edges if name != "none")
        choices.append((f"normal.x.{i}", kept))
    return Point(tuple(choices))


def wrong(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """The architectures whose parameters or multiply-adds differ from the table's by as much as one."""
    space = archir.load("nasbench201")
    found = []
    for row in rows:
        network = fixed(space, point_of(row["arch"]))
        sizes = (cost.parameters(network), cost.macs(network, "nasbench201"))
        if sizes != (round(float(row["params_M"]) * 1e6), round(float(row["flops_M"]) * 1e6)):
            found.append(row["arch"])
    return found


def table() -> list[dict[str, str]]:
    with gzip.open(TABLE, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@needs_table
def test_one_in_fifty() -> None:
    assert wrong(islice(table(), 0, None, 50)) == []


@needs_table
@pytest.mark.slow
def test_all() -> None:
    rows = table()
    assert len({row["arch"] for row in rows}) == 15_625
    assert wrong(rows) == []


def test_the_first_of_the_table() -> None:
    row = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    assert wrong([{"arch": row, "params_M": "0.129306", "flops_M": "15.64737"}]) == []


def test_nothing_kept_gives_zeros() -> None:
    none = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    network = fixed(archir.load("nasbench201", cells=1), point_of(none))
    assert cost.parameters(network) == cost.parameters(fixed(archir.load("nasbench201", cells=2), point_of(none)))
