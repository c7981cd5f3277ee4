"""Deciding a part of the choices: what is left is a space, which is searched again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from archir.analysis.depth import is_cell, stages
from archir.diagnostics import ArchirError
from archir.ir.gates import Apply, Parameter
from archir.ir.graph import Operation
from archir.ir.module import Module, choice_instances, shared_choices
from archir.ir.verifier import distinct_graphs
from archir.lowering.inherit import matching_weights
from archir.ops.norm import BatchNorm
from archir.passes import run_pipeline
from archir.passes.base import Values
from archir.passes.fix import fixed
from archir.passes.rules import Rule, rule_gate
from archir.passes.weights import Fresh, former
from archir.sema import load_source
from archir.sema.specialize import print_source
from archir.source import Source
from archir.space.points import check_point
from archir.space.space import space_of
from tests.derived import point_of
from tests.small_stages import small_stages

RNG = np.random.default_rng


def drawn(module: Module, seed: int, **strongest: int) -> Values:
    """Random values; `row_0=1` makes window 1 the strongest in stage row.0."""
    random = RNG(seed)
    values = {p.name: random.normal(size=p.shape) for p in module.parameters}
    for stage, window in strongest.items():
        values[f"arch.{stage.replace('_', '.')}.choose.alpha"][0, window] = 10.0
    return values


def cells_of(module: Module) -> list[int]:
    return [sum(map(is_cell, graph.nodes)) for _, graph in stages(module.graph)]


def test_numbers_of_cells_are_fixed_and_may_differ() -> None:
    """Windows 0 and 1 of three: 2 and 3 of 4 cells are left, and nothing is open that only the others had."""
    relaxed = run_pipeline(small_stages(), "relax").module
    left = run_pipeline(relaxed, "decide", drawn(relaxed, 0, row_0=0, row_1=1)).module
    assert left.form == "space"
    assert cells_of(left) == [2, 3]
    assert not any(i.choice.windows for i in choice_instances(left.graph))
    expected = {f"row.0.c.{i}.choose" for i in (2, 3)} | {f"row.1.c.{i}.choose" for i in (2, 3, 4)} | {"pair.x.2"}
    assert set(shared_choices(left)) == expected
    alone = space_of(small_stages()).sizes
    assert space_of(left).size == np.prod([alone[key] for key in expected], dtype=object)


def test_a_second_search_begins_with_parameters_of_its_own() -> None:
    relaxed = run_pipeline(small_stages(), "relax").module
    again = run_pipeline(relaxed, "decide,relax", drawn(relaxed, 0))
    assert again.module.parameters
    assert {former(again.weights, p.name) for p in again.module.parameters} == {Fresh()}


def test_what_is_left_is_searched_again() -> None:
    """The second search's network is a point of the first space, of which it is printed."""
    space = small_stages()
    relaxed = run_pipeline(space, "relax").module
    again = run_pipeline(relaxed, "decide,relax", drawn(relaxed, 1, row_0=1, row_1=0)).module
    assert again.form == "relaxed"
    network = run_pipeline(again, "derive", drawn(again, 2)).module
    point = point_of(network)
    check_point(space, point)
    assert cells_of(network) == [3, 2]
    assert fixed(space, point).graph == network.graph
    text = print_source(network)
    assert matching_weights(load_source(Source("net.nas", text)), network)
    wider = load_source(Source("net.nas", text), parameters={"channels": 6})
    assert matching_weights(wider, fixed(small_stages(channels=6), point))


def test_decided_in_one_go_and_one_after_another_are_the_same() -> None:
    relaxed = run_pipeline(small_stages(), "relax").module
    values = drawn(relaxed, 3, row_0=0, row_1=1)
    whole = run_pipeline(relaxed, "derive", values).module
    left = run_pipeline(relaxed, "decide,relax", values).module
    network = run_pipeline(left, "derive", {p.name: values[p.name] for p in left.parameters}).module
    assert network.graph == whole.graph
    assert set(point_of(network).choices) == set(point_of(whole).choices)


@pytest.mark.parametrize(
    ("part", "owners"), [("cells", {"row.0", "row.1"}), ("stages", {"pair"}), ("windows", {"row.0", "row.1", "pair"})]
)
def test_each_part(part: str, owners: set[str]) -> None:
    relaxed = run_pipeline(small_stages(), "relax").module
    left = run_pipeline(relaxed, f"decide{{choices={part}}}", drawn(relaxed, 4)).module
    assert {i.owner for i in choice_instances(left.graph)} == owners


def test_norms_are_whole_again() -> None:
    """They have scale and shift in the space that is left, as in every space."""
    relaxed = run_pipeline(small_stages(), "relax").module
    left = run_pipeline(relaxed, "decide", drawn(relaxed, 5)).module
    assert not any(deferred(left))
    assert any(deferred(relaxed))


def deferred(module: Module) -> Iterator[bool]:
    for graph in distinct_graphs(module.graph):
        for node in graph.nodes:
            if isinstance(node, Operation) and isinstance(node.primitive, BatchNorm):
                yield node.primitive.deferred


def test_with_shared_features() -> None:
    relaxed = run_pipeline(small_stages(), "relax,share_features").module
    rewrite = run_pipeline(relaxed, "decide", drawn(relaxed, 6))
    assert all(edge.home is None for i in choice_instances(rewrite.module.graph) for edge in i.choice.edges)


@pytest.mark.parametrize(
    ("space", "pipeline", "message"),
    [
        (small_stages(), "decide", "none"),
        (small_stages(inner="plain"), "decide{choices=cells}", "none"),
        (small_stages(inner="plain"), "decide{choices=stages}", "all"),
    ],
)
def test_nothing_and_everything_are_refused(space: Module, pipeline: str, message: str) -> None:
    relaxed = run_pipeline(space, "relax").module
    values = drawn(relaxed, 7)
    if message == "none" and pipeline == "decide":  # once more: there are no windows left
        relaxed = run_pipeline(relaxed, "decide,relax", values).module
    with pytest.raises(ArchirError, match=f"{message} of the choices of `rows`"):
        run_pipeline(relaxed, pipeline, drawn(relaxed, 8))


@pytest.mark.parametrize("rule", ["auto", "top_edges", "argmax", "nonzero"])
def test_of_windows_the_strongest_stays_by_any_rule(rule: Rule) -> None:
    (windows,) = {i.key: i.choice for i in choice_instances(small_stages().graph) if i.key == "row.0.choose"}.values()
    assert rule_gate(rule, "row.0.choose", windows, Parameter("p")) == Apply("argmax", (Parameter("p"),))
