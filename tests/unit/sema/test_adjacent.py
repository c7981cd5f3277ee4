"""`choose adjacent`: windows in points, costs, gates, networks and their texts; what stands behind a window goes."""

from __future__ import annotations

from math import comb
from random import Random

import numpy as np
import pytest
import torch

import archir
from archir.analysis import cost
from archir.analysis.bounds import bounds
from archir.analysis.depth import dead_cells
from archir.analysis.expected import cost_of, expected
from archir.analysis.table import cost_table
from archir.diagnostics import ArchirError
from archir.ir.behind import behind
from archir.ir.graph import Call, Choice, Graph, results
from archir.ir.module import Module
from archir.ir.point import Kept, Point
from archir.ir.printer import print_flat
from archir.ir.verifier import verify
from archir.lowering.inherit import matching_weights
from archir.passes.derive import derived_point
from archir.passes.fix import fixed
from archir.sema import load_source
from archir.sema.specialize import print_source
from archir.show import drawings_of
from archir.source import Source
from archir.space.expressions import unique_size
from archir.space.membership import find_point
from archir.space.space import space_of

TEXT = """
use ops
candidates links = skip | avg_pool_3x3
cell own(a, b, channels) {
  y = choose kinds from (conv(a, channels)) keep 1 op
  return y + conv(b, channels)
}
candidates kinds = relu | conv(k=3)
stage chain(x0, x1, channels, inner: cell, cells = 4, least = 2) {
  c[0] = conv(x0, channels)
  c[1] = conv(x1, channels)
  for i in 2..cells + 2 {
    y = relu(c[i - 1])
    c[i] = inner@(i)(*choose links from [c[i - 2], y] keep 2 edges, channels)
  }
  return concat(*choose adjacent 2 from c[least..cells + 2])
}
net n(image: tensor[3, 8, 8], channels = 4, cells = 4) {
  return chain(image, image, channels, inner=own, cells=cells) |> global_avg_pool |> linear(2)
}
"""
GATE = "chain.choose"


def module(text: str = TEXT, **settings: int) -> Module:
    return load_source(Source("windows.nas", text), None, None, settings)


@pytest.fixture(scope="module")
def space() -> Module:
    return module()


def stage_of(space: Module) -> Graph:
    return next(n.graph for n in space.graph.nodes if isinstance(n, Call) and n.graph.kind == "stage")


def at_window(space: Module, window: int, seed: int = 0) -> Point:
    """A random point with a window of our choice."""
    points = space_of(space)
    random = Random(seed)
    while True:
        kept = dict(points.sample(random).choices)
        if kept[GATE][0].operation == f"window_{window}":
            return Point(tuple(kept.items()))


def test_a_choice_of_windows_has_a_value_for_each_place(space: Module) -> None:
    gate = next(n for n in stage_of(space).nodes if isinstance(n, Choice) and n.windows)
    assert results(gate) == ("choose.0", "choose.1")
    assert gate.operands == ("c.2.own", "c.3.own", "c.4.own", "c.5.own")
    assert [c.name for c in gate.edges[0].candidates] == ["window_0", "window_1", "window_2"]
    assert [gate.filled(i) for i in range(3)] == [
        ("c.2.own", "c.3.own"),
        ("c.3.own", "c.4.own"),
        ("c.4.own", "c.5.own"),
    ]


def test_what_stands_behind_windows(space: Module) -> None:
    standing = behind(stage_of(space))
    needs = {name: [i for i, _ in place.windows] for name, place in standing.items()}
    assert needs == {
        "y.4": [1, 2], "c.4.choose": [1, 2], "c.4.own": [1, 2], "y.5": [2], "c.5.choose": [2], "c.5.own": [2]
    }  # fmt: skip


def test_sizes_are_what_is_enumerated(space: Module) -> None:
    points = space_of(space)
    # each cell: two operations on each of two edges, and two kinds inside; two, three or four cells
    assert points.size == sum((2 * 2 * 2) ** n for n in (2, 3, 4))
    assert points.sizes[GATE] == 3
    seen = list(points.enumerate())
    assert len(set(seen)) == points.size
    assert [points.rank(p) for p in seen[::97]] == list(range(points.size))[::97]


@pytest.mark.parametrize("window", range(3))
@pytest.mark.parametrize("seed", range(3))
def test_a_window_leaves_no_cell_behind_it(space: Module, window: int, seed: int) -> None:
    point = at_window(space, window, seed)
    assert sum(key.startswith("chain.c.") for key, _ in point.choices) == window + 2
    network = fixed(space, point)
    verify(network)
    stage = stage_of(network)
    cells = [n.name for n in stage.nodes if isinstance(n, Call) and n.graph.kind == "cell"]
    assert len(cells) == window + 2
    assert dead_cells(stage) == ()
    concat = stage.nodes[-1]
    assert concat.operands == (f"c.{window + 2}.own", f"c.{window + 3}.own")
    counted = cost_of(space, point)
    assert (counted.params, counted.macs) == (cost.parameters(network), cost.macs(network))
    assert sum(p.numel() for p in archir.to_torch(network).parameters()) == counted.params
    text = print_source(network)
    assert "choose" not in text
    again = load_source(Source("net.nas", text))
    matching_weights(again, network)
    assert find_point(space, network) == find_point(space, again) == point
    assert load_source(Source("net.nas", text), None, None, {"channels": 8}).form == "network"
    assert load_source(Source("flat.nas", print_flat(network))) == network


def test_costs_follow_the_window(space: Module) -> None:
    """Least, largest and mean of 584 points without enumerating them, and with."""
    table = cost_table(space)
    assert table.additive
    assert table.cost(GATE, 0, "window_0").params == 0
    costs = [cost_of(space, p).params for p in space_of(space).enumerate()]
    found = bounds(space)["params"]
    assert (found.min, found.max, found.mean * len(costs)) == (min(costs), max(costs), sum(costs))


def test_the_expected_cost_is_linear_in_the_windows(space: Module) -> None:
    """H-DAS, Eq. 5: the number of cells that each pair needs, times the pair's coefficient."""
    ones = {}
    for key, variable in {v.key: v for v in space_of(space).variables}.items():
        rows = max(len(edge) for edge in variable.slots)
        ones[key] = np.full((len(variable.slots), rows), 1 / rows)
    costs = [expected(space, {**ones, GATE: window[None]})["params"] for window in np.eye(3)]
    mixed = expected(space, {**ones, GATE: np.array([[0.5, 0.2, 0.3]])})["params"]
    assert costs[0] < costs[1] < costs[2]
    assert mixed == pytest.approx(0.5 * costs[0] + 0.2 * costs[1] + 0.3 * costs[2])


def test_the_flat_form_is_read_back(space: Module) -> None:
    for each in (space, archir.apply(space, "relax"), archir.apply(space, "sample{seed=1}")):
        verify(each)
        assert load_source(Source("flat.nas", print_flat(each))) == each
    assert "%choose.0, %choose.1 = choose adjacent 2 from [%c.2" in print_flat(space)


def test_a_relaxed_window_is_weighted_place_by_place(space: Module) -> None:
    """H-DAS, Eq. 3: the sum over pairs of softmax(beta) times the concatenation of the pair."""
    relaxed = archir.apply(space, "relax{deviation=1.0}")
    net = archir.to_torch(relaxed).eval()
    cells: dict[int, torch.Tensor] = {}
    for i in range(2, 6):
        net.get_submodule(f"chain.c.{i}.own").register_forward_hook(
            lambda _m, _i, output, i=i: cells.update({i: output[0].detach()})
        )
    found: dict[str, torch.Tensor] = {}
    net.get_submodule("chain").register_forward_hook(lambda _m, _i, output: found.update(value=output[0].detach()))
    beta = dict(net.named_parameters())[f"arch.{GATE}.alpha"]
    assert beta.shape == (1, 3)
    net(torch.randn(2, 3, 8, 8)).sum().backward()
    weights = torch.softmax(beta.detach()[0], 0)
    pairs = [torch.cat([cells[i], cells[i + 1]], 1) for i in (2, 3, 4)]
    assert torch.allclose(found["value"], sum(w * p for w, p in zip(weights, pairs, strict=True)), atol=1e-6)
    assert beta.grad is not None
    assert beta.grad.abs().sum() > 0


def test_the_strongest_window_is_derived(space: Module) -> None:
    relaxed = archir.apply(space, "relax")
    values = {p.name: np.zeros(p.shape) for p in relaxed.parameters}
    values[f"arch.{GATE}.alpha"] = np.array([[0.1, 0.3, 0.2]])
    point = derived_point(relaxed, values)
    assert point.kept(GATE) == (Kept(0, "window_1"),)
    assert point.kept("chain.c.5.choose") is None
    assert dead_cells(stage_of(fixed(relaxed, point))) == ()


def test_a_kept_window_may_have_a_coefficient(space: Module) -> None:
    point = at_window(space, 1)
    scaled = Point(tuple((k, (Kept(0, of[0].operation, 0.5),) if k == GATE else of) for k, of in point.choices))
    network = fixed(space, scaled)
    verify(network)
    again = load_source(Source("net.nas", print_source(network)))
    assert cost.macs(again) == cost.macs(network)
    torch.manual_seed(0)
    plain, half = archir.to_torch(fixed(space, point)).eval(), archir.to_torch(network).eval()
    half.load_state_dict(plain.state_dict())
    image = torch.randn(1, 3, 8, 8)
    bias = dict(plain.named_parameters())["linear.bias"]
    assert torch.allclose(half(image) - bias, 0.5 * (plain(image) - bias), atol=1e-6)


def test_the_picture_shows_what_can_be_kept(space: Module) -> None:
    drawing = next(d for d in drawings_of(space) if d.title == "chain")
    arrows = [arrow for arrow in drawing.arrows if arrow.target == drawing.boxes[-1].name]
    assert [(a.source, a.family) for a in arrows] == [(f"c.{i}.own", "choice") for i in range(2, 6)]
    assert "into the output: 2 neighbors of c[2] to c[5]" in drawing.notes


BEHIND_ONE_ANOTHER = """
block step(x) { return conv(x, k=3) }
net n(image: tensor[4, 8, 8]) {
  a[0] = image
  for i in 1..4 { a[i] = step(a[i - 1]) }
  b[0] = image + image
  b[1] = concat(*choose adjacent 2 from a[0..4]) |> conv(4)
  b[2] = step(b[1])
  p, q = choose adjacent 2 from b[0..3]
  return p + q
}
"""


def test_a_choice_of_windows_may_stand_behind_another() -> None:
    space = module(BEHIND_ONE_ANOTHER)
    points = space_of(space)
    assert points.size == 2 * 3  # both pairs of the outer choice need b[1]
    for point in points.enumerate():
        network = fixed(space, point)
        verify(network)
        matching_weights(load_source(Source("net.nas", print_source(network))), network)
        assert cost_of(space, point).params == cost.parameters(network)
        assert find_point(space, network) == point
    text = BEHIND_ONE_ANOTHER.replace("from b[0..3]", "from [b[0], image, b[1], b[2]]")
    points = space_of(module(text))
    assert points.size == 1 + 3 + 3  # the pair (b[0], image) needs no b[1], so nothing is chosen for it
    for point in points.enumerate():
        network = fixed(module(text), point)
        matching_weights(load_source(Source("net.nas", print_source(network))), network)
        assert cost_of(module(text), point).params == cost.parameters(network)


def test_two_choices_of_windows_cannot_drop_the_same_value() -> None:
    text = """
net n(image: tensor[4, 8, 8]) {
  a[0] = image
  for i in 1..4 { a[i] = conv(a[i - 1], k=3) }
  b = concat(*choose adjacent 2 from a[0..4])
  c = concat(*choose adjacent 2 from a[0..4])
  return b + c
}
"""
    with pytest.raises(ArchirError, match="stands behind two `choose adjacent`"):
        module(text)


def test_different_expressions_are_counted() -> None:
    text = """
candidates ops = relu | sigmoid
cell c(x) {
  a[0] = x
  for i in 1..4 { a[i] = choose ops from a[i - 1] keep 1 op }
  p, q = choose adjacent 2 from a[0..4]
  return p + q
}
net n(image: tensor[4, 8, 8]) { return c(image) }
"""
    assert unique_size(module(text), "canonical") == space_of(module(text)).size == 2 + 4 + 8


@pytest.mark.parametrize(("window", "printed"), [(3, "9.3e+32"), (10, "1.5e+46")])
def test_the_published_sizes_of_the_cell_distribution(window: int, printed: str) -> None:
    """H-DAS, section 6.2: 10^33 with the window of three; 1.5 x 10^46 without one (the paper prints 10^45)."""
    text = """
use hs_das_cells
use nets.darts_v2 as found
net n(image: tensor[3, 32, 32], window = 3) {
  return hs_das_cells.hs_das_cells(image, inner=found.normal, down=found.reduce, channels=4, window=window)
}
"""
    found = space_of(load_source(Source("n.nas", text), None, None, {"window": window})).size

    def wirings(cells: int) -> int:
        product_ = 1
        for i in range(2, cells + 2):
            product_ *= comb(min(i, window), 2) * 3**2
        return product_

    assert found == sum(map(wirings, range(4, 9))) ** 3
    assert f"{found:.1e}" == printed
    whole = space_of(archir.load("hs_das_cells", window=window)).size
    assert whole == found * space_of(archir.load("darts")).size


def test_points_of_the_shipped_space_at_any_windows() -> None:
    space = archir.load("hs_das_cells", channels=4)
    points = space_of(space)
    random = Random(2)
    widest = next(p for p in iter(lambda: points.sample(random), None) if len(p.choices) == len(points.variables))
    for windows in [(0, 4, 2), (3, 1, 0)]:
        kept = dict(widest.choices) | {
            f"macro_cells.{s}.choose": (Kept(0, f"window_{w}"),) for s, w in enumerate(windows)
        }
        point = points.without_closed(Point(tuple(kept.items())))
        assert points.unrank(points.rank(point)) == point
        network = fixed(space, point)
        verify(network)
        matching_weights(load_source(Source("net.nas", print_source(network))), network)
        assert cost_of(space, point).macs == cost.macs(network)
        assert find_point(space, network) == point
