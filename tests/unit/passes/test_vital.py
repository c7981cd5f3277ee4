"""The minimal supernet: what is vital is searched first, and what is not is there again afterwards."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import archir
from archir.analysis.cost_expression import cost_expression
from archir.analysis.expected import cost_of
from archir.analysis.gates import evaluate_objective
from archir.analysis.vital import vital_choices
from archir.diagnostics import ArchirError
from archir.ir.module import Module, shared_choices
from archir.lowering.torch import to_torch
from archir.passes import run_pipeline
from archir.passes.base import Values
from archir.sema import load_source
from archir.source import Source
from archir.space.points import check_point
from archir.space.space import space_of
from tests.derived import point_of
from tests.small_chain import OTHERS, VITAL, small_chain
from tests.small_space import small_space

MINIMAL = run_pipeline(small_chain(), "relax,vital").module


def drawn(module: Module, seed: int) -> Values:
    random = np.random.default_rng(seed)
    return {p.name: random.normal(size=p.shape) for p in module.parameters}


def test_which_choices_are_vital() -> None:
    assert vital_choices(small_chain().graph) == {key: key in VITAL for key in shared_choices(small_chain())}


def test_only_what_is_vital_is_there_to_choose_from() -> None:
    assert space_of(MINIMAL).sizes == dict.fromkeys(VITAL, 4) | dict.fromkeys(OTHERS, 1)
    owned = {name.split(".arch")[0] for name in to_torch(MINIMAL).weights()}
    assert not any(name.startswith(("x_1.0.0.", "x_1.1.1.", "x_1.2.1.")) for name in owned)
    assert any(name.startswith("x_1.1.0.0.mbconv_k5_e3.") for name in owned)


def test_the_minimal_supernet_computes_what_the_whole_one_does_where_the_rest_is_skipped() -> None:
    whole = run_pipeline(small_chain(), "relax").module
    torch.manual_seed(0)
    large, small = to_torch(whole), to_torch(MINIMAL)
    with torch.no_grad():
        for name, alpha in large.architecture().items():
            if name.removeprefix("arch.").removesuffix(".alpha") in OTHERS:
                alpha[0, -1] = 1e4
    small.load_state_dict({name: t for name, t in large.state_dict().items() if name in small.state_dict()})
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(small.eval()(x), large.eval()(x))


def test_decided_operations_stay_and_the_others_are_open_again() -> None:
    values = drawn(MINIMAL, 1)
    left = run_pipeline(MINIMAL, "decide{choices=vital}", values)
    assert space_of(left.module).sizes == dict.fromkeys(OTHERS, 5)
    network = run_pipeline(left.module, "relax,derive", drawn(run_pipeline(left.module, "relax").module, 2)).module
    point = point_of(network)
    check_point(small_chain(), point)
    for key in VITAL:
        best = int(values[f"arch.{key}.alpha"].argmax())
        ((kept,),) = [of for name, of in point.choices if name == key]
        assert kept.operation == shared_choices(MINIMAL)[key].edges[0].candidates[best].name


def test_weights_are_found_by_their_paths() -> None:
    values = drawn(MINIMAL, 3)
    rewrite = run_pipeline(MINIMAL, "decide{choices=vital},relax", values)
    owned, first = to_torch(rewrite.module).weights(), to_torch(MINIMAL).weights()
    shared = [name for name in owned if name in first]
    assert any(name.startswith("x_1.1.0.0.") for name in shared)
    assert {name for name in owned if name not in first} == {
        n for n in owned if n[:6] in ("x_1.0.", "x_1.1.", "x_1.2.") and n not in shared
    }
    assert all(rewrite.weights.get(name, name) == name for name in shared)


def test_derived_at_once_it_is_the_network_of_what_is_vital() -> None:
    network = run_pipeline(MINIMAL, "derive", drawn(MINIMAL, 4)).module
    kept = {key: of[0].operation for key, of in point_of(network).choices}
    assert {kept[key] for key in OTHERS} == {"skip"}
    check_point(small_chain(), point_of(network))


def test_its_expected_cost_is_that_of_its_networks() -> None:
    """Where the values are as sharp as can be, it is the cost of what is derived."""
    sharp = {name: 1e4 * value for name, value in drawn(MINIMAL, 5).items()}
    point = point_of(run_pipeline(MINIMAL, "derive", sharp).module)
    found = evaluate_objective(MINIMAL, cost_expression(MINIMAL), sharp)
    assert found == cost_of(small_chain(), point).macs


PARTLY = """
use ops

candidates few(out, stride) = mbconv(k={3, 5}, e=1, out, stride) | skip: identity(out, stride) when legal

block row(x, out) {
  x = conv_bn_relu(x, out, k=3)
  x = choose few(out=out, stride=1) from x keep 1 op
  return x
}

candidates deep(out) = row(out) | mbconv(k=3, e=1, out, stride=1)

net partly(image: tensor[3, 8, 8], classes = 4) {
  a = choose deep(out=4) from image keep 1 op
  b = choose few(out=8, stride=1) from a keep 1 op
  c = choose few(out=8, stride=1) from [a, b] keep all edges
  d = choose few(out=8, stride=1) from c keep 1 op
  return d |> global_avg_pool |> linear(classes)
}
"""


def test_what_can_be_gone_around_but_not_skipped_stays_whole() -> None:
    """Nothing hands on what `b` gets, or comes over the first edge of `c`; what is nested in `a` is a part of it."""
    space = load_source(Source("partly.nas", PARTLY))
    assert [key for key, vital in vital_choices(space.graph).items() if vital] == ["partly.a"]
    minimal = run_pipeline(space, "relax,vital").module
    assert space_of(minimal).sizes == space_of(space).sizes | {"partly.d": 1}
    assert space_of(space).sizes == {"partly.a": 2, "row.x_2": 3, "partly.b": 2, "partly.c": 6, "partly.d": 3}


def test_a_bottleneck_goes_with_it() -> None:
    both = run_pipeline(small_chain(), "relax,vital,bottleneck{ratio=2}").module
    assert both.base == MINIMAL.base
    assert space_of(run_pipeline(both, "decide{choices=vital}", drawn(both, 6)).module).size == 5**3


@pytest.mark.parametrize(
    ("space", "pipeline", "said"),
    [
        (small_space(), "relax,vital", "has no vital stage: no choice is vital"),
        (archir.load("fbnet"), "relax,vital,vital", "has another form already"),
        (archir.load("fbnet"), "restrict{to=((all, all, (mbconv_k3_e6)))},relax,vital", "nothing can be left out"),
        (small_space(), "relax,decide{choices=vital}", "none of the choices of `small` are vital"),
    ],
)
def test_what_has_no_vital_stage_says_so(space: Module, pipeline: str, said: str) -> None:
    with pytest.raises(ArchirError, match=said):
        run_pipeline(space, pipeline, drawn(run_pipeline(space, "relax").module, 0))
