"""How strong the edges of a relaxed module are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archir import load
from archir.diagnostics import ArchirError
from archir.ir.gates import is_plain
from archir.passes import run_pipeline
from archir.show import drawings_of
from archir.show.strengths import strengths_of


def test_strongest_operation_but_none(root: Path) -> None:
    module = run_pipeline(load(root / "spaces" / "darts.nas"), "relax").module
    values = {p.name: np.zeros(p.shape) for p in module.parameters}
    values["arch.normal.x.2.alpha"][0] = np.log([6.0, 1, 1, 1, 3, 1, 1, 2])  # none, ..., sep_conv_3x3, ...
    normal = drawings_of(module, values)[1]
    first, second = normal.arrows[:2]
    assert [m.text for m in first.marks] == ["sep_conv_3x3 0.19"]
    assert first.strength == pytest.approx(3 / 16)
    assert (second.strength, first.family) == (pytest.approx(1 / 8), "separable")
    assert "shown: the strongest operation of each edge, and its coefficient" in normal.notes


DST = "widen{edges=some,ops=any},relax,sparsify,share_features,bottleneck,transit{engines=last,rule=nonzero}"


def test_pruned_edges_of_a_search_in_another_form(root: Path) -> None:
    module = run_pipeline(load(root / "spaces" / "darts.nas"), DST).module
    assert module.base is not None
    assert is_plain(module.gates[0].gate), "the first cell must be one that only says what is strongest"
    values = {p.name: np.zeros(p.shape) for p in module.parameters}
    values |= {c.name: np.asarray(0.0) for c in module.clocks}
    values["arch.normal.x.2.alpha"][0] = np.log([1.0, 9, 5, 1, 1, 1, 1, 1])
    table = np.asarray(strengths_of(module, values)["normal.x.2"])
    # p over its largest, 9/20, less the threshold of one half: 1/2 and 5/9 - 1/2, over their sum.
    assert table[0] == pytest.approx([0, 0.9, 0.1, 0, 0, 0, 0, 0])
    assert not table[1].any()
    first, second = drawings_of(module, values)[1].arrows[:2]
    assert [m.text for m in first.marks] == ["max_pool_3x3 0.90"]
    assert (second.marks, second.family, second.strength) == ((), "none", 0.0)


def test_windows_are_shown_by_cell(root: Path) -> None:
    module = run_pipeline(load(root / "spaces" / "hs_das_cells.nas", cells=5), "relax").module
    values = {p.name: np.zeros(p.shape) for p in module.parameters}
    (name,) = [p.name for p in module.parameters if p.name.endswith("macro_cells.1.choose.alpha")]
    values[name][0] = np.log([3.0, 1.0])  # c[4] and c[5], or c[5] and c[6]
    stage = next(d for d in drawings_of(module, values) if "macro_cells@1" in d.title.split(", "))
    shown = [[m.text for m in a.marks] for a in stage.arrows if a.target == stage.boxes[-1].name]
    assert shown == [["0.75"], ["1.00"], ["0.25"]]


def test_layers_of_a_chain(root: Path) -> None:
    module = run_pipeline(load(root / "spaces" / "fbnet.nas"), "relax").module
    values = {p.name: np.zeros(p.shape) for p in module.parameters}
    (net,) = drawings_of(module, values)
    assert net.boxes[2].label == "mbconv_k3_e1 0.11"


def test_a_missing_value(root: Path) -> None:
    module = run_pipeline(load(root / "spaces" / "darts.nas"), "relax").module
    with pytest.raises(ArchirError, match="there is no value for"):
        drawings_of(module, {})
