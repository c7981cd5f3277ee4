"""Random points: accepted, fixed, printed in source form, read again: the same computation."""

from __future__ import annotations

import os
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from archir.analysis import cost
from archir.ir.module import Module
from archir.ir.verifier import verify
from archir.lowering.inherit import matching_weights
from archir.passes.fix import fixed
from archir.sema import load_source
from archir.sema.specialize import print_source
from archir.source import Source
from archir.space.membership import find_point
from archir.space.points import check_point, point_from_json, point_to_json, random_point
from tests.property.spaces import space_text

TIMES = int(os.environ.get("ARCHIR_FUZZ", "1"))  # N makes N times as many tries
SEEDS = (Phase.explicit, Phase.reuse, Phase.generate)  # a seed has nothing to shrink
quick = settings(max_examples=40 * TIMES, deadline=None, phases=SEEDS, suppress_health_check=[HealthCheck.too_slow])


def space(r: Random) -> Module:
    return load_source(Source("space", space_text(r)), parameters={"channels": r.choice((4, 6, 8))})


@quick
@given(st.integers(0, 2**40))
def test_a_random_point_belongs_to_the_space_and_survives_json(seed: int) -> None:
    r = Random(seed)
    module = space(r)
    point = random_point(module, r)
    check_point(module, point)
    assert point_from_json(point_to_json(point)) == point


@quick
@given(st.integers(0, 2**40))
def test_source_form_of_a_fixed_point_computes_the_same(seed: int) -> None:
    r = Random(seed)
    module = space(r)
    network = fixed(module, random_point(module, r))
    verify(network)
    text = print_source(network)
    again = load_source(Source("network", text))
    verify(again)
    assert again.form == "network"
    assert cost.parameters(again) == cost.parameters(network)
    assert cost.macs(again) == cost.macs(network)
    weights = matching_weights(again, network)
    assert len(set(weights.values())) == len(weights)


@quick
@given(st.integers(0, 2**40))
def test_a_fixed_point_is_found_in_its_space(seed: int) -> None:
    r = Random(seed)
    module = space(r)
    network = fixed(module, random_point(module, r))
    found = fixed(module, find_point(module, network))  # equal candidates on one edge are different points
    assert cost.parameters(found) == cost.parameters(network)
    assert cost.macs(found) == cost.macs(network)
