"""Edges that start from several values: candidates with several inputs, cells among them."""

from __future__ import annotations

from random import Random

import pytest
import torch

import archir
from archir.analysis import cost
from archir.analysis.expected import cost_of
from archir.diagnostics import ArchirError
from archir.ir.graph import Choice
from archir.ir.module import Module
from archir.ir.printer import print_flat
from archir.ir.verifier import verify
from archir.lowering.inherit import matching_weights
from archir.passes.fix import fixed
from archir.sema import load_source
from archir.sema.specialize import print_source
from archir.source import Source
from archir.space.membership import find_point
from archir.space.space import space_of

TEXT = """
use ops
candidates acts = relu | sigmoid
cell wide(a, b, channels) { return conv(a, channels, k=3) + conv(b, channels, k=3) }
cell deep(a, b, channels) {
  x = choose acts from a and acts from b keep 1 edge
  return conv(x, channels, k=3) + (b |> conv(channels))
}
block second(a, b, k = 0) { return b }
block nothing(a, b) { return none(a) }
candidates cells(channels) = wide(channels) | deep(channels) | second(k={1, 2}) | add | nothing
net n(image: tensor[8, 8, 8], channels = 8, classes = 10) {
  a = image |> conv(channels)
  b = image |> conv(channels, k=3)
  pair = [a, b]
  y = choose cells(channels) from (a, b) keep 1 op
  z = choose cells(channels) from [(a, y), (b, y), pair] keep 2 edges
  w = choose cells(channels) from [(a, y), (z, y)] keep any edges any ops
  v = choose acts from pair keep 1 edge
  return concat(y, z, w, v) |> global_avg_pool |> linear(classes)
}
"""


@pytest.fixture(scope="module")
def space() -> Module:
    return load_source(Source("several.nas", TEXT))


def test_a_tuple_is_one_edge_and_a_list_is_several(space: Module) -> None:
    edges = {n.name: [e.sources for e in n.edges] for n in space.graph.nodes if isinstance(n, Choice)}
    assert edges == {
        "y": [("a", "b")],
        "z": [("a", "y"), ("b", "y"), ("a", "b")],
        "w": [("a", "y"), ("z", "y")],
        "v": [("a",), ("b",)],
    }


def test_the_flat_form_is_read_back(space: Module) -> None:
    for module in (space, archir.apply(space, "relax"), archir.apply(space, "sample")):
        verify(module)
        assert load_source(Source("flat.nas", print_flat(module))) == module


def test_samples_are_members_cost_what_they_say_and_are_printed(space: Module) -> None:
    random = Random(5)
    points = space_of(space)
    for _ in range(25):
        point = points.sample(random)
        network = fixed(space, point)
        verify(network)
        counted = cost_of(space, point)
        assert (counted.params, counted.macs) == (cost.parameters(network), cost.macs(network))
        assert sum(p.numel() for p in archir.to_torch(network).parameters()) == counted.params
        text = print_source(network)
        again = load_source(Source("net.nas", text))
        matching_weights(again, network)
        assert load_source(Source("net.nas", text), None, None, {"channels": 4}).form == "network"
        found = fixed(space, find_point(space, again))  # skips of one value in another order are another point
        assert cost.parameters(found) == counted.params


def test_a_relaxed_edge_gives_its_candidates_all_that_it_starts_from() -> None:
    text = """
candidates joins = add | mul | second
block second(a, b) { return b }
net n(image: tensor[4, 2, 2]) {
  half = image * 0.5
  return choose joins from [(image, half), (half, image)] keep 2 edges
}
"""
    net = archir.to_torch(archir.apply(load_source(Source("n.nas", text)), "relax{deviation=1.0}"))
    alpha = dict(net.named_parameters())["arch.n.choose.alpha"]
    gate = torch.softmax(alpha.detach(), -1)
    x = torch.randn(3, 4, 2, 2)
    expected = sum(
        gate[e, 0] * (x + x / 2) + gate[e, 1] * x * x / 2 + gate[e, 2] * second for e, second in enumerate((x / 2, x))
    )
    with torch.no_grad():
        assert torch.allclose(net(x), expected, atol=1e-6)


def test_edges_from_the_same_values_share_weights() -> None:
    text = TEXT.replace("deep(channels) | ", "")
    text = text.replace("[(a, y), (z, y)]", "[(a, y), (b, y)]")
    shared = archir.apply(load_source(Source("n.nas", text)), "relax,share_features")
    verify(shared)
    assert load_source(Source("flat.nas", print_flat(shared))) == shared
    homes = {e.home for n in shared.graph.nodes if isinstance(n, Choice) for e in n.edges}
    assert {"shared.a_and_b", "shared.a_and_y", "shared.b_and_y"} <= homes
    net = archir.to_torch(shared)
    assert net(torch.randn(2, 8, 8, 8)).shape == (2, 10)


def test_one_edge_that_was_meant_as_two() -> None:
    net = "net n(image: tensor[4, 8, 8]) { return choose acts from (image, image) keep 1 op }"
    text = f"candidates acts = relu | sigmoid\n{net}"
    with pytest.raises(ArchirError) as error:
        load_source(Source("n.nas", text))
    assert all("`from [a, b]` are two edges" in d.help for d in error.value.diagnostics)
