"""A bottleneck in nets whose cells choose their inputs: those choices stay as they are."""

from __future__ import annotations

import torch

from archir.ir.module import Module, choice_instances
from archir.ir.printer import print_flat
from archir.ir.types import TensorType
from archir.lowering.torch import to_torch
from archir.passes import run_pipeline
from archir.sema import load_source
from archir.source import Source
from tests.small_stages import TEXT, small_stages


def shapes(module: Module) -> dict[str, tuple[bool, TensorType]]:
    return {i.path: (i.choice.slots > 1, i.choice.type) for i in choice_instances(module.graph)}


def test_what_fills_inputs_and_windows_is_left_alone() -> None:
    relaxed = run_pipeline(small_stages(), "relax").module
    narrow = run_pipeline(relaxed, "bottleneck{ratio=2}").module
    before, after = shapes(relaxed), shapes(narrow)
    assert {fills for fills, _ in before.values()} == {True, False}
    for path, (fills, type_) in before.items():
        channels = type_.channels if fills else type_.channels // 2
        assert after[path] == (fills, TensorType((channels, *type_.shape[1:])))
    assert to_torch(narrow)(torch.rand(2, 1, 8, 8)).shape == (2, 10)


def test_where_all_choices_fill_inputs_nothing_changes() -> None:
    relaxed = run_pipeline(small_stages(inner="plain"), "relax").module
    narrow = run_pipeline(relaxed, "bottleneck").module
    assert narrow.graph is relaxed.graph
    assert "squeeze" not in print_flat(narrow)


def test_sums_and_filled_inputs_of_one_definition() -> None:
    """A cell that chooses its inputs among sums behind a bottleneck gets what was restored."""
    text = (
        TEXT.partition("net rows")[0]
        + """
        net mixed(image: tensor[4, 8, 8]) {
          for i in 0..3 { x[i] = choose inside from [image, image] keep 1 edge }
          return plain(*choose links from x[0..3] keep 2 edges, 4)
        }
    """
    )
    module = run_pipeline(load_source(Source("mixed.nas", text)), "relax,bottleneck{ratio=2}").module
    (filled,) = (i.choice for i in choice_instances(module.graph) if i.choice.slots > 1)
    assert filled.operands == ("restore.x.0", "restore.x.1", "restore.x.2")
    assert to_torch(module)(torch.rand(2, 4, 8, 8)).shape == (2, 8, 8, 8)
