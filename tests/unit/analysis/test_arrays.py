"""Costs as arrays: exact sums over what a point keeps."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

import archir
from archir.analysis import cost
from archir.analysis.arrays import CostArrays, cost_arrays
from archir.analysis.bounds import bounds
from archir.analysis.conventions import CONVENTIONS
from archir.analysis.expected import cost_of
from archir.analysis.table import MEASURES
from archir.diagnostics import ArchirError
from archir.ir.module import Module, shared_choices
from archir.ir.point import Point
from archir.space.space import space_of
from tests.unit.analysis.test_cost import NESTED, SHARED, load

RAGGED = """
candidates few = relu | conv
candidates many = conv_bn | plain: conv(k=3) | none | wide: conv(k=5)
net ragged(image: tensor[4, 4, 4]) {
  y = choose few from [image] and many from [relu(image)] keep some edges any ops
  return y |> global_avg_pool |> linear(10)
}
"""


def kept(module: Module, point: Point) -> dict[str, np.ndarray]:
    """What a point keeps, as zeros and ones."""
    arrays = {}
    for key, choice in shared_choices(module).items():
        chosen = {(k.edge, k.operation) for k in point.kept(key) or ()}
        most = max(len(edge.candidates) for edge in choice.edges)
        arrays[key] = np.zeros((len(choice.edges), most), np.int64)
        for e, edge in enumerate(choice.edges):
            for k, candidate in enumerate(edge.candidates):
                arrays[key][e, k] = (e, candidate.name) in chosen
    return arrays


def summed(arrays: CostArrays, of: dict[str, np.ndarray]) -> int:
    return arrays.fixed + sum(int((arrays.of[key] * of[key]).sum()) for key in arrays.of)


@pytest.mark.parametrize("convention", list(CONVENTIONS))
@pytest.mark.parametrize("name", ["darts", "fbnet", "nasbench201", "hs_das"])
def test_the_sum_is_the_cost_of_a_point(name: str, convention: str) -> None:
    module, random = archir.load(name), Random(5)
    space = space_of(module)
    tables = {measure: cost_arrays(module, measure, convention) for measure in MEASURES}
    assert all(list(t.of) == list(tables["macs"].of) for t in tables.values())
    assert set(tables["macs"].of) == set(shared_choices(module))
    for _ in range(5):
        point = space.sample(random)
        mine, of = cost_of(module, point, convention), kept(module, point)
        assert {m: summed(t, of) for m, t in tables.items()} == {m: getattr(mine, m) for m in MEASURES}


@pytest.mark.parametrize("text", [RAGGED, NESTED])
def test_edges_may_differ_and_choices_may_be_nested(text: str) -> None:
    module = load(text)
    arrays = cost_arrays(module, "params")
    points = list(space_of(module).enumerate())
    found = [summed(arrays, kept(module, point)) for point in points]
    assert found == [cost_of(module, point).params for point in points]
    assert (min(found), max(found)) == (bounds(module)["params"].min, bounds(module)["params"].max)


def test_where_an_edge_has_no_candidate_there_is_zero() -> None:
    (array,) = cost_arrays(load(RAGGED), "params").of.values()
    assert array.tolist() == [[0, 4 * 4, 0, 0], [4 * 4 + 8, 4 * 4 * 9, 0, 4 * 4 * 25]]
    assert array.dtype == np.int64


def test_a_network_has_fixed_costs_alone() -> None:
    module = archir.load("darts_v2")
    assert (cost_arrays(module).fixed, dict(cost_arrays(module).of)) == (cost.macs(module), {})


def test_no_arrays_where_costs_do_not_add_up() -> None:
    with pytest.raises(ArchirError, match="do not add up") as caught:
        cost_arrays(load(SHARED))
    assert "tags of their own" in (caught.value.diagnostics[0].help or "")
    with pytest.raises(ArchirError, match="no measure `flops`"):
        cost_arrays(load(RAGGED), "flops")
    with pytest.raises(ArchirError, match="no convention `flops`"):
        cost_arrays(load(RAGGED), "macs", "flops")
