from __future__ import annotations

from archir import load
from archir.ir.point import Kept, Point
from archir.space.kept import CellKept, NodeKept, kept_of
from archir.space.space import space_of
from tests.small_space import small_space


def test_edges_into_nodes_and_operations_on_edges() -> None:
    module = small_space()
    two = (Kept(0, "skip"), Kept(0, "sep_conv_3x3"), Kept(2, "skip"))
    point = Point(
        (("normal.x.2", (Kept(0, "skip"), Kept(1, "skip"))), ("normal.x.3", two), ("reduce.x.2", (Kept(1, "skip"),)))
    )
    normal, reduce = kept_of(module, point)
    assert normal == CellKept("normal", (NodeKept("x.2", (1, 1)), NodeKept("x.3", (2, 0, 1))))
    assert [node.edges for node in normal.nodes] == [2, 2]
    assert normal.edges_by_operations == (1, 3, 1)
    assert reduce == CellKept("reduce", (NodeKept("x.2", (0, 1)),))  # the point says nothing of the other node


def test_any_space_has_them() -> None:
    stages = {f"macro_cells.{n}" for n in range(3)}
    expected = {
        "fbnet": {"fbnet"},
        "nasbench201": {"normal"},
        "hs_das_cells": {"darts.normal", "darts.reduce"} | stages,
    }
    for name, owners in expected.items():  # a chain, `any` edges, choices of windows
        module = load(name)
        space = space_of(module)
        cells = kept_of(module, space.unrank(space.size // 2))
        assert {cell.owner for cell in cells} == owners
        assert not [node for cell in cells for node in cell.nodes if node.name == "choose" and cell.owner in stages]
        assert all(sum(cell.edges_by_operations) == sum(len(n.operations) for n in cell.nodes) for cell in cells)
