"""The shipped networks have the sizes that were published."""

from __future__ import annotations

import pytest

import archir
from archir.analysis import cost

HOURNAS = {  # HourNAS, Tables 2, 3, 9, 11, 13, 15: millions of parameters and of multiply-adds
    "hournas_a": (4.8, 298),
    "hournas_b": (5.5, 406),
    "hournas_c": (4.8, 296),
    "hournas_d": (5.5, 394),
    "hournas_e": (3.8, 313),
    "hournas_f": (5.3, 383),
    "hournas_g": (4.7, 297),
    "hournas_h": (4.8, 299),
    "hournas_i": (4.8, 318),
    "fbnet_max": (5.7, 583),
    "efficientnet_max": (5.8, 738),
    "mnasnet_a1": (3.9, 312),
    "efficientnet_b0": (5.3, 390),
    "mobilenet_v2": (3.4, 300),
}

EXACT = {  # parameters, multiply-adds of convolutions and linear layers
    "mobilenet_v2": (3_504_872, 300_774_272),
    "mnasnet_b1": (4_383_312, 314_415_872),
    "efficientnet_b0": (5_288_548, 385_814_752),
    "darts_v1": (3_169_414, 500_987_520),
    "darts_v2": (3_349_342, 528_359_040),
}


@pytest.mark.parametrize("name", HOURNAS)
def test_the_tables_of_hournas(name: str) -> None:
    parameters, macs = HOURNAS[name]
    module = archir.load(name)
    assert module.name == name
    if name != "mobilenet_v2":
        assert cost.parameters(module) / 1e6 == pytest.approx(parameters, abs=0.1)
    assert cost.macs(module) / 1e6 == pytest.approx(macs, rel=0.02)


def test_the_printed_parameters_of_mobilenet_v2_are_those_of_its_convolutions_and_its_classifier() -> None:
    """3.4M is the figure of its own paper. With batch norms there are 3,504,872, as in torchvision."""
    module = archir.load("mobilenet_v2")
    norms = sum(c.params for path, c in cost.per_instance(module) if path.endswith(".batch_norm"))
    assert cost.parameters(module) == 3_504_872
    assert (cost.parameters(module) - norms) / 1e6 == pytest.approx(HOURNAS["mobilenet_v2"][0], abs=0.1)


@pytest.mark.parametrize("name", EXACT)
def test_exact_sizes(name: str) -> None:
    module = archir.load(name)
    assert (cost.parameters(module), cost.macs(module)) == EXACT[name]


def test_the_groups_of_table_8_make_the_printed_multiply_adds_of_hournas_a_too_many() -> None:
    grouped = archir.load("hournas_a", groups=2)
    assert cost.macs(grouped) / 298e6 == pytest.approx(0.967, abs=5e-4)
    assert cost.macs(archir.load("hournas_a")) / 298e6 == pytest.approx(0.985, abs=5e-4)


@pytest.mark.parametrize("name", ["darts_v1", "darts_v2"])
def test_channels_cells_and_classes_are_parameters(name: str) -> None:
    small = archir.load(name, channels=8, cells=5, classes=7)
    assert small.graph.type.shape == (7,)
    assert sum(n.name.startswith("cell.") for n in small.graph.nodes) == 5


def test_width_and_input_size_are_parameters() -> None:
    half = archir.load("mobilenet_v2", width=0.5, image=(3, 96, 96), classes=10)
    torchvision = pytest.importorskip("torchvision.models")
    theirs = torchvision.mobilenet_v2(weights=None, width_mult=0.5, num_classes=10)
    assert cost.parameters(half) == sum(p.numel() for p in theirs.parameters())
    assert cost.macs(half) < cost.macs(archir.load("mobilenet_v2", width=0.5)) / 5
