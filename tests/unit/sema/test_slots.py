"""`*choose` fills the inputs of a cell: by the mixture while searching, by the kept edges once a point is fixed."""

from __future__ import annotations

import pytest
import torch

import archir
from archir.diagnostics import ArchirError
from archir.ir.graph import Call, Choice, results
from archir.ir.module import Module
from archir.ir.printer import print_flat
from archir.lowering.inherit import matching_weights
from archir.sema import load_source
from archir.sema.specialize import print_source
from archir.source import Source
from archir.space.space import space_of

TEXT = """
use ops
candidates links = none | skip | avg_pool_3x3
cell pair(a, b, channels) { return conv(a, channels, k=3) + conv(b, channels) }
stage chain(x0, x1, channels, inner: cell, cells = 4, window = 2) {
  c[0] = conv(x0, inner.width(channels))
  c[1] = conv(x1, inner.width(channels))
  for i in 2..cells + 2 { c[i] = inner(*choose links from c[i - window..i] keep 2 edges, channels) }
  return c[cells + 1]
}
net n(image: tensor[3, 8, 8], channels = 4) {
  return chain(image, image, channels, inner=pair) |> global_avg_pool |> linear(2)
}
"""


@pytest.fixture(scope="module")
def space() -> Module:
    return load_source(Source("slots.nas", TEXT))


def test_a_choice_has_a_result_for_each_slot(space: Module) -> None:
    (stage,) = (n.graph for n in space.graph.nodes if isinstance(n, Call))
    choice = next(n for n in stage.nodes if isinstance(n, Choice))
    cell = next(n for n in stage.nodes if isinstance(n, Call) and n.operands[0] in results(choice))
    assert results(choice) == ("c.2.choose.0", "c.2.choose.1") == cell.operands
    assert space_of(space).size == (2 * 2) ** 4


def test_the_flat_form_is_read_back(space: Module) -> None:
    relaxed = archir.apply(space, "relax")
    for module in (space, relaxed, archir.apply(space, "sample{seed=1}")):
        assert load_source(Source("flat.nas", print_flat(module))) == module


def test_both_slots_are_the_mixture_while_searching(space: Module) -> None:
    net = archir.to_torch(archir.apply(space, "relax")).eval()
    tensors = dict(net.state_dict())
    image = torch.randn(2, 3, 8, 8)
    c = [torch.nn.functional.conv2d(image, tensors[f"chain.c.{i}.weight"]) for i in (0, 1)]
    gate = torch.softmax(tensors["arch.chain.c.2.choose.alpha"], -1)

    def pooled(x: torch.Tensor) -> torch.Tensor:
        y = torch.nn.functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        return y / (1 + 1e-5) ** 0.5  # fresh statistics

    mixture = sum(gate[e, 1] * x + gate[e, 2] * pooled(x) for e, x in enumerate(c))
    path = "chain.c.2.pair."
    kernel = {k.removeprefix(path): v for k, v in tensors.items() if k.startswith(path)}
    expected = torch.nn.functional.conv2d(mixture, kernel["conv.weight"], padding=1)
    expected = expected + torch.nn.functional.conv2d(mixture, kernel["conv_1.weight"])
    found = {}
    module = net.get_submodule("chain.c.2.pair")
    module.register_forward_hook(lambda _m, _i, output: found.update(value=output[0]))
    net(image)
    assert torch.allclose(found["value"], expected, atol=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_a_point_fills_the_slots_in_order(space: Module, seed: int) -> None:
    network = archir.apply(space, f"sample{{seed={seed}}}")
    text = print_source(network)
    assert "choose" not in text
    printed = load_source(Source("net.nas", text))
    renamed = matching_weights(printed, network)
    assert len(renamed) >= 11  # two stems, four cells of two convolutions, the classifier
    larger = load_source(Source("net.nas", text), None, None, {"channels": 8})
    assert larger.graph.inputs == printed.graph.inputs


def test_slots_need_a_number_of_edges() -> None:
    with pytest.raises(ArchirError, match="fixed number of edges"):
        load_source(Source("slots.nas", TEXT.replace("keep 2 edges", "keep any edges")))


def test_the_shipped_stage_space_has_the_published_number_of_stages() -> None:
    sizes = space_of(archir.load("hs_das")).sizes
    stages = [size for key, size in sizes.items() if key.startswith("macro.")]
    product = 1
    for size in stages:
        product *= size
    assert product == 3**51  # H-DAS, section 6.2: three stages of six cells, window 3


def test_widen_leaves_alone_what_fills_the_inputs_of_a_cell(space: Module) -> None:
    """A cell has as many inputs as it has."""
    assert archir.apply(space, "widen").graph == space.graph
    network = archir.apply(space, "widen,sample{seed=2}")
    assert network.form == "network"
    assert archir.apply(archir.load("hs_das_cells", channels=4), "widen,sample").form == "network"
