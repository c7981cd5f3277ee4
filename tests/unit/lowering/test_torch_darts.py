"""The DARTS space of spaces/darts.nas, relaxed, derived and emitted."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import archir
from archir.ir.module import Module
from archir.ir.point import Point
from archir.ir.types import TensorType
from archir.lowering.torch import Supernet, to_torch
from tests.derived import point_of
from tests.emitted import check_equal
from tests.reference import OPERATIONS, Reference

CELLS = (False, True, True)


@pytest.fixture(scope="module")
def relaxed(root: Path) -> Module:
    space = archir.load(root / "spaces" / "darts.nas", image=TensorType((3, 16, 16)), channels=4, cells=3)
    return archir.apply(space, "relax")


def test_the_search_supernet_has_as_many_weights_as_published(root: Path) -> None:
    """1.93 million at 16 channels and 8 cells (Liu et al.; counted on their code)."""
    module = archir.apply(archir.load(root / "spaces" / "darts.nas", channels=16, cells=8), "relax")
    supernet = to_torch(module)
    assert sum(p.numel() for p in supernet.weights().values()) == 1_930_618
    assert {n: tuple(p.shape) for n, p in supernet.architecture().items()} == {
        f"arch.{cell}.x.{i}.alpha": (i, 8) for cell in ("normal", "reduce") for i in (2, 3, 4, 5)
    }


@pytest.mark.parametrize("training", [True, False])
def test_forward_and_gradients_equal_eq_1(relaxed: Module, training: bool) -> None:
    torch.manual_seed(0)
    supernet = to_torch(relaxed)
    images = torch.randn(4, 3, 16, 16)
    with torch.no_grad():
        for alpha in supernet.architecture().values():
            alpha.normal_()
        supernet(images)
    supernet.train(training)
    state = {n: t.detach().clone() for n, t in supernet.state_dict().items()}
    followed = [*supernet.architecture(), "s1.conv.weight", "cell.1.x.4.3.dil_conv_5x5.conv.weight", "linear.bias"]
    mine = {n: state[n].requires_grad_() for n in followed}
    expected = Reference(state, training, built=False, nodes=4).net(images, CELLS)
    found = supernet(images)
    assert (found - expected).abs().max() <= 1e-5 * max(1.0, expected.abs().max())

    weighting = torch.randn_like(expected)
    (expected * weighting).sum().backward()
    (found * weighting).sum().backward()
    for name, parameter in supernet.named_parameters():
        if name in mine:
            largest = mine[name].grad.abs().max()
            assert largest > 1e-5, name
            assert (parameter.grad - mine[name].grad).abs().max() <= 1e-3 * largest, name


def switch_off_the_rest(supernet: Supernet, point: Point) -> None:
    """Candidates that the point does not keep get no weight; an edge that is not kept gives `none` all of it."""
    with torch.no_grad():
        for key, kept in point.choices:
            alpha = supernet.architecture()[f"arch.{key}.alpha"]
            alpha.fill_(-1e4)
            operations = {k.edge: OPERATIONS.index(k.operation) for k in kept}
            for edge in range(len(alpha)):
                alpha[edge, operations.get(edge, OPERATIONS.index("none"))] = 0.0


@pytest.mark.parametrize("training", [True, False])
def test_a_derived_net_computes_what_is_left_of_the_supernet(relaxed: Module, training: bool) -> None:
    torch.manual_seed(0)
    supernet = to_torch(relaxed)
    with torch.no_grad():
        for alpha in supernet.architecture().values():
            alpha.normal_()
    values = {n: p.detach().numpy() for n, p in supernet.architecture().items()}
    network = archir.apply(relaxed, "derive", values)
    images = torch.randn(4, 3, 16, 16)
    with torch.no_grad():
        supernet(images)
    switch_off_the_rest(supernet, point_of(network))
    derived = to_torch(network)
    own = derived.state_dict()
    missing, _ = derived.load_state_dict({n: t for n, t in supernet.state_dict().items() if n in own}, strict=False)
    assert all(n.endswith((".batch_norm.weight", ".batch_norm.bias")) for n in missing), "deferred until now"
    found, expected = derived.train(training)(images), supernet.train(training)(images)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_random_points_emit_source_that_agrees(relaxed: Module, seed: int) -> None:
    torch.manual_seed(seed)
    values = {p.name: torch.randn(p.shape).numpy() for p in relaxed.parameters}
    text = check_equal(archir.apply(relaxed, "derive", values), batch=2)
    assert "for cell in self.cell:" in text
