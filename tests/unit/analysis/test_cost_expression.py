"""Costs as objectives: their values and gradients against the expectation that is computed straight from the net."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from attrs import evolve

import archir
from archir.analysis.axes import axes_of
from archir.analysis.cost import macs
from archir.analysis.cost_expression import cost_expression
from archir.analysis.expected import cost_of, expected
from archir.analysis.gates import evaluate_gate, evaluate_objective
from archir.analysis.table import MEASURES
from archir.diagnostics import ArchirError
from archir.ir.module import Module, Objective, choice_instances
from archir.ir.printer import print_flat
from archir.lowering.torch import to_torch
from archir.passes import Values, run_pipeline
from archir.passes.fix import fixed
from archir.sema import load_source
from archir.source import Source
from archir.space.points import random_point
from tests.small_space import small_space

NESTED = """
use ops
candidates inner = conv_1x1: relu_conv_bn | conv_3x3: relu_conv_bn(k=3)
block two(x) { y = choose inner from x keep 1 op; return y |> batch_norm }
candidates outer = skip | two | pool: max_pool_3x3
net nested(image: tensor[4, 8, 8]) { x = choose outer from image keep 1 op; return x |> global_avg_pool |> linear(3) }
"""


def nested() -> Module:
    return load_source(Source("nested.nas", NESTED), Path.cwd(), None, {})


def values_of(module: Module, seed: int) -> Values:
    random = np.random.default_rng(seed)
    return {p.name: random.normal(size=p.shape) for p in module.parameters}


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("space", [small_space, nested, lambda: archir.load("fbnet", image=(3, 32, 32))])
def test_values_and_gradients(measure: str, space) -> None:
    module = run_pipeline(space(), "relax").module
    expression = cost_expression(module, measure)
    values = values_of(module, 1)
    instances = {i.key: i for i in choice_instances(module.graph)}
    gates = {g.path: g.gate for g in module.gates}

    affine = run_pipeline(space(), "relax{affine=true}").module.graph

    def straight(changed: Values) -> float:
        found = {key: evaluate_gate(gates[i.path], changed, axes_of(i.choice)) for key, i in instances.items()}
        return expected(evolve(module, graph=affine), found)[measure]

    assert evaluate_objective(module, expression, values) == pytest.approx(straight(values), rel=1e-12)
    net = to_torch(evolve(module, objectives=(Objective("cost", expression),))).double()
    with torch.no_grad():
        for name, parameter in net.architecture().items():
            parameter.copy_(torch.from_numpy(values[name]))
    net.objectives()["cost"].backward()
    assert net.objectives()["cost"].item() == pytest.approx(straight(values), rel=1e-12)
    name = module.parameters[0].name
    for place in ((0, 0), (0, 1)):
        step = np.zeros_like(values[name])
        step[place] = 1e-5
        above, below = (straight({**values, name: values[name] + s}) for s in (step, -step))
        gradient = net.architecture()[name].grad
        assert gradient is not None
        assert gradient[place].item() == pytest.approx((above - below) / 2e-5, rel=1e-4, abs=1e-7 * straight(values))


def test_at_a_point_it_is_the_cost_of_the_network() -> None:
    space = small_space()
    module = run_pipeline(space, "relax,share_features,bottleneck{ratio=2}").module
    point = random_point(space, Random(3))
    values = {}
    for instance in choice_instances(module.graph):
        table = np.full(axes_of(instance.choice).exist().shape, -1e9)
        table[:, 0] = 0.0  # `none`, unless something is kept
        for kept in point.kept(instance.key) or ():
            names = [c.name for c in instance.choice.edges[kept.edge].candidates]
            table[kept.edge] = -1e9
            table[kept.edge, names.index(kept.operation)] = 0.0
        values[f"arch.{instance.key}.alpha"] = table
    for measure in ("params", "macs"):  # `none` has elements, which no network keeps
        found = evaluate_objective(module, cost_expression(module, measure), values)
        assert found == getattr(cost_of(space, point), measure)
    assert evaluate_objective(module, cost_expression(module), values) == macs(fixed(space, point))


def test_it_is_printed_and_read_back() -> None:
    module = run_pipeline(nested(), "relax").module
    module = evolve(module, objectives=(Objective("macs", cost_expression(module)),))
    text = print_flat(module)
    assert "pick(%x, 0, 1) * dot(%x.0.two.y, [[" in text
    assert load_source(Source("flat.nas", text), Path.cwd(), None, {}) == module


def test_other_measures_are_errors() -> None:
    with pytest.raises(ArchirError, match="there is no measure `seconds`"):
        cost_expression(run_pipeline(nested(), "relax").module, "seconds")
