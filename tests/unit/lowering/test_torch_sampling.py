"""Gates that sample, against the equations of SNAS and GDAS with the same noise, and against what they are to draw."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from archir.ir.gates import Apply, Gate, Number, Parameter, added, is_sparse, support
from archir.ir.sampling import is_sampled, sampled, sampled_like, unsampled
from archir.lowering.torch.noise import gumbel
from tests.unit.lowering.test_torch_gates import AXES, DST, G, P, leaves, run, value

SOFT = Apply("gumbel_softmax", (P, G, Number(0.7)))
HARD = Apply("one_hot", (SOFT,))
THETAS = [Parameter("a"), Parameter("m")]
PI = (0.3, 0.7)
MIXED = added(Apply("*", (Number(w), Apply("softmax", (t,)))) for w, t in zip(PI, THETAS, strict=True))
COUNTS = (4, 4, 3)
"""Operations of each edge of AXES."""


def plain(values: dict[str, Tensor], logs: Tensor, tau: float) -> Tensor:
    """softmax((log p + g) / tau) edge by edge, as printed; zero where an edge has no operation."""
    rows = torch.zeros(3, 4, dtype=torch.float64)
    for e, n in enumerate(COUNTS):
        powers = torch.exp((logs[e, :n] + values["g"][e, :n]) / tau)
        rows[e, :n] = powers / powers.sum()
    return rows


def mix(seed: int) -> Tensor:
    return torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def gradients(found: Tensor, values: dict[str, Tensor], seed: int) -> list[Tensor]:
    learned = [v for v in values.values() if v.requires_grad]
    return list(torch.autograd.grad((found * mix(seed)).sum(), learned, materialize_grads=True))


@pytest.mark.parametrize("seed", range(10))
def test_relaxed_samples_are_those_of_snas(seed: int) -> None:
    values = leaves(seed)
    logs = values["a"] / (5.0 * 0.9**3)  # what a row adds to all its logarithms changes nothing
    expected = plain(values, logs, 0.7)
    torch.testing.assert_close(run(SOFT, values), expected, rtol=1e-12, atol=0)
    found, wanted = gradients(run(SOFT, values), values, seed), gradients(expected, values, seed)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("seed", range(10))
def test_samples_have_the_gradient_of_gdas_where_they_ran(seed: int) -> None:
    values = leaves(seed)
    soft = plain(values, values["a"] / (5.0 * 0.9**3), 0.7)
    rows = []
    for e, n in enumerate(COUNTS):
        k = int(soft[e, :n].argmax())  # GDAS, Eqs. 5 to 8: only the operation at k runs, and only it has a gradient
        rows.append(
            torch.stack(
                [soft[e, j] - soft[e, j].detach() + 1 if j == k else torch.zeros_like(soft[e, j]) for j in range(4)]
            )
        )
    expected = torch.stack(rows)
    found = run(HARD, values)
    assert torch.equal(found, expected.detach())
    assert found.sum(-1).tolist() == [1.0] * 3
    torch.testing.assert_close(gradients(found, values, seed), gradients(expected, values, seed), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("gate", [P, MIXED], ids=["tempered", "proposals"])
@pytest.mark.parametrize("temperature", [0.1, 5.0])
def test_samples_are_distributed_as_the_probabilities_say(gate: Gate, temperature: float) -> None:
    """Pearson's chi-square over 2,000 samples of each edge; by chance it is above 26.1 once in a thousand seeds."""
    values = leaves(3)
    values["m"] = 100 * values["m"].detach()
    expected, counts = run(gate, values).detach(), torch.zeros(3, 4, dtype=torch.float64)
    sample = sampled("gumbel_max", gate, "g", Number(temperature))
    torch.manual_seed(0)
    for _ in range(2000):
        counts += run(sample, values | {"g": gumbel((3, 4))}).detach()
    expected = 2000 * expected / expected.sum(-1, keepdim=True)
    there = expected > 0
    chi = ((counts - expected)[there] ** 2 / expected[there]).sum()
    assert int(there.sum()) - 3 == 8  # degrees of freedom
    assert chi < 26.1
    assert not counts[~there].any()


def test_only_what_is_drawn_runs() -> None:
    values = leaves(2)
    assert is_sparse(HARD)
    assert support(HARD) == HARD
    assert not is_sparse(SOFT)
    found = value(HARD, values)
    assert not found.plain
    assert found.active == tuple((e, int(run(HARD, values)[e].argmax())) for e in range(3))


def test_what_is_cut_off_is_not_drawn() -> None:
    """An edge of zeros stays one, with gradients that are numbers."""
    values = leaves(0) | {"b": torch.tensor(2.0, dtype=torch.float64, requires_grad=True)}
    kept = run(DST, values)
    assert (kept.sum(-1) == 0).any()
    assert (kept.sum(-1) > 0).any()
    for gate in (sampled_like(SOFT, DST), sampled_like(HARD, DST)):
        assert is_sparse(gate)
        found = run(gate, values)
        assert torch.equal(found.sum(-1) > 0, kept.sum(-1) > 0)
        assert not found[kept == 0].any()
        assert all(torch.isfinite(slope).all() for slope in gradients(found, values, 0))


def test_extreme_probabilities_have_gradients_that_are_numbers() -> None:
    values = leaves(0) | {"a": torch.tensor([[0.0, 4000.0, 1.0, 2.0]] * 3, dtype=torch.float64, requires_grad=True)}
    found = run(HARD, values)
    assert found[:, 1].tolist() == [1.0] * 3
    assert all(torch.isfinite(slope).all() for slope in gradients(found, values, 0))


def test_probabilities_are_told_from_samples() -> None:
    edges = Apply("edge_softmax", (Parameter("c"),))
    for sample in (SOFT, HARD):
        assert is_sampled(sample)
        assert unsampled(Apply("*", (sample, edges))) == Apply("*", (P, edges))
        assert sampled_like(Apply("*", (sample, edges)), DST) == (
            Apply("gumbel_softmax", (DST, *SOFT.arguments[1:])) if sample is SOFT else sampled_like(HARD, DST)
        )
    assert sampled_like(P, DST) == DST
    assert not is_sampled(DST)
    assert AXES.ragged  # the rows above have edges of different length
