"""Gates in PyTorch against NumPy and against plain writings of the papers' equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from archir.analysis.axes import Axes
from archir.analysis.gate_rows import ROWS
from archir.analysis.gates import evaluate_gate
from archir.ir.gates import (
    GATE_FUNCTIONS,
    Apply,
    Gate,
    Number,
    Parameter,
    is_plain,
    is_sparse,
    replaced,
    support,
    unmasked,
)
from archir.lowering.torch.gate_rows import GATE_ROWS
from archir.lowering.torch.gates import ChoiceGate, GateValue, gate_program

A, B, C, T, M, E, G = (Parameter(name) for name in "abctmeg")
P = Apply("softmax", (Apply("/", (A, Apply("exponential", (T, Number(5.0), Number(0.9))))),))
DST = Apply("normalize", (Apply("relu", (Apply("-", (Apply("over_max", (P,)), Apply("threshold", (B,)))),)),))
LEVELS = Apply("*", (P, Apply("edge_softmax", (C,))))
STEP = Apply("step", (M, Number(0.005)))
EDGE = Apply("step", (E, Number(0.005)))
MASKED = Apply("*", (Apply("*", (LEVELS, EDGE)), STEP))
SAMPLED = Apply("gumbel_softmax", (P, G, Number(0.7)))
SAMPLED_SPARSE = Apply("gumbel_softmax", (DST, G, Apply("exponential", (T, Number(5.0), Number(0.9)))))
# operation 0 is `none`; the last edge has one operation less
AXES = Axes(
    ((True,) * 4, (True,) * 4, (True, True, True, False)),
    ((False, True, True, True),) * 2 + ((False, True, True, False),),
)
RESTRICTED = Axes(((True, False, False, True),) * 3, ((False, False, False, True),) * 3)
GATES: tuple[Gate, ...] = (
    P, DST, LEVELS, Apply("top_edges", (LEVELS, Number(2))),
    Apply("top_edges", (P, Number(2))), Apply("argmax", (P,)), Apply("nonzero", (DST,)),
    Apply("detach", (DST,)),
    Apply("*", (Number(0.5), Apply("+", (P, P)))), Apply("log", (Apply("+", (P, Number(1.0))),)),
    MASKED, Apply("nonempty", (MASKED, LEVELS)), Apply("*", (DST, STEP)), Apply("*", (P, Apply("detach", (EDGE,)))),
    Apply("mean", (Apply("log", (Apply("threshold", (B,)),)), P)),
    SAMPLED, Apply("one_hot", (SAMPLED,)), SAMPLED_SPARSE, Apply("one_hot", (SAMPLED_SPARSE,)),
    Apply("*", (Apply("one_hot", (SAMPLED,)), Apply("edge_softmax", (C,)))),
    Apply("dot", (A, M)), Apply("per_edge", (A, M)), Apply("shares", (M,)), Apply("mean", (A,)),
)  # fmt: skip


def leaves(seed: int) -> dict[str, Tensor]:
    source = torch.Generator().manual_seed(seed)
    a = torch.randn(3, 4, dtype=torch.float64, generator=source)
    b = torch.randn((), dtype=torch.float64, generator=source)
    c = torch.randn(3, 1, dtype=torch.float64, generator=source)
    m, e = (0.01 * torch.rand(3, n, dtype=torch.float64, generator=source) for n in (4, 1))
    noise = torch.randn(3, 4, dtype=torch.float64, generator=source)
    learn = {"a": a, "b": b, "c": c, "m": m, "e": e}
    given = {"t": torch.tensor(3.0, dtype=torch.float64), "g": noise}
    return {n: v.requires_grad_() for n, v in learn.items()} | given


def run(gate: Gate, values: dict[str, Tensor], axes: Axes = AXES) -> Tensor:
    return gate_program([ChoiceGate(gate, axes)], list(values), (), {}, axes={}).run(values.values())[0].coefficients


def value(gate: Gate, values: dict[str, Tensor]) -> GateValue:
    return gate_program([ChoiceGate(gate, AXES)], list(values), (), {}, axes={}).run(values.values())[0]


def test_each_function_has_its_rows() -> None:
    assert set(GATE_FUNCTIONS) == set(ROWS) == set(GATE_ROWS)


@pytest.mark.parametrize("gate", GATES, ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_torch_agrees_with_numpy(gate: Gate, seed: int) -> None:
    values = leaves(seed)
    arrays = {name: v.detach().numpy() for name, v in values.items()}
    for axes in (AXES, RESTRICTED):
        found = run(gate, values, axes).detach().numpy()
        np.testing.assert_allclose(found, evaluate_gate(gate, arrays, axes), rtol=1e-12)


@pytest.mark.parametrize("gate", GATES, ids=str)
def test_what_is_not_active_is_as_if_it_were_not_there(gate: Gate) -> None:
    values = leaves(1)
    fewer = {**values, **{name: values[name][:, [0, 3]] for name in ("a", "m", "g")}}
    there = Axes(((True,) * 2,) * 3, ((False, True),) * 3)
    found, expected = run(gate, values, RESTRICTED), run(gate, fewer, there)
    torch.testing.assert_close(found[:, [0, 3]] if found.shape == (3, 4) else found, expected, rtol=1e-12, atol=0)


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
    assert support(Apply("*", (DST, P))) == support(DST), "a zero of DST has no gradient, whatever p is"
    assert support(Apply("*", (DST, Apply("nonzero", (P,))))) == Apply("*", (support(DST), Apply("nonzero", (P,))))
    assert not is_sparse(Apply("*", (P, STEP))), "a mask that is closed learns"
    assert support(Apply("*", (P, Apply("detach", (STEP,))))) == Apply("detach", (STEP,))
    assert is_plain(Apply("detach", (Apply("nonzero", (P,)),)))
    assert not is_plain(Apply("detach", (DST,)))


@pytest.mark.parametrize("gate", [g for g in GATES if is_sparse(g)], ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_nothing_flows_back_where_a_sparse_gate_is_zero(gate: Gate, seed: int) -> None:
    values = leaves(seed)
    found = value(gate, values)
    coefficients, active = found.coefficients, set(found.active or ())
    off = torch.tensor([[(e, k) not in active for k in range(4)] for e in range(3)])
    assert not coefficients[off].any()
    if coefficients.requires_grad:
        learn = [values[name] for name in "abcme"]
        grads = torch.autograd.grad(coefficients[off].sum(), learn, materialize_grads=True)
        assert all(not g.any() for g in grads)


def test_the_largest_threshold_leaves_a_connection() -> None:
    values = leaves(0) | {"b": torch.tensor(50.0, dtype=torch.float32)}
    values["a"] = values["a"].detach().float()
    values["t"] = values["t"].float()
    assert value(DST, values).active


@pytest.mark.parametrize("seed", range(10))
def test_a_step_is_the_heaviside_function_with_the_gradient_of_its_mask(seed: int) -> None:
    """HM-NAS, Eq. 4 and section 3.3: the gradient with respect to the ones and zeros is that of the mask."""
    values = leaves(seed)
    with torch.no_grad():
        values["m"][0], values["e"][:, 0] = torch.tensor([0.001, 0.01, 0.001, 0.01]), torch.tensor([0.01, 0.001, 0.01])
    mix = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    found = value(MASKED, values)
    assert found.active is None
    p, m, e = run(LEVELS, values).detach(), values["m"], values["e"]
    on, edges_on = (m >= 0.005).double().requires_grad_(), (e >= 0.005).double().requires_grad_()
    torch.testing.assert_close(found.coefficients, p * on * edges_on)
    wanted = torch.autograd.grad((p * on * edges_on * mix).sum(), [on, edges_on])
    torch.testing.assert_close(torch.autograd.grad((found.coefficients * mix).sum(), [m, e]), wanted)
    assert wanted[0][0, 0] != 0, "what is masked learns, too"
    assert wanted[1][1] != 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("threshold", [0.005, 0.01, 1e-3])
def test_a_mask_at_its_threshold_is_one_at_any_precision(dtype: torch.dtype, threshold: float) -> None:
    at = torch.full((3, 4), threshold)  # float32, as masks are
    below = torch.nextafter(at, torch.zeros_like(at))
    gate = Apply("step", (M, Number(threshold)))
    for mask, wanted in ((at, 1.0), (below, 0.0)):
        assert (run(gate, {"m": mask.to(dtype)}) == wanted).all()
        assert (evaluate_gate(gate, {"m": mask.to(dtype).numpy()}, AXES) == wanted).all()


def test_where_nothing_is_left_the_strongest_stays() -> None:
    values = leaves(2)
    closed = values | {"m": torch.zeros(3, 4, dtype=torch.float64)}
    kept = value(Apply("nonempty", (MASKED, LEVELS)), closed)
    assert kept.active == value(Apply("top_edges", (LEVELS, Number(1))), values).active
    assert kept.plain
    opened = values | {n: torch.ones_like(values[n]) for n in "me"}
    assert set(value(Apply("nonempty", (MASKED, LEVELS)), opened).active or ()) == {
        place for place in np.ndindex(3, 4) if AXES.solid[place[0]][place[1]]
    }


def test_gates_before_masks() -> None:
    assert unmasked(MASKED) == LEVELS
    assert unmasked(DST) == DST
    assert unmasked(Apply("*", (EDGE, STEP))) == Number(1.0)
    assert unmasked(Apply("top_edges", (MASKED, Number(2)))) == Apply("top_edges", (LEVELS, Number(2)))
    assert replaced(Apply("detach", (P,)), P, MASKED) == Apply("detach", (MASKED,))
