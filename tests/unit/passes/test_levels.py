"""Two levels of encoding (HM-NAS, Eqs. 1 and 2): weights of operations and weights of edges, on every kind of space."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as nn

import archir
from archir.analysis.axes import axes_of
from archir.analysis.gates import evaluate_gate
from archir.ir.module import Module, choice_instances, shared_choices
from archir.ir.printer import print_flat
from archir.lowering.torch import Supernet, to_torch
from archir.passes import Values, run_pipeline
from archir.passes.child import child_of
from archir.passes.rules import engine_gates
from archir.sema import load_source
from archir.source import Source
from tests.derived import point_of
from tests.small_space import small_space
from tests.unit.spaces.test_lowering import SMALL

SIZES = SMALL | {
    "darts": {"channels": 4, "cells": 3},
    "hmnas": {"channels": 4, "cells": 3},
    "hs_das": {"channels": 4, "cells": 3},
}
MIX = """
use ops
candidates few = none | skip | sigmoid | conv_3x3: conv(k=3)
cell mix(a, b) {
  x[0] = a
  x[1] = b
  for i in 2..5 { x[i] = choose few from x[0..i] keep 2 edges }
  return concat(x[2..5])
}
net n(image: tensor[2, 4, 4]) { return mix(image, sigmoid(image)) }
"""


def plain_mix(image: Tensor, t: Mapping[str, Tensor]) -> Tensor:
    """The net of MIX as Eqs. 1 and 2 are printed."""
    x = [image, torch.sigmoid(image)]
    for i in range(2, 5):
        alpha, beta = t[f"arch.mix.x.{i}.alpha"], t[f"arch.mix.x.{i}.beta"]
        terms = []
        for j in range(i):
            kernel = t[f"mix.x.{i}.{j}.conv_3x3.conv.weight"]
            outputs = [torch.zeros_like(image), x[j], torch.sigmoid(x[j]), nn.conv2d(x[j], kernel, padding=1)]
            total = sum(torch.exp(alpha[j, k]) for k in range(4))
            mixed = sum(torch.exp(alpha[j, k]) / total * o for k, o in enumerate(outputs))  # Eq. 1
            terms.append(torch.exp(beta[j, 0]) / sum(torch.exp(beta[k, 0]) for k in range(i)) * mixed)  # Eq. 2
        x.append(sum(terms[1:], terms[0]))
    return torch.cat(x[2:], 1)


def relaxed(name: str, pipeline: str = "relax{levels=2}") -> Module:
    return archir.apply(archir.load(name, **SIZES[name]), pipeline)


def random_values(module: Module, seed: int) -> Values:
    source = np.random.default_rng(seed)
    return {p.name: source.normal(size=p.shape) for p in module.parameters}


def with_values(module: Module, values: Values) -> Supernet:
    net = to_torch(module).double()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in values.items()}, strict=False)
    return net


@pytest.mark.parametrize("seed", range(5))
def test_values_and_gradients_are_those_of_the_equations(seed: int) -> None:
    torch.manual_seed(seed)
    module = run_pipeline(load_source(Source("mix.nas", MIX)), "relax{levels=2}").module
    net = with_values(module, random_values(module, seed))
    image = torch.randn(3, 2, 4, 4, dtype=torch.float64)
    mix = torch.randn(3, 6, 4, 4, dtype=torch.float64)
    leaves = dict(net.named_parameters())
    found, wanted = net(image), plain_mix(image, leaves)
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)
    ours = torch.autograd.grad((found * mix).sum(), list(leaves.values()))
    plain = torch.autograd.grad((wanted * mix).sum(), list(leaves.values()))
    for name, a, b in zip(leaves, ours, plain, strict=True):
        assert b.abs().max() > 0, name
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12, msg=name)


@pytest.mark.parametrize("name", SIZES)
def test_every_space_takes_two_levels(name: str) -> None:
    module = relaxed(name)
    betas = {p.name: p.shape for p in module.parameters if p.name.endswith(".beta")}
    several = {k: c for k, c in shared_choices(module).items() if len(c.edges) > 1}
    assert betas == {f"arch.{key}.beta": (len(choice.edges), 1) for key, choice in several.items()}
    if name in ("fbnet", "mnasnet", "efficientnet"):  # one source: nothing to weigh
        assert not betas
        assert module == relaxed(name, "relax")
    assert not any(c.windows for c in several.values())
    text = print_flat(module)
    back = load_source(Source("flat", text))
    assert back == module
    assert print_flat(back) == text


@pytest.mark.parametrize("name", ["darts", "hmnas", "nasbench201", "hs_das", "hs_das_cells"])
def test_every_space_learns_both_levels(name: str) -> None:
    torch.manual_seed(0)
    module = relaxed(name)
    net = to_torch(module)
    net(torch.randn(2, 3, 32, 32)).square().sum().backward()
    assert [n for n, p in net.architecture().items() if p.grad is None or not p.grad.any()] == []


@pytest.mark.parametrize("name", ["darts", "hmnas", "nasbench201", "hs_das", "hs_das_cells", "fbnet"])
def test_the_coefficients_of_a_choice_sum_to_one(name: str) -> None:
    module = relaxed(name)
    values = random_values(module, 1)
    gates = {g.path: g.gate for g in module.gates}
    for i in choice_instances(module.graph):
        assert evaluate_gate(gates[i.path], values, axes_of(i.choice)).sum() == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["darts", "nasbench201", "hs_das", "hs_das_cells", "fbnet"])
def test_every_space_is_derived_from_two_levels(name: str) -> None:
    module = relaxed(name)
    derived = run_pipeline(module, "derive", random_values(module, 3)).module
    assert derived.form == "network"
    assert to_torch(derived).eval()(torch.randn(1, 3, 32, 32)).shape == (1, 10)


@pytest.mark.parametrize("seed", range(10))
def test_confident_edges_are_strong_in_both_levels(seed: int) -> None:
    """HM-NAS, Table 5: the most likely operation of each edge, and the two edges of the largest product."""
    module = run_pipeline(small_space(), "relax{levels=2}").module
    values = random_values(module, seed)
    point = point_of(run_pipeline(module, "derive{rule=top_edges}", values).module)
    for key, choice in shared_choices(module).items():
        alpha, beta = values[f"arch.{key}.alpha"], values[f"arch.{key}.beta"][:, 0]
        strength = {}
        for e, edge in enumerate(choice.edges):
            names = [c.name for c in edge.candidates]
            p = np.exp(alpha[e]) / np.exp(alpha[e]).sum() * np.exp(beta[e]) / np.exp(beta).sum()
            strength[e] = max((p[k], names[k]) for k in range(len(names)) if names[k] != "none")
        best = sorted(strength, key=lambda e: strength[e], reverse=True)[:2]
        assert {(k.edge, k.operation) for k in point.kept(key)} == {(e, strength[e][1]) for e in best}


def test_an_edge_with_a_small_beta_goes_whatever_its_alpha() -> None:
    module = run_pipeline(small_space(), "relax{levels=2}").module
    values = {p.name: np.zeros(p.shape) for p in module.parameters}
    values["arch.normal.x.3.alpha"][0, 3] = 5.0
    values["arch.normal.x.3.beta"][0] = -5.0
    one_level = run_pipeline(small_space(), "relax").module
    alphas = {p.name: values[p.name] for p in one_level.parameters}
    kept = [
        [k.edge for k in point_of(run_pipeline(m, "derive", v).module).kept("normal.x.3") or ()]
        for m, v in ((module, values), (one_level, alphas))
    ]
    assert kept == [[1, 2], [0, 1]]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("extra", ["transit", "transit{coefficients=true}"])
def test_transit_cells_run_what_would_be_derived(extra: str, seed: int) -> None:
    torch.manual_seed(seed)
    module = run_pipeline(small_space(), f"relax{{levels=2}},{extra}").module
    values = random_values(module, seed)
    net = with_values(module, values)
    image = torch.randn(4, 3, 8, 8, dtype=torch.float64)
    net(image).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in net.architecture().values()), "the engines learn both"
    kept = point_of(run_pipeline(module, "derive", values).module)
    ran = {
        tuple(n.split(".")[4:6]) for n, w in net.weights().items() if n.startswith("c.2.x.3.") and w.grad is not None
    }
    weighted = {(str(k.edge), k.operation) for k in kept.kept("normal.x.3") if k.operation.endswith("conv_3x3")}
    assert ran == weighted


@pytest.mark.parametrize("seed", range(5))
def test_sparse_connections_are_those_that_are_weak_in_the_product(seed: int) -> None:
    module = run_pipeline(small_space(), "widen,relax{levels=2},sparsify").module
    assert {p.name.rpartition(".")[2] for p in module.parameters} == {"alpha", "beta", "threshold"}
    values = random_values(module, seed)
    for key, choice in shared_choices(module).items():
        alpha, beta = values[f"arch.{key}.alpha"], values[f"arch.{key}.beta"]
        p = np.exp(alpha) / np.exp(alpha).sum(1, keepdims=True) * np.exp(beta) / np.exp(beta).sum()
        p[:, 0] = 0.0  # `none`
        q = np.maximum(p / p.max() - 1 / (1 + np.exp(-values[f"arch.{key}.threshold"])), 0.0)
        total = q.sum(1, keepdims=True)
        wanted = q / np.where(total > 0, total, 1.0)
        found = evaluate_gate(engine_gates(module)[key], values, axes_of(choice))
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
    child = child_of(module, ["derive{rule=nonzero}"])
    assert child is not None
    assert set(child.connections(values)) == {"normal", "reduce"}
