"""Gates in PyTorch against NumPy and against plain writings of the papers' equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from archir.analysis.axes import Axes
from archir.analysis.gates import ROWS, evaluate_gate
from archir.ir.gates import GATE_FUNCTIONS, Apply, Gate, Number, Parameter, is_plain, is_sparse
from archir.lowering.torch.gate_rows import GATE_ROWS
from archir.lowering.torch.gates import GateValue, Reading, gate_program

A, B, C, T = Parameter("a"), Parameter("b"), Parameter("c"), Parameter("t")
P = Apply("softmax", (Apply("/", (A, Apply("exponential", (T, Number(5.0), Number(0.9))))),))
DST = Apply("normalize", (Apply("relu", (Apply("-", (Apply("over_max", (P,)), Apply("threshold", (B,)))),)),))
LEVELS = Apply("*", (P, Apply("edge_softmax", (C,))))
# operation 0 is `none`; the last edge has one operation less
AXES = Axes(
    ((True,) * 4, (True,) * 4, (True, True, True, False)),
    ((False, True, True, True),) * 2 + ((False, True, True, False),),
)
GATES: tuple[Gate, ...] = (
    P, DST, LEVELS, Apply("top_edges", (LEVELS, Number(2))),
    Apply("top_edges", (P, Number(2))), Apply("argmax", (P,)), Apply("nonzero", (DST,)),
    Apply("detach", (DST,)),
    Apply("*", (Number(0.5), Apply("+", (P, P)))), Apply("log", (Apply("+", (P, Number(1.0))),)),
    Apply("mean", (Apply("log", (Apply("threshold", (B,)),)), P)),
)  # fmt: skip


def leaves(seed: int) -> dict[str, Tensor]:
    source = torch.Generator().manual_seed(seed)
    a = torch.randn(3, 4, dtype=torch.float64, generator=source)
    b = torch.randn((), dtype=torch.float64, generator=source)
    c = torch.randn(3, 1, dtype=torch.float64, generator=source)
    t = torch.tensor(3.0, dtype=torch.float64)
    return {"a": a.requires_grad_(), "b": b.requires_grad_(), "c": c.requires_grad_(), "t": t}


def run(gate: Gate, values: dict[str, Tensor], axes: Axes = AXES) -> Tensor:
    return gate_program([Reading(gate, axes)], list(values), (), {}).run(values.values())[0].coefficients


def value(gate: Gate, values: dict[str, Tensor]) -> GateValue:
    return gate_program([Reading(gate, AXES)], list(values), (), {}).run(values.values())[0]


def test_each_function_has_its_rows() -> None:
    assert set(GATE_FUNCTIONS) == set(ROWS) == set(GATE_ROWS)


@pytest.mark.parametrize("gate", GATES, ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_torch_agrees_with_numpy(gate: Gate, seed: int) -> None:
    values = leaves(seed)
    arrays = {name: v.detach().numpy() for name, v in values.items()}
    np.testing.assert_allclose(run(gate, values).detach().numpy(), evaluate_gate(gate, arrays, AXES), rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_edges_share_one_softmax(seed: int) -> None:
    values = leaves(seed) | {"c": torch.tensor([[0.0], [1000.0], [999.0]], dtype=torch.float64)}  # no overflow
    found = run(LEVELS, values).sum(-1)
    wanted = torch.tensor([0.0, torch.e / (1 + torch.e), 1 / (1 + torch.e)], dtype=torch.float64)
    torch.testing.assert_close(found, wanted)
    arrays = {name: v.detach().numpy() for name, v in values.items()}
    np.testing.assert_allclose(evaluate_gate(LEVELS, arrays, AXES).sum(-1), wanted.numpy())


def plain_dst(a: Tensor, b: Tensor, tau: float) -> list[list[Tensor]]:
    """EnTranNAS-DST, Eqs. 5 and 7 to 9, edge by edge; `None` operations and missing ones give zero."""
    p = [torch.softmax(a[e, :n] / tau, 0) for e, n in enumerate((4, 4, 3))]
    most = torch.stack([row[k] for row in p for k in range(1, len(row))]).max()
    result = []
    for row in p:
        q = [torch.relu(x / most - torch.sigmoid(b)) if k else torch.zeros_like(x) for k, x in enumerate(row)]
        total = sum(q, torch.zeros_like(most))
        result.append([x / total if total > 0 else x for x in q] + [torch.zeros_like(most)] * (4 - len(row)))
    return result


@pytest.mark.parametrize("seed", range(20))
def test_sparsification_and_its_gradients(seed: int) -> None:
    values = leaves(seed)
    mix = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    found = run(DST, values)
    plain = torch.stack([torch.stack(row) for row in plain_dst(values["a"], values["b"], 5.0 * 0.9**3)])
    torch.testing.assert_close(found, plain, rtol=1e-12, atol=1e-12)
    wanted = torch.autograd.grad((plain * mix).sum(), [values["a"], values["b"]])
    torch.testing.assert_close(torch.autograd.grad((found * mix).sum(), [values["a"], values["b"]]), wanted)


@pytest.mark.parametrize("seed", range(20))
def test_top_edges_by_hand(seed: int) -> None:
    values = leaves(seed)
    p = run(P, values).tolist()
    best = sorted(((max(row[1 : 4 - (e == 2)]), e) for e, row in enumerate(p)), reverse=True)[:2]
    wanted = {(e, p[e].index(strength)) for strength, e in best}
    kept = value(Apply("top_edges", (P, Number(2))), values)
    assert set(kept.active or ()) == wanted
    assert kept.plain


def test_sparse_gates_name_what_runs_and_dense_ones_run_all() -> None:
    values = leaves(1)
    assert value(P, values)[1:] == (None, False)
    gate = value(DST, values)
    assert not gate.plain
    assert gate.active is not None
    assert set(gate.active) == {tuple(place) for place in gate.coefficients.nonzero().tolist()}
    assert 0 < len(gate.active) < 12


def test_what_zeros_mean() -> None:
    assert not is_sparse(P)
    assert not is_sparse(LEVELS)
    assert is_sparse(DST)
    assert is_sparse(Apply("detach", (P,)))
    assert not is_sparse(Apply("*", (DST, P))), "a zero of p would still have a gradient"
    assert is_sparse(Apply("*", (DST, Apply("nonzero", (P,)))))
    assert is_plain(Apply("detach", (Apply("nonzero", (P,)),)))
    assert not is_plain(Apply("detach", (DST,)))


@pytest.mark.parametrize("gate", [g for g in GATES if is_sparse(g)], ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_nothing_flows_back_where_a_sparse_gate_is_zero(gate: Gate, seed: int) -> None:
    values = leaves(seed)
    found = run(gate, values)
    if found.requires_grad:
        where = torch.where(found == 0, torch.ones_like(found), torch.zeros_like(found))
        grads = torch.autograd.grad((found * where).sum(), [values["a"], values["b"]])
        assert all(not g.any() for g in grads)


def test_the_largest_threshold_leaves_a_connection() -> None:
    values = leaves(0) | {"b": torch.tensor(50.0, dtype=torch.float32)}
    values["a"] = values["a"].detach().float()
    values["t"] = values["t"].float()
    assert value(DST, values).active
