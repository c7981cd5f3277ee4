"""Weight maps with expressions: evaluation, composition, and what a run carries over."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from archir.ir.gates import Number
from archir.passes import compose, evaluate, former, former_path
from archir.passes.weights import (
    Arithmetic,
    Column,
    Fresh,
    InverseRoot,
    Old,
    Part,
    WeightExpression,
    substituted,
)
from archir.search.carry import carried, carried_slots

SCALE = Arithmetic("*", Old("n.weight"), InverseRoot(Arithmetic("+", Old("n.var"), Number(0.5))))
KERNEL = Arithmetic("*", Old("c.weight"), Column(Part(SCALE, 1, 3), 4))


def test_an_expression_is_evaluated_by_numpy_and_by_torch() -> None:
    weights = {
        "n.weight": np.array([1.0, 2.0, 3.0]),
        "n.var": np.array([0.5, 3.5, 8.5]),
        "c.weight": np.ones((2, 1, 2, 2)),
    }
    expected = np.broadcast_to(np.array([1.0, 1.0]).reshape(2, 1, 1, 1), (2, 1, 2, 2))
    assert np.allclose(evaluate(KERNEL, weights.__getitem__), expected)
    found = evaluate(KERNEL, lambda path: torch.from_numpy(weights[path]))
    assert torch.equal(found, torch.from_numpy(evaluate(KERNEL, weights.__getitem__)))


def test_an_expression_says_what_it_computes() -> None:
    assert str(KERNEL) == "(c.weight * column((n.weight * rsqrt((n.var + 0.5)))[1:3], 4))"


def test_a_computed_weight_has_no_former_path() -> None:
    weights = {"a": "p", "a.w": Number(2.0)}
    assert former(weights, "a.w") == Number(2.0)
    assert former(weights, "a.w.x") == Old("p.w.x")  # an expression stands for one tensor, not for what is below it
    assert [former_path(weights, path) for path in ("a.w", "a.v", "b")] == [None, "p.v", "b"]


PATHS = st.lists(st.sampled_from("ab"), min_size=1, max_size=4).map(".".join)
TENSORS = PATHS.map(lambda path: f"{path}.w")  # nothing stands below a tensor
EXPRESSIONS = st.recursive(
    TENSORS.map(Old) | st.just(Number(1.0)),
    lambda inner: st.builds(Arithmetic, st.sampled_from("+-*"), inner, inner) | inner.map(InverseRoot),
    max_leaves=4,
)
MAPS = st.builds(
    lambda renamed, computed: {**renamed, **computed},
    st.dictionaries(PATHS, PATHS, max_size=3),
    st.dictionaries(TENSORS, TENSORS | EXPRESSIONS, max_size=3),
)


@given(later=MAPS, earlier=MAPS, path=TENSORS)
def test_composed_maps_follow_both(
    later: dict[str, str | WeightExpression], earlier: dict[str, str | WeightExpression], path: str
) -> None:
    both = substituted(former(later, path), lambda old: former(earlier, old))
    assert former(compose(later, earlier), path) == both


def test_a_run_carries_computed_tensors_but_no_optimiser_state_of_them() -> None:
    maps = [{"m": "l"}, {"a": Arithmetic("+", Old("m.x"), Old("m.y")), "b": "m.x"}]
    tensors = {"l.x": torch.tensor([1.0]), "l.y": torch.tensor([2.0])}
    found = carried(tensors, ("a", "b", "new"), maps)
    assert {path: float(value) for path, value in found.items()} == {"a": 3.0, "b": 1.0}
    state = {path: {"momentum_buffer": value} for path, value in tensors.items()}
    assert carried_slots(state, ("a", "b", "new"), maps) == {"b": state["l.x"]}


def test_an_unknown_operand_is_an_error() -> None:
    with pytest.raises(KeyError):
        evaluate(Old("a"), {}.__getitem__)


def test_what_begins_anew_is_left_out_with_all_below_it() -> None:
    made = {"cell": Fresh(), "arch.alpha": Fresh()}
    tensors = {path: torch.zeros(1) for path in ("cell.0.weight", "cells.weight", "arch.alpha", "arch.beta", "old.w")}
    assert carried(tensors, tensors, [made]).keys() == {"cells.weight", "arch.beta", "old.w"}
    assert carried_slots({path: {"step": t} for path, t in tensors.items()}, tensors, [made]).keys() == {
        "cells.weight", "arch.beta", "old.w"
    }  # fmt: skip
    renamed = compose({"new": "cell.0"}, made)
    assert former(renamed, "new.weight") == Fresh()
    assert former_path(renamed, "new.weight") is None
    assert former(compose(made, {"cell.1": "old"}), "cell.1.w") == Fresh()
