"""Random stages: deciding in parts is deciding at once, costs and depths of certain coefficients are the network's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archir.analysis.cost import macs, parameters
from archir.analysis.depth import is_cell, stages
from archir.analysis.expected_depth import depths_at
from archir.analysis.gates import evaluate_objective
from archir.ir.graph import Graph
from archir.ir.module import Module, shared_choices
from archir.ir.point import Point
from archir.lowering.inherit import matching_weights
from archir.passes import run_pipeline
from archir.passes.base import Values
from archir.sema import load_source
from archir.sema.specialize import print_source
from archir.source import Source
from archir.space.points import check_point
from tests.derived import point_of
from tests.small_stages import small_stages

SIZES = st.tuples(st.integers(2, 5), st.integers(2, 4), st.sampled_from(["pair", "plain"]), st.integers(0, 2**31))


def drawn(sizes: tuple[int, int, str, int]) -> tuple[Module, Module, Values]:
    """A space, its relaxed module, and values of the architecture parameters."""
    cells, window, inner, seed = sizes
    space = small_stages(cells=cells, window=window, inner=inner)
    relaxed = run_pipeline(space, "relax").module
    random = np.random.default_rng(seed)
    return space, relaxed, {p.name: random.normal(size=p.shape) for p in relaxed.parameters}


@settings(max_examples=12, deadline=None)
@given(SIZES, st.sampled_from(["windows", "stages", "cells"]))
def test_in_parts_or_at_once(sizes: tuple[int, int, str, int], part: str) -> None:
    space, relaxed, values = drawn(sizes)
    whole = run_pipeline(relaxed, "derive", values).module
    if part != "windows" and sizes[2] == "plain":  # its cells have no choices
        return
    left = run_pipeline(relaxed, f"decide{{choices={part}}},relax", values).module
    network = run_pipeline(left, "derive", {p.name: values[p.name] for p in left.parameters}).module
    assert network.graph == whole.graph
    assert set(point_of(network).choices) == set(point_of(whole).choices)
    check_point(space, point_of(network))
    assert matching_weights(load_source(Source("net.nas", print_source(network))), network)


def certain(relaxed: Module, point: Point) -> Values:
    """Values with all of each coefficient on what a point keeps; `none`, or the first, where it keeps nothing."""
    values = {}
    for key, choice in shared_choices(relaxed).items():
        rows = np.full((len(choice.edges), max(len(e.candidates) for e in choice.edges)), -60.0)
        for e, edge in enumerate(choice.edges):
            names = [c.name for c in edge.candidates]
            kept = [k.operation for k in point.kept(key) or () if k.edge == e]
            rows[e, names.index(kept[0]) if kept else 0] = 60.0
        values[f"arch.{key}.alpha"] = rows
    return values


@settings(max_examples=12, deadline=None)
@given(SIZES)
def test_the_cost_of_certain_coefficients_is_the_network_s(sizes: tuple[int, int, str, int]) -> None:
    space, _, _ = drawn(sizes)
    network = run_pipeline(space, f"sample{{seed={sizes[3]}}}").module
    for measure, count in (("macs", macs), ("params", parameters)):
        relaxed = run_pipeline(space, f"relax,complexity_loss{{unit=1,measure={measure}}}").module
        (objective,) = relaxed.objectives
        found = evaluate_objective(relaxed, objective.value, certain(relaxed, point_of(network)))
        assert found == pytest.approx(count(network))


@settings(max_examples=12, deadline=None)
@given(SIZES)
def test_the_depth_of_certain_coefficients_is_that_of_a_random_way_back(sizes: tuple[int, int, str, int]) -> None:
    space, relaxed, _ = drawn(sizes)
    network = run_pipeline(space, f"sample{{seed={sizes[3]}}}").module
    found = depths_at(relaxed, certain(relaxed, point_of(network)))
    assert list(found.values()) == pytest.approx([way_back(graph) for _, graph in stages(network.graph)])


def way_back(graph: Graph) -> float:
    """The mean number of cells on a way from the output to an input, each step to one of the operands by chance."""
    depths = {value.name: 0.0 for value in graph.inputs}
    for node in graph.nodes:
        depths[node.name] = sum(depths[o] for o in node.operands) / len(node.operands) + is_cell(node)
    return depths[graph.output]
