"""Definitions with choices as arguments: what is printed of them once a point is fixed."""

from __future__ import annotations

import pytest

import archir
from archir.analysis import cost
from archir.diagnostics import ArchirError
from archir.ir.module import Module
from archir.sema import load_source
from archir.sema.specialize import print_source
from archir.source import Source
from archir.space.space import space_of

CELLS = """
candidates acts = relu | sigmoid
cell deep(a, channels) {
  x = choose acts from a keep 1 op
  return conv(x, 2 * channels)
}
cell flat(a, channels) { return conv(a, 2 * channels) }
"""


def printed_and_read(stages: str, net: str, seed: int = 1) -> tuple[str, Module]:
    """The text of a random point, and the network that it reads back as; the same computation."""
    text = f"{CELLS}\n{stages}\nnet n(image: tensor[4, 8, 8], channels = 4) {{ {net} }}\n"
    network = archir.apply(load_source(Source("given.nas", text)), f"sample{{seed={seed}}}")
    printed = print_source(network)
    again = load_source(Source("printed.nas", printed))
    assert (cost.parameters(again), cost.macs(again)) == (cost.parameters(network), cost.macs(network))
    return printed, again


def test_what_is_asked_for_its_width_alone_keeps_its_choices() -> None:
    stage = "stage wide(x, channels, inner: cell) { return conv(x, inner.width(channels)) |> choose_one }\n"
    stage = stage.replace("choose_one", "picked") + "block picked(x) { return choose acts from x keep 1 op }"
    printed, again = printed_and_read(stage, "return wide(image, channels, inner=deep)")
    assert again.form == "network"
    assert again.graph.type.channels == 8
    assert printed.count("choose") == 1  # in `deep`, which the network calls nowhere
    assert load_source(Source("n.nas", printed), None, None, {"channels": 6}).graph.type.channels == 12


def test_what_is_never_asked_loses_them() -> None:
    stage = "stage plain(x, channels, inner: cell) { return flat(choose acts from x keep 1 op, channels) }"
    printed, _ = printed_and_read(stage, "return plain(image, channels, inner=deep)")
    assert "choose" not in printed
    assert "require false" in printed


@pytest.mark.parametrize("seed", range(4))
def test_tags_on_a_parameter_are_written_out(seed: int) -> None:
    stage = "stage row(x, channels, inner: cell) {\n for i in 0..2 { x = inner@(i)(x, channels) }\n return x\n}"
    printed, again = printed_and_read(stage, "return row@left(image, channels, inner=deep)", seed)
    assert again.form == "network"
    assert "choose" not in printed
    assert {"cell deep_0", "cell deep_1", "stage row_left"} <= {line.split("(")[0] for line in printed.split("\n")}


def test_tags_on_a_parameter_with_two_meanings_are_refused() -> None:
    stage = "stage row(x, channels, inner: cell) { return inner@one(x, channels) }"
    with pytest.raises(ArchirError, match="not the same definition in every instance"):
        printed_and_read(stage, "return row(row(image, channels, inner=flat), channels, inner=deep)")


def test_a_branch_that_is_not_taken_holds_no_choice() -> None:
    block = (
        "block maybe(x, some: bool) {\n if some { x = relu(x) } else { x = choose acts from x keep 1 op }\n return x\n}"
    )
    printed, again = printed_and_read(block, "return maybe(image, some=true) + deep(image, 2)")
    assert again.form == "network"
    assert "choose" not in printed
    printed_and_read(block.replace("x = relu(x)", "return x"), "return maybe(image, some=true) + deep(image, 2)")


def test_a_window_that_has_a_name_leaves_out_what_it_does_not_need() -> None:
    stage = """stage row(a) {
  c[0] = a
  for i in 1..4 { c[i] = choose acts from c[i - 1] keep 1 op }
  ends = choose adjacent 2 from c[0..4]
  return ends[0] + ends[1]
}"""
    for seed in range(6):
        printed, again = printed_and_read(stage, "return row(image)", seed)
        assert again.form == "network"
        assert "choose" not in printed


def test_a_block_that_returns_none_is_an_edge_that_is_not_kept() -> None:
    text = """
use ops
candidates joins = nothing | add
block nothing(a, b) { return none(a) }
net n(image: tensor[4, 8, 8]) { return choose joins from [(image, image), (relu(image), image)] keep any edges }
"""
    assert space_of(load_source(Source("n.nas", text))).size == 2 * 2
