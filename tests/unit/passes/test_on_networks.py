"""inline, canonicalize, cse, dce and fold_bn: what is computed stays the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import torch
from torch import Tensor, nn

from archir import load
from archir.ir.graph import Operation
from archir.ir.module import Module
from archir.lowering.torch import to_torch
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Relu
from archir.passes import evaluate, former, run_pipeline
from archir.passes.fix import fixed
from archir.sema import load_source
from archir.source import Source
from archir.space.points import random_point
from tests.build import IMAGE, Builder, net, network

ALL = "inline,canonicalize,cse,dce,fold_bn"


def settled(module: Module) -> nn.Module:
    """The network in double precision, with statistics and scales that are not all zeros and ones."""
    torch.manual_seed(0)
    model = to_torch(module).double()
    draw = torch.Generator().manual_seed(3)
    for name, value in model.state_dict().items():
        if name.endswith(("running_mean", "bias", "norm.weight")):
            value.copy_(0.1 * torch.randn(value.shape, generator=draw))
        elif name.endswith("running_var"):
            value.copy_(0.5 + torch.rand(value.shape, generator=draw))
    return model


def both(module: Module, pipeline: str, train: bool = False) -> tuple[Tensor, Tensor]:
    """What a network computes, and what it computes after passes with the weights that their map gives."""
    old = settled(module)
    weights = old.state_dict()
    result = run_pipeline(module, pipeline)
    new = to_torch(result.module).double()
    new.load_state_dict({p: evaluate(former(result.weights, p), weights.__getitem__) for p in new.state_dict()})
    x = torch.randn(2, *module.graph.inputs[0].type.shape, generator=torch.Generator().manual_seed(1)).double()
    outputs = []
    for model in (old, new):
        torch.manual_seed(5)  # dropouts draw the same
        with torch.no_grad():
            outputs.append(model.train(train)(x))
    assert float(outputs[0].std()) > 1e-3
    return outputs[0], outputs[1]


def networks(root: Path) -> Iterator[Module]:
    """Random networks of cells, of chains, with zeros; and hand-made ones."""
    for name, settings in (("darts", {"channels": 4, "cells": 3}), ("nasbench201", {})):
        space = load(root / "spaces" / f"{name}.nas", **settings)
        for seed in range(3):
            yield fixed(space, random_point(space, Random(seed)))
    yield network(net(derived=True))


@pytest.mark.parametrize("pipeline", ["inline", "dce", "cse", "canonicalize", "inline,canonicalize,cse,dce"])
def test_these_change_no_bit_also_in_training(root: Path, pipeline: str) -> None:
    for module in networks(root):
        for train in (False, True):
            before, after = both(module, pipeline, train)
            assert torch.equal(before, after), module.name


@pytest.mark.parametrize("pipeline", ["fold_bn", "inline,fold_bn", ALL])
def test_folding_computes_the_same_in_evaluation(root: Path, pipeline: str) -> None:
    for module in networks(root):
        before, after = both(module, pipeline)
        assert (before - after).abs().max() < 1e-12 * before.abs().max(), module.name


def source(text: str) -> Module:
    return load_source(Source("net.nas", f"use ops\nnet n(image: tensor[4, 8, 8]) {{ {text} }}"))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("return image |> conv |> batch_norm |> batch_norm(affine=false)", 0),
        ("return image |> conv(bias=true, k=3) |> batch_norm", 0),
        ("return image |> conv(groups=4) |> batch_norm(eps=0.1) |> relu", 0),
        ("return concat(conv(image, 3), conv(image, 5, bias=true)) |> batch_norm", 0),
        ("return concat(concat(conv(image, 3), conv(image)), conv(image, 5)) |> batch_norm", 0),
        ("return concat(conv(image, 3), image) |> batch_norm", 1),
        ("x = conv(image)\n return concat(x, x) |> batch_norm", 1),
        ("x = conv(image)\n return batch_norm(x) + x", 1),
        ("x = conv(image)\n return batch_norm(x) + batch_norm(x)", 2),
        ("x = image |> conv |> batch_norm\n return x + batch_norm(x)", 1),
        ("return image |> batch_norm |> conv", 1),
        ("return image |> conv |> max_pool(pad=1) |> batch_norm", 1),
    ],
)
def test_what_is_folded(text: str, left: int) -> None:
    module = source(text)
    result = run_pipeline(module, "fold_bn").module
    assert sum(isinstance(n, Operation) and isinstance(n.primitive, BatchNorm) for n in result.graph.nodes) == left
    before, after = both(module, "fold_bn")
    assert (before - after).abs().max() < 1e-12


def test_folded_weights_by_their_paths() -> None:
    module = source("return image |> conv |> batch_norm(affine=false) |> conv(bias=true) |> batch_norm")
    scale = "rsqrt((batch_norm.running_var + 1e-05))"
    affine = "(batch_norm_1.weight * rsqrt((batch_norm_1.running_var + 1e-05)))"
    mean = "(batch_norm_1.running_mean - conv_1.bias)"
    assert {path: str(e) for path, e in run_pipeline(module, "fold_bn").weights.items()} == {
        "conv.weight": f"(conv.weight * column({scale}, 4))",
        "conv.bias": f"(0.0 - (batch_norm.running_mean * {scale}))",
        "conv_1.weight": f"(conv_1.weight * column({affine}, 4))",
        "conv_1.bias": f"(batch_norm_1.bias - ({mean} * {affine}))",
    }


def test_a_module_in_which_nothing_fits_is_the_same_object() -> None:
    module = source("return image |> conv |> relu")
    for pipeline in ("inline", "canonicalize", "cse", "dce", "fold_bn"):
        assert run_pipeline(module, pipeline).module.graph is module.graph
        assert run_pipeline(module, pipeline).module.origin is module.origin


def test_the_text_no_longer_stands_for_a_module_that_was_changed() -> None:
    assert run_pipeline(source("return relu(image) + relu(image)"), "cse").module.origin is None


def test_the_net_keeps_inputs_that_nobody_reads() -> None:
    b = Builder("n", "net", image=IMAGE, other=IMAGE)
    b.op("unread", Relu(), "other")
    module = network(b.done(b.op("y", Relu(), "image")))
    found = run_pipeline(module, "dce").module.graph
    assert [v.name for v in found.inputs] == ["image", "other"]
    assert [n.name for n in found.nodes] == ["y"]


def test_shared_graphs_stay_shared(root: Path) -> None:
    module = load(root / "spaces" / "nets" / "darts_v2.nas", channels=4, cells=20)
    graph = run_pipeline(module, "canonicalize,cse,dce,fold_bn").module.graph
    cells = {id(node.graph) for node in graph.nodes if node.name.startswith("cell.")}  # type: ignore[union-attr]
    before = {id(node.graph) for node in module.graph.nodes if node.name.startswith("cell.")}  # type: ignore[union-attr]
    assert len(cells) == len(before) < 12
