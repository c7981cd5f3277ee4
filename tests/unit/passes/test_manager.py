"""Pipelines: what runs, and what is checked around each pass."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from archir.diagnostics import ArchirError
from archir.ir.module import Module
from archir.ops.pointwise import Relu
from archir.passes import Rewrite, Step, compose, former_path
from tests.example_passes import CHOICE, NETWORK, SPACE, VALUES, activation, faults, net, run


def test_passes_run_in_turn_and_leave_their_history() -> None:
    module = run(evolve(SPACE, history=("before",)), "loosen{deviation=0},tighten", VALUES).module
    assert module == Module("tiny", "network", net(activation("y", Relu)))
    assert module.history == ("before", "loosen{deviation=0.0}", "tighten")


def test_a_blank_pipeline_changes_nothing() -> None:
    assert run(SPACE, " \n") == Rewrite(SPACE)


def test_history_reads_back_as_the_same_pipeline() -> None:
    text = 'rename{to=a, sizes=(1, 2), pair=[1, 2.5], limit=none, flag=true, words=("none",)},loosen{deviation=5e-3}'
    history = run(SPACE, text.replace("loosen", "rename{to=y},loosen")).module.history
    assert history == (
        'rename{to=a,sizes=(1, 2),pair=(1.0, 2.5),limit=none,flag=true,words=("none",)}',
        "rename{to=y}",
        "loosen{deviation=0.005}",
    )
    again = run(SPACE, ",".join(history)).module
    assert again.history == history


def test_weight_maps_are_composed() -> None:
    assert run(NETWORK, "rename{to=a},rename{to=b.c},rename{to=d}").weights == {"a": "y", "b.c": "y", "d": "y"}
    weights = run(SPACE, "loosen,tighten", VALUES).weights
    assert weights == {"y.relu": "y.0.relu.relu"}


def test_former_path_follows_the_longest_prefix() -> None:
    weights = {"a": "p", "a.b": "q.r"}
    assert [former_path(weights, path) for path in ("a", "a.b", "a.b.weight", "a.bc", "ab", "z.a")] == [
        "p", "q.r", "q.r.weight", "p.bc", "ab", "z.a",
    ]  # fmt: skip


PATHS = st.lists(st.sampled_from("ab"), min_size=1, max_size=4).map(".".join)
MAPS = st.dictionaries(PATHS, PATHS, max_size=4)


@given(later=MAPS, earlier=MAPS, path=PATHS)
def test_composed_maps_follow_both(later: dict[str, str], earlier: dict[str, str], path: str) -> None:
    assert former_path(compose(later, earlier), path) == former_path(earlier, former_path(later, path))


def test_the_observer_is_told_of_each_pass() -> None:
    steps: list[Step] = []
    run(SPACE, "rename{to=y},loosen,tighten", VALUES, observer=steps.append)
    assert [(s.index, s.applied.name, s.before.form, s.after.form) for s in steps] == [
        (0, "rename", "space", "space"),
        (1, "loosen", "space", "relaxed"),
        (2, "tighten", "relaxed", "network"),
    ]
    assert all(s.seconds > 0 for s in steps)
    assert steps[0].after is steps[1].before


def test_a_pass_that_does_not_take_the_form() -> None:
    assert faults("tighten") == ["NAS402 the pass `tighten` takes a relaxed module, and this module is a space"]
    with pytest.raises(ArchirError) as caught:
        run(SPACE, "rename{to=y}, tighten")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.help == "run `loosen` before it: `loosen,tighten`"
    assert diagnostic.span is not None
    assert (diagnostic.span.start, diagnostic.span.end) == (14, 21)
    with pytest.raises(ArchirError) as caught:
        run(NETWORK, "loosen")
    assert caught.value.diagnostics[0].help == "start from a space"


def test_values_are_checked() -> None:
    assert faults("loosen,tighten") == ["NAS403 the pass `tighten` needs learned values of the architecture parameters"]
    assert faults("loosen,tighten", values={}) == [
        "NAS403 there is no value for the architecture parameter `arch.tiny.y.alpha`"
    ]
    assert faults("loosen,tighten", values={"arch.tiny.y.alpha": np.zeros((2, 2))}) == [
        "NAS403 the value of `arch.tiny.y.alpha` has the shape (2, 2), not (1, 2)"
    ]


def test_a_pass_that_breaks_the_module_is_named() -> None:
    with pytest.raises(ArchirError) as caught:
        run(SPACE, "break")
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == ("NAS405", "`tiny` returns `z`, which it does not compute")
    assert diagnostic.notes[-1] == "found after the pass `break`"
    assert faults("lie") == ["NAS405 the pass `lie` promises a network and gave a space"]


def test_a_broken_module_is_found_before_the_first_pass() -> None:
    assert faults("loosen", module=evolve(SPACE, graph=net(CHOICE, output="q"))) == [
        "NAS405 `tiny` returns `q`, which it does not compute"
    ]
