"""Layers: one operation each, so that operations by layer are networks, and their costs add up."""

from __future__ import annotations

import numpy as np
import pytest

import archir
from archir.analysis.arrays import cost_arrays
from archir.analysis.bounds import bounds
from archir.analysis.expected import cost_of
from archir.analysis.table import MEASURES
from archir.diagnostics import ArchirError
from archir.ir.module import Module
from archir.proposals.costs import Costs, costs_of
from archir.proposals.feasible import enumerated
from archir.proposals.layers import by_choice, layers_of, point_of, size
from archir.proposals.propose import proposals_of
from archir.proposals.samples import sampled
from archir.proposals.targets import parse_targets
from archir.space.points import check_point
from archir.space.space import space_of
from tests.unit.analysis.test_cost import NESTED, load

ALL_EDGES = """
candidates mine = conv | wide: conv(k=3)
candidates more = relu | wide: conv(k=3) | wider: conv(k=5)
net both(image: tensor[4, 4, 4]) { return choose mine from [image] and more from [relu(image)] keep all edges }
"""
SPACES = ["fbnet", "fbnet_k7", "mnasnet", "efficientnet", "nasbench201"]
SOME = "restrict{to=((all, all, (skip, mbconv_k5_e1, mbconv_g2_k3)), (fbnet.x_1.2.0, 0, (mbconv_k5_e1)))}"
RESTRICTED = archir.apply(archir.load("fbnet"), SOME)
MODULES = [*map(archir.load, SPACES), load(ALL_EDGES), RESTRICTED]


@pytest.mark.parametrize("module", MODULES, ids=[*SPACES, "all edges", "restricted"])
def test_operations_by_layer_are_the_networks_of_the_space_and_cost_what_the_analysis_says(module: Module) -> None:
    layers = layers_of(module)
    assert size(layers) == space_of(module).size
    costs = costs_of(layers, {m: cost_arrays(module, m) for m in MEASURES})
    picks = sampled(np.zeros((1, *costs.exists.shape)), costs.exists, 1.0, 12, np.random.default_rng(3))
    assert len({tuple(p) for p in picks.tolist()}) > 4
    for pick, of in zip(picks, costs.of(picks), strict=True):
        point = point_of(layers, pick)
        check_point(module, point)
        assert of.tolist() == [getattr(cost_of(module, point), m) for m in MEASURES]
    found = bounds(module)
    assert costs.least.tolist() == [found[m].min for m in MEASURES]
    assert costs.most.tolist() == [found[m].max for m in MEASURES]


def test_an_edge_that_keeps_none_is_left_out() -> None:
    layers = layers_of(archir.load("nasbench201"))
    assert [(layer.key, layer.edge) for layer in layers[:3]] == [
        ("normal.x.1", 0),
        ("normal.x.2", 0),
        ("normal.x.2", 1),
    ]
    point = point_of(layers, np.array([0, 0, 1, 0, 0, 0]))
    assert [(key, [(k.edge, k.operation) for k in kept]) for key, kept in point.choices] == [
        ("normal.x.1", []),
        ("normal.x.2", [(1, "skip")]),
        ("normal.x.3", []),
    ]


def test_what_is_not_active_is_neither_sampled_nor_enumerated_nor_preferred() -> None:
    layers = layers_of(RESTRICTED)
    costs = costs_of(layers, {"macs": cost_arrays(RESTRICTED, "macs")})
    picks = sampled(np.zeros((1, *costs.exists.shape)), costs.exists, 1.0, 200, np.random.default_rng(0))
    assert np.take_along_axis(costs.exists, picks.T, axis=1).all()
    few = Costs(costs.measures, costs.fixed, costs.table[:, :5], costs.exists[:5])
    networks = enumerated(few)
    assert networks is not None
    assert len({tuple(n) for n in networks.tolist()}) == len(networks) == few.exists.sum(axis=1).prod()
    assert np.take_along_axis(few.exists, networks.T, axis=1).all()
    (found,) = proposals_of(
        RESTRICTED, parse_targets(("macs=40%",)), {"macs": cost_arrays(RESTRICTED, "macs")}, 1
    ).points
    check_point(RESTRICTED, found)


def test_arrays_by_choice_have_the_shape_of_the_choice() -> None:
    arrays = by_choice(layers_of(load(ALL_EDGES)), np.arange(6.0).reshape(2, 3))
    assert {key: a.tolist() for key, a in arrays.items()} == {"both.choose": [[0, 1, 2], [3, 4, 5]]}
    arrays = by_choice(layers_of(archir.load("fbnet")), np.zeros((22, 9)))
    assert arrays["fbnet.x_1.0.0"].shape == (1, 9)
    assert arrays["fbnet.x_1.1.0"].shape == (1, 8)  # its layer changes the shape: no skip


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (archir.load("darts"), "`normal.x.2` has a `none` on edge 0 that it never keeps"),
        (archir.load("robust_darts_s2"), "keeps some of its edges"),
        (archir.load("hmnas"), "may keep several operations"),
        (archir.load("hs_das_cells"), "is open only where another choice"),
        (archir.load("darts_v2"), "has no choice left"),
        (archir.apply(archir.load("fbnet"), "relax"), "is a module of form `relaxed`"),
        (load(NESTED), "`inner.y` is open only where another choice"),
        (load(ALL_EDGES.replace("all", "any")), "may leave edge 0 out, which no candidate says"),
    ],
)
def test_what_is_not_made_of_layers_is_refused(module: Module, said: str) -> None:
    with pytest.raises(ArchirError) as caught:
        layers_of(module)
    (found,) = caught.value.diagnostics
    assert (found.code, said in found.message, bool(found.help)) == ("NAS402", True, True), found.message
