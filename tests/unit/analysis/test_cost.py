"""Costs: conventions, tables over what can be chosen, bounds, memory."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest

import archir
from archir.analysis import cost, memory
from archir.analysis.bounds import bounds, known_bounds
from archir.analysis.expected import cost_of, expected
from archir.analysis.table import cost_table
from archir.diagnostics import ArchirError
from archir.ir.module import Module, shared_choices
from archir.ir.point import Point
from archir.passes.fix import fixed
from archir.sema import load_source
from archir.source import Source
from archir.space.space import space_of

TINY = """
net tiny(image: tensor[3, 8, 8]) {
  x = image |> conv(4, k=3) |> batch_norm |> relu
  return x |> global_avg_pool |> linear(10)
}
"""
NESTED = """
block inner(x) {
  y = choose deep from x keep 1 op
  return y
}
candidates deep = relu | conv | wide: conv(k=3)
candidates outer = inner | plain: conv(k=5) | none
net nested(image: tensor[4, 4, 4]) {
  y = choose outer from [image] keep some edges
  return y |> global_avg_pool |> linear(10)
}
"""
RESNET50 = """
block bottleneck(x, width, stride) {
  y = x |> conv_bn_relu(width) |> conv_bn_relu(width, k=3, stride=stride) |> conv_bn(4 * width)
  if x.channels != 4 * width { x = conv_bn(x, 4 * width, stride=stride) }
  return relu(y + x)
}
net resnet50(image: tensor[3, 224, 224], classes = 1000) {
  x = image |> conv_bn_relu(64, k=7, stride=2) |> max_pool(k=3, stride=2, pad=1)
  for (width, n, stride) in [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)] {
    for i in 0..n { x = bottleneck(x, width, stride if i == 0 else 1) }
  }
  return x |> global_avg_pool |> linear(classes)
}
"""
SHARED = NESTED.replace("[image]", "[image, relu(image)]")


def load(text: str) -> Module:
    return load_source(Source("space", "use ops\n" + text))


def test_conventions() -> None:
    module = load(TINY)
    assert cost.parameters(module) == 3 * 4 * 9 + 2 * 4 + 4 * 10 + 10
    plain = 64 * 4 * 27 + 40
    assert cost.macs(module) == cost.macs(module, "conv-linear") == plain
    assert cost.macs(module, "nasbench201") == plain + 10
    assert cost.macs(module, "thop") == plain + 2 * 256 + 256
    with pytest.raises(ArchirError, match="there is no convention"):
        cost.macs(module, "flops")


def test_what_counters_print_of_mobilenet_v2() -> None:
    """torchstat's flops and ptflops' MACs follow the rule called thop; thop 0.0.31 itself leaves out relu."""
    module, wide = archir.load("mobilenet_v2"), archir.load("mobilenet_v2", width=1.4)
    assert cost.macs(module, "thop") == 320_236_288  # torchstat: 3,504,872 parameters, 320.24MFlops
    assert round(cost.macs(wide, "thop") / 1e6, 1) == 610.1  # ptflops: 610.1 MMac, 6.11 M
    assert round(cost.parameters(wide) / 1e6, 2) == 6.11
    assert cost.macs(module, "thop-0.0.31") == 314_130_496  # thop: (314130496.0, 3504872.0)


def test_what_thop_prints_of_resnet_50() -> None:
    """thop 0.0.31: 4111514624.0 25557032.0; its pooling layer costs an addition for each input and a division."""
    module = load(RESNET50)
    assert cost.parameters(module) == 25_557_032
    assert cost.macs(module) == 4_089_184_256
    assert cost.macs(module, "thop-0.0.31") + 2048 * (7 * 7 + 1) == 4_111_514_624


def test_darts_v2_at_its_published_size() -> None:
    assert cost.total(archir.load("darts_v2").graph) == cost.Cost(3_349_342, 528_359_040, 26_607_610)


def test_per_node_and_per_instance_add_up() -> None:
    module = archir.load("darts_v2", channels=4, cells=3)
    nodes = cost.per_node(module.graph)
    assert sum(c.params for c in nodes.values()) == cost.parameters(module)
    paths = dict(cost.per_instance(module))
    assert paths["cell.1"] == nodes["cell.1"]
    leaves = [c for p, c in paths.items() if not any(q.startswith(f"{p}.") for q in paths)]
    assert sum(c.macs for c in leaves) == cost.macs(module)


@pytest.mark.parametrize("name", ["darts", "nasbench201", "fbnet"])
def test_a_point_costs_what_its_network_costs(name: str) -> None:
    module = archir.load(name)
    space, random = space_of(module), Random(3)
    found = bounds(module)
    for _ in range(5):
        point = space.sample(random)
        mine, network = cost_of(module, point), fixed(module, point)
        assert (mine.params, mine.macs) == (cost.parameters(network), cost.macs(network))
        assert found["params"].min <= mine.params <= found["params"].max
        assert found["macs"].min <= mine.macs <= found["macs"].max


def test_bounds_of_nasbench201_are_those_of_all_its_networks() -> None:
    module = archir.load("nasbench201", channels=4, cells=1)
    costs = [cost_of(module, point) for point in space_of(module).enumerate()]
    assert len(costs) == 15_625
    found = bounds(module)
    for measure in ("params", "macs", "elements"):
        values = [getattr(c, measure) for c in costs]
        assert (found[measure].min, found[measure].max) == (min(values), max(values))
        assert found[measure].mean == Fraction(sum(values), 15_625)


def test_the_largest_network_of_fbnet_is_fbnet_max() -> None:
    published = archir.load("fbnet_max")
    assert bounds(archir.load("fbnet"))["params"].max == cost.parameters(published)


@pytest.mark.parametrize("text", [NESTED, SHARED])
def test_bounds_with_nested_choices(text: str) -> None:
    module = load(text)
    assert cost_table(module).additive == (text == NESTED)
    costs = [cost_of(module, point) for point in space_of(module).enumerate()]
    for point, mine in zip(space_of(module).enumerate(), costs, strict=True):
        network = fixed(module, point)
        assert (mine.params, mine.macs) == (cost.parameters(network), cost.macs(network))
    found = bounds(module)["macs"]
    macs = [c.macs for c in costs]
    assert (found.min, found.max, found.mean) == (min(macs), max(macs), Fraction(sum(macs), len(macs)))


def test_the_table_is_fixed_cost_and_candidates() -> None:
    module = archir.load("darts", channels=4, cells=3)
    table = cost_table(module)
    whole = table.fixed
    for key, choice in shared_choices(module).items():
        for e, edge in enumerate(choice.edges):
            for candidate in edge.candidates:
                whole += table.cost(key, e, candidate.name)
    assert whole == cost.total(module.graph)
    assert table.cost("normal.x.2", 0, "none").macs == 0
    with pytest.raises(KeyError):
        table.cost("normal.x.9", 0, "none")


def test_expected_cost_is_linear_in_the_coefficients() -> None:
    module = archir.load("darts", channels=4, cells=3)
    random = np.random.default_rng(1)
    shapes = {key: (len(c.edges), len(c.edges[0].candidates)) for key, c in shared_choices(module).items()}
    first = {key: random.random(shape) for key, shape in shapes.items()}
    second = {key: random.random(shape) for key, shape in shapes.items()}
    mixed = {key: 0.25 * first[key] + 0.75 * second[key] for key in shapes}
    a, b, c = (expected(module, x)["macs"] for x in (first, second, mixed))
    assert c == pytest.approx(0.25 * a + 0.75 * b)
    ones = {key: np.ones(shape) for key, shape in shapes.items()}
    assert expected(module, ones)["params"] == cost.parameters(module)
    table, total = cost_table(module), 0.0
    for key, choice in shared_choices(module).items():
        for e, edge in enumerate(choice.edges):
            total += sum(first[key][e, k] * table.cost(key, e, d.name).macs for k, d in enumerate(edge.candidates))
    assert a == pytest.approx(table.fixed.macs + total)


def test_expected_cost_of_a_point_is_its_cost() -> None:
    module = load(SHARED)
    for point in space_of(module).enumerate():

        def of(key: str, point: Point = point) -> set[tuple[int, str]]:
            return {(k.edge, k.operation) for k in point.kept(key) or ()}

        coefficients = {
            key: np.array([[float((e, d.name) in of(key)) for d in edge.candidates] for e, edge in enumerate(c.edges)])
            for key, c in shared_choices(module).items()
        }
        assert expected(module, coefficients)["macs"] == cost_of(module, point).macs
    with pytest.raises(ArchirError, match="no coefficients"):
        expected(module, {})


def test_bounds_of_a_network() -> None:
    module = archir.load("darts_v2", channels=4, cells=3)
    found = known_bounds(module)
    assert found is not None
    assert found["params"].min == found["params"].max == found["params"].mean == cost.parameters(module)
    assert cost_of(module, Point(())).params == cost.parameters(module)


def test_peak_bytes_by_hand() -> None:
    # conv: input 3 * 64 and output 4 * 64; batch norm: the input of the net lives on, and two maps of 4 * 64
    assert memory.peak_bytes(load(TINY).graph) == 4 * (3 * 64 + 2 * 4 * 64)
    residual = load("""
net r(image: tensor[4, 8, 8]) {
  a = relu(image)
  b = conv(a, 8)
  c = conv(b, 4)
  return (a + c) |> global_avg_pool |> linear(10)
}
""")
    # at c: image 256, a 256, b 512, c 256 live
    assert memory.peak_bytes(residual.graph) == 4 * (256 + 256 + 512 + 256)


def test_peak_bytes_count_what_runs_inside_calls_and_candidates() -> None:
    inside = load("""
block wide(x) { return x |> conv(16) |> relu |> conv(4) }
candidates two = wide | skip
net n(image: tensor[4, 8, 8]) { x = choose two from image keep 1 op
  return x |> global_avg_pool |> linear(10) }
""")
    network = fixed(inside, space_of(inside).unrank(0))
    # image 256, the call's result 256, inside it two maps of 16 * 64 at once, whose operand is the image
    assert memory.peak_bytes(network.graph) == 4 * (256 + 256 + 2 * 1024 - 256)
    assert memory.peak_bytes(inside.graph) >= memory.peak_bytes(network.graph)
