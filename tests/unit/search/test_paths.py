"""Paths judged inside a supernet, against the supernet with nothing else active."""

from __future__ import annotations

from random import Random

import pytest
import torch
from attrs import evolve
from torch.nn import functional as F

import archir
from archir.diagnostics import ArchirError
from archir.exchange.nasbench201 import Edges, all_architectures
from archir.exchange.nasbench201_space import CANDIDATES, cells_of, edges_of, point_of
from archir.ir.module import Module
from archir.ir.types import TensorType
from archir.lowering.torch import to_torch
from archir.passes import run_branches
from archir.passes.active import restricted
from archir.search import paths
from archir.search.data import load_data
from archir.search.data.augment import standard
from archir.search.paths import judge
from archir.search.phases import Train
from archir.search.result import TrainedSupernet
from archir.search.state import Setup
from archir.sema import load_source
from archir.source import Source
from archir.space.points import random_point
from tests.small_space import small_space


def module(pipeline: str = "relax{deviation=1.0}") -> Module:
    return archir.apply(
        archir.load("nasbench201", image=TensorType((3, 8, 8)), cells=1, channels=4, classes=4), pipeline
    )


def supernet(of: Module) -> TrainedSupernet:
    torch.manual_seed(0)
    assert of.origin is not None
    return TrainedSupernet(of, dict(to_torch(of).state_dict()), Setup(of.origin, {}, (), {}, "", {}), (1,))


def some(count: int) -> list[Edges]:
    return Random(0).sample(list(all_architectures()), count)


def alike(*edges: str) -> Edges:
    """One operation on the edge into the first node, one on those into the second, one on those into the third."""
    return tuple((name,) * i for i, name in enumerate(edges, start=1))


def test_a_path_is_the_supernet_with_nothing_else_active() -> None:
    data = load_data("fake", size=8)
    whole, images = supernet(module()), data.test
    plain = standard(data, augment=False)
    different = [
        alike("nor_conv_3x3", "nor_conv_3x3", "nor_conv_3x3"),
        alike("nor_conv_1x1", "nor_conv_1x1", "nor_conv_1x1"),
        alike("skip_connect", "avg_pool_3x3", "nor_conv_3x3"),
        alike("avg_pool_3x3", "none", "skip_connect"),
        alike("nor_conv_1x1", "skip_connect", "nor_conv_3x3"),
    ]
    found = judge(whole, [point_of(a) for a in different], images, plain)
    for architecture, score in zip(different, found, strict=True):
        names = {"none": "none", **CANDIDATES}
        active = {
            (f"normal.x.{i}", e): (names[name],)
            for i, node in enumerate(architecture, start=1)
            for e, name in enumerate(node)
        }
        net = to_torch(restricted(whole.module, active))
        net.load_state_dict({name: whole.tensors[name] for name in net.state_dict()})
        with torch.no_grad():
            logits = net.train()(plain.normalize(images.pixels))
        assert score.loss == pytest.approx(float(F.cross_entropy(logits, images.labels)), rel=1e-5)
        assert score.accuracy == pytest.approx(float((logits.argmax(1) == images.labels).double().mean()))
    assert len({s.loss for s in found}) == len(different)


def test_no_batch_has_statistics_of_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """33 images are batches of 17 and 16, not of 32 and of a single one."""
    monkeypatch.setattr(paths, "BATCH", 32)
    data, whole = load_data("fake", size=8), supernet(module())
    cell = [point_of(alike("skip_connect", "avg_pool_3x3", "nor_conv_3x3"))]
    loss = {
        part: judge(whole, cell, data.test.part(slice(*part)), standard(data, augment=False))[0].loss
        for part in ((0, 33), (0, 17), (17, 33))
    }
    assert loss[0, 33] == pytest.approx((17 * loss[0, 17] + 16 * loss[17, 33]) / 33, rel=1e-6)


def test_judging_leaves_the_supernet_as_it_is() -> None:
    data, whole = load_data("fake", size=8), supernet(module())
    before = {name: t.clone() for name, t in whole.tensors.items()}
    points = [point_of(a) for a in some(2)]
    first = judge(whole, points, data.test, standard(data, augment=False))
    assert judge(whole, points[::-1], data.test, standard(data, augment=False)) == first[::-1]
    assert all(torch.equal(t, before[name]) for name, t in whole.tensors.items())


def test_dropout_has_no_say() -> None:
    """The same path has the same score whatever was drawn before."""
    text = """
use ops
candidates some = none | skip | conv_3x3: conv(k=3)
net dropping(image: tensor[3, 8, 8], classes = 4) {
  x = image |> conv(4, k=3) |> batch_norm
  y = choose some from x keep 1 op
  return y |> global_avg_pool |> dropout(0.5) |> linear(classes)
}
"""
    space = load_source(Source("dropping.nas", text))
    data, of = load_data("fake", size=8), archir.apply(space, "relax")
    points = [random_point(of, Random(0))] * 3
    torch.manual_seed(0)
    scores = judge(supernet(of), points, data.test, standard(data, augment=False))
    assert len({score.loss for score in scores}) == 1


@pytest.mark.parametrize("pipeline", ["relax{levels=2}", "relax,share_features"])
def test_any_supernet_with_the_kernels_will_do(pipeline: str) -> None:
    data = load_data("fake", size=8)
    scores = judge(supernet(module(pipeline)), [point_of(some(1)[0])], data.test, standard(data, augment=False))
    assert 0 < scores[0].loss < 10


def test_a_supernet_without_the_kernels_is_refused() -> None:
    of, data = module(), load_data("fake", size=8)
    whole = supernet(of)
    lacking = {name: t for name, t in whole.tensors.items() if ".conv_3x3." not in name}
    three = point_of((("nor_conv_3x3",), ("none", "none"), ("none", "none", "nor_conv_3x3")))
    with pytest.raises(ArchirError, match="has not all kernels"):
        judge(evolve(whole, tensors=lacking), [three], data.test, standard(data, augment=False))


def test_all_architectures_are_points_and_back() -> None:
    space = module()
    assert cells_of(space).size == 15_625
    assert sorted(cells_of(space)) == sorted(all_architectures())
    for architecture in some(50):
        assert edges_of(point_of(architecture)) == architecture


def test_parts_of_the_space_share_it_out() -> None:
    groups = "((normal.x.2, 0, ((none, skip), (conv_1x1, conv_3x3, avg_pool_3x3))),"
    groups += "(normal.x.2, 1, ((none, avg_pool_3x3), (conv_1x1, conv_3x3, skip))))"
    parts = [cells_of(b.module) for b in run_branches(module(), f"partition{{by=node,at=1,groups={groups}}}")]
    found = [architecture for part in parts for architecture in part]
    assert len(parts) == 4
    assert sorted(found) == sorted(all_architectures())
    assert all(cells_of(module()).has(part) and not part.has(cells_of(module())) for part in parts)


def test_a_sample_has_no_architecture_twice_and_follows_the_seed() -> None:
    cells = cells_of(module("relax,restrict{to=((all, all, (none, skip)))}"))
    first = cells.sample(40, 0)
    assert len(set(first)) == 40
    assert set(first) < set(cells)
    assert first == cells.sample(40, 0) != cells.sample(40, 1)
    assert cells.sample(64, 0) == cells.sample(1000, 1) == list(cells)


def test_other_spaces_are_refused() -> None:
    with pytest.raises(ArchirError, match="NAS-Bench-201"):
        cells_of(small_space())


def test_the_default_phase_holds_half_out() -> None:
    from archir.search.paths import held_out

    data = load_data("fake", size=8)
    name, images = held_out(data, Train().split, 0, 1000)
    assert (name, len(images)) == ("valid", 128)
    name, images = held_out(data, Train("weights").split, 0, 10)
    assert (name, len(images)) == ("test", 10)
    assert torch.equal(images.pixels, data.test.pixels[:10])
