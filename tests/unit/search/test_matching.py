"""Gradient matching against a plain computation, and what becomes of its numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

import archir
from archir.diagnostics import ArchirError
from archir.ir.module import choice_instances, shared_choices
from archir.ir.types import TensorType
from archir.lowering.torch import Supernet, to_torch
from archir.passes import run_branches
from archir.passes.active import restricted
from archir.search.data import Batch
from archir.search.matching import (
    Similarity,
    gradient_similarity,
    groups_by_cut,
    groups_to_json,
    similarities_to_json,
)
from tests.small_space import small_space

FEW = ("skip", "max_pool_3x3", "sep_conv_3x3", "dil_conv_3x3")


def batches(count: int) -> list[Batch]:
    source = torch.Generator().manual_seed(3)
    images = [torch.randn(6, 3, 8, 8, generator=source, dtype=torch.float64) for _ in range(count)]
    return [Batch(x, torch.randint(4, (6,), generator=source)) for x in images]


def supernet(pipeline: str = "relax{deviation=1.0}") -> Supernet:
    torch.manual_seed(0)
    return to_torch(archir.apply(small_space(), pipeline)).double()


def plain(net: Supernet, key: str, e: int, name: str, batch: Batch) -> dict[str, Tensor]:
    """The gradient of each weight when alpha leaves an edge one operation."""
    choice = shared_choices(net.module)[key]
    alpha = net.architecture()[f"arch.{key}.alpha"]
    kept = alpha.detach().clone()
    with torch.no_grad():
        alpha[e] = torch.tensor([0.0 if c.name == name else -1e9 for c in choice.edges[e].candidates])
    loss = F.cross_entropy(net(batch.inputs), batch.labels)
    slopes = torch.autograd.grad(loss, [*net.weights().values()], materialize_grads=True)
    with torch.no_grad():
        alpha.copy_(kept)
    return dict(zip(net.weights(), slopes, strict=True))


@pytest.mark.parametrize("place", [("normal.x.3", 1), ("reduce.x.2", 0)])
def test_it_is_the_plain_computation(place: tuple[str, int]) -> None:
    key, e = place
    net = supernet()
    found = gradient_similarity(net, place, batches(2))
    assert found.operations == FEW
    paths = [i.path for i in choice_instances(net.module.graph) if i.key == key]
    assert len(paths) == (3 if key.startswith("normal") else 1)
    own = tuple(f"{path}.{e}." for path in paths)
    expected = torch.zeros(4, 4, dtype=torch.float64)
    for batch in batches(2):
        slopes = []
        for name in FEW:
            by_name = plain(net, key, e, name, batch)
            slopes.append(torch.cat([s.flatten() for n, s in by_name.items() if not n.startswith(own)]))
        for i, a in enumerate(slopes):
            for j, b in enumerate(slopes):
                expected[i, j] += F.cosine_similarity(a, b, dim=0) / 2
    torch.testing.assert_close(found.matrix, expected, rtol=1e-9, atol=1e-9)
    assert found.matrix.diagonal().allclose(torch.ones(4, dtype=torch.float64))
    off = found.matrix[~torch.eye(4, dtype=torch.bool)]
    assert off.max() < 1 - 1e-6


def test_the_supernet_stays_as_it_is() -> None:
    net = supernet()
    before = {name: t.clone() for name, t in net.state_dict().items()}
    state = torch.get_rng_state()
    gradient_similarity(net, ("normal.x.2", 0), batches(1))
    assert all(torch.equal(t, before[name]) for name, t in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())
    assert torch.equal(torch.get_rng_state(), state)


def test_what_is_compared_follows_the_edge() -> None:
    net = supernet("relax,restrict{to=((normal.x.2, 0, (none, skip, sep_conv_3x3)))}")
    assert gradient_similarity(net, ("normal.x.2", 0), batches(1)).operations == ("skip", "sep_conv_3x3")
    free = archir.load("nasbench201", image=TensorType((3, 8, 8)), cells=1, channels=4)
    torch.manual_seed(0)
    other = to_torch(archir.apply(free, "relax")).double()
    found = gradient_similarity(other, ("normal.x.3", 1), batches(1))
    assert found.operations == ("none", "skip", "conv_1x1", "conv_3x3", "avg_pool_3x3")
    with pytest.raises(ArchirError, match="has no edge 7"):
        gradient_similarity(net, ("normal.x.2", 7), batches(1))


def test_shared_features_stay_out_of_the_comparison_only_where_nobody_else_has_them() -> None:
    """An edge's own weights are not shared, those of a home are, as long as another edge keeps them."""
    module = archir.apply(small_space(), "relax,share_features")
    one = restricted(module, {("normal.x.2", 0): ("skip",)})
    names = {name for name in to_torch(one).weights() if name.startswith("c.0.shared.x.0.")}
    assert names == {name for name in to_torch(module).weights() if name.startswith("c.0.shared.x.0.")}


def test_cut_groups_are_what_partition_reads(tmp_path: Path) -> None:
    matrix = torch.eye(4, dtype=torch.float64)
    matrix[0, 1] = matrix[1, 0] = 0.9
    matrix[2, 3] = matrix[3, 2] = 0.5
    similarities = {("normal.x.2", e): Similarity(FEW, matrix) for e in (1, 0)}
    groups = groups_by_cut(similarities)
    assert set(groups.values()) == {(("skip", "max_pool_3x3"), ("sep_conv_3x3", "dil_conv_3x3"))}
    assert groups_by_cut({("normal.x.2", 0): Similarity(("skip",), matrix[:1, :1])}) == {("normal.x.2", 0): ()}
    file = tmp_path / "groups.json"
    file.write_text(groups_to_json(groups))
    parts = run_branches(small_space(), f'partition{{of=(normal),file="{file}"}}')
    edges = [shared_choices(p.module)["normal.x.2"].edges for p in parts]
    two = ("none", "skip", "max_pool_3x3"), ("none", "sep_conv_3x3", "dil_conv_3x3")
    assert [tuple(e.active for e in of) for of in edges] == [(a, b) for a in two for b in two]
    written = json.loads(similarities_to_json({("normal.x.3", 1): Similarity(FEW, matrix)}))
    assert written == {"normal.x.3": [None, {"operations": [*FEW], "similarity": matrix.tolist()}]}
