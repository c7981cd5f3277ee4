"""HM-NAS: what is derived by masks is what the masked supernet computed, over random masks."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from archir.diagnostics import ArchirError
from archir.ir.module import Module, weight_masks
from archir.lowering.torch import PLAIN, Options, call_with, to_torch
from archir.passes import run_pipeline
from archir.sema import load_source
from archir.source import Source
from tests.derived import assert_same, images, inherited, point_of
from tests.masked import DERIVE, child, derive, masked
from tests.small_space import small_space

SEEDS = range(2)
PIPELINES = (
    "widen,relax,mask",
    "widen,relax,share_features,mask",
    "widen,relax{levels=2},mask,transit{rule=mask}",
    "widen,relax,sparsify,share_features,transit{rule=nonzero,engines=last},mask",
)

BENCH = """
use ops
candidates few = none | skip | conv_1x1: relu_conv_bn | conv_3x3: relu_conv_bn(k=3) | avg_pool_3x3: avg_pool_plain
cell cell(x) {
  x[0] = x
  for i in 1..4 { x[i] = choose few from x[0..i] keep any edges }
  return x[3]
}
net bench(image: tensor[3, 8, 8], channels = 4, classes = 4) {
  x = image |> conv(channels, k=3) |> batch_norm
  for i in 0..2 { x = cell(x) }
  return x |> global_avg_pool |> linear(classes)
}
"""

CHAIN = """
use ops
net chain(image: tensor[3, 8, 8], channels = 4, classes = 4) {
  x = image |> conv(channels, k=3) |> batch_norm
  candidates_of = 2
  for i in 0..candidates_of { x = choose few from x keep 1 op }
  return x |> global_avg_pool |> linear(classes)
}
candidates few = identity | conv_1x1: relu_conv_bn | conv_3x3: relu_conv_bn(k=3)
"""


def text(source: str) -> Module:
    return load_source(Source("space.nas", source))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("space", "pipeline"),
    [
        (small_space, "widen,relax,mask"),
        (small_space, "widen,relax{levels=2},mask"),
        (small_space, "widen,relax{levels=2},share_features,mask"),
        (small_space, "widen,relax,mask,share_features"),
        (small_space, "widen,relax{temperature=2.0,anneal=0.9},mask{edges=false}"),
        (small_space, "widen,relax,mask{operations=false}"),
        (small_space, "widen,relax,mask{weights=false}"),
        (small_space, "widen,relax,sparsify,mask"),
        (lambda: text(BENCH), "widen,relax,mask"),
        (lambda: text(CHAIN), "widen,relax,mask"),
    ],
)
def test_the_derived_network_is_the_masked_supernet(space, pipeline: str, seed: int) -> None:
    for closed in (0.3, 0.2, 0.1, 0.05):  # until masks leave each node something
        net = masked(space(), pipeline, seed, closed=closed)
        rewrite = derive(net)
        if not rewrite.notes:
            break
    assert not rewrite.notes
    derived = inherited(rewrite, net)
    assert_same(derived, net, images(seed), 1e-9)
    if "weights=false" not in pipeline:
        kernels = [p for p in derived.parameters() if p.dim() > 1]
        zeros = sum(int((k == 0).sum()) for k in kernels) / sum(k.numel() for k in kernels)
        assert abs(zeros - closed) < 0.1, "masked weights are zero, and no others"


@pytest.mark.parametrize("seed", SEEDS)
def test_in_single_precision(seed: int) -> None:
    net = masked(small_space(), "widen,relax,mask", seed, closed=0.1, dtype=torch.float32)
    rewrite = derive(net)
    assert not rewrite.notes
    assert_same(inherited(rewrite, net), net, images(seed, torch.float32), 1e-5)


@pytest.mark.parametrize("closed", [0.2, 0.8, 1.0])
@pytest.mark.parametrize("how", [DERIVE, "derive{rule=mask}"])
@pytest.mark.parametrize("pipeline", PIPELINES)
def test_the_child_is_the_derived_network_whatever_is_masked(pipeline: str, how: str, closed: float) -> None:
    net = masked(small_space(), pipeline, 5, closed=closed)
    rewrite = derive(net, how)
    assert rewrite.notes or closed < 0.5
    assert_same(inherited(rewrite, net), child(net, how), images(0), 1e-9)


def test_a_node_without_anything_keeps_its_strongest_and_says_so() -> None:
    net = masked(small_space(), "widen,relax,mask", 1, closed=0.0)
    with torch.no_grad():
        net.architecture()["arch.normal.x.3.edge_mask"].zero_()
        net.architecture()["arch.reduce.x.2.mask"].zero_()
        net.architecture()["arch.normal.x.3.alpha"][1, 3] = 9.0
        net.architecture()["arch.reduce.x.2.alpha"][0] = torch.tensor([9.0, 0.0, 4.0, 0.0, 0.0])  # mostly `none`
    rewrite = derive(net)
    kept = dict(point_of(rewrite.module).choices)
    assert [(k.edge, k.operation) for k in kept["normal.x.3"]] == [(1, "sep_conv_3x3")]
    p = torch.softmax(net.architecture()["arch.normal.x.3.alpha"][1], -1)[3].item()
    assert kept["normal.x.3"][0].coefficient == pytest.approx(p), "the coefficient before masks"
    (last,) = kept["reduce.x.2"]
    assert rewrite.notes == (
        "the masks of `normal.x.3` leave too little; it keeps its strongest: `sep_conv_3x3` on edge 1",
        f"the masks of `reduce.x.2` leave too little; it keeps its strongest: `{last.operation}` on edge {last.edge}",
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_masked_supernets_and_gradients_do_not_depend_on_how_they_are_lowered(seed: int) -> None:
    net = masked(small_space(), "relax,share_features,mask,transit", seed, closed=0.3)
    x = images(seed)

    def outcome(options: Options) -> dict[str, Tensor]:
        other = to_torch(net.module, options).double()
        other.load_state_dict(net.state_dict())
        other(x).square().sum().backward()
        grads = {n: p.grad for n, p in other.named_parameters() if p.grad is not None}
        return {"output": other(x).detach(), **grads, **dict(other.named_buffers())}

    plain = outcome(PLAIN)
    for option in (Options(), Options(checkpoint=True), Options(share=False), Options(prune=False)):
        found = outcome(option)
        # with an option off, what reaches no output may have a gradient of zeros instead of none
        for name in plain.keys() & found.keys():
            torch.testing.assert_close(found[name], plain[name], rtol=1e-9, atol=1e-9)
        assert not any(plain[name].any() for name in plain.keys() - found.keys())


def test_gradients_of_masks_are_those_of_their_ones_and_zeros() -> None:
    """HM-NAS, section 3.3, against a call with effective weights in place of the masked ones."""
    net = masked(small_space(), "widen,relax,mask", 2, closed=0.3)
    x = images(2)
    net.eval()
    net(x).square().sum().backward()
    masks = net.trainables()["masks"]
    assert len(masks) == len(dict(weight_masks(net.module.graph)))
    effective, ones = {}, {}
    for name, mask in masks.items():
        path = name.removesuffix("_mask")
        ones[name] = (mask.detach() >= 0.005).double().requires_grad_()
        effective[path] = net.weights()[path].detach() * ones[name]
    opened = {name: torch.ones_like(mask) for name, mask in masks.items()}
    loss = call_with(net, effective | opened, x).square().sum()
    wanted = torch.autograd.grad(loss, list(ones.values()))
    learning = 0
    for (name, mask), gradient in zip(masks.items(), wanted, strict=True):
        torch.testing.assert_close(
            mask.grad, gradient, rtol=1e-9, atol=1e-12, msg=lambda text, name=name: f"{name}: {text}"
        )
        learning += int((gradient[mask < 0.005] != 0).sum())
    assert learning > 100, "what is masked has gradients, too"


def test_masked_candidates_run_while_masks_train() -> None:
    net = masked(small_space(), "widen,relax,mask{edges=false}", 0, closed=0.4)
    net(images(0)).square().sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    mask = net.architecture()["arch.normal.x.3.mask"]
    assert mask.grad is not None
    learn = mask < 0.005
    learn[:, 0] = False  # `none` gives zeros
    assert learn.any()
    assert mask.grad[learn].all()


@pytest.mark.parametrize("transit", ["transit", "transit{engines=last,rule=top_edges}", "transit{engines=none}"])
def test_masks_and_transit_commute(transit: str) -> None:
    last = run_pipeline(small_space(), f"relax,mask,{transit}").module
    if "none" in transit:
        with pytest.raises(ArchirError, match=r"no cell learns `normal.x.2`"):
            run_pipeline(small_space(), f"relax,{transit},mask")
    else:
        assert run_pipeline(small_space(), f"relax,{transit},mask").module.gates == last.gates
