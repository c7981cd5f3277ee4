"""The published networks lie in the spaces that they were found in."""

from __future__ import annotations

import pytest

import archir
from archir.analysis import cost
from archir.diagnostics import ArchirError
from archir.passes.fix import fixed
from archir.space.membership import find_point

FOUND_IN = {
    "darts": ["darts_v1", "darts_v2"],
    "fbnet": ["hournas_a", "hournas_b", "hournas_g", "hournas_i", "fbnet_max"],
    "fbnet_k7": ["hournas_c", "hournas_d", "hournas_h", "fbnet_max"],
    "mnasnet": ["hournas_e", "mnasnet_a1"],
    "efficientnet": ["hournas_f", "efficientnet_max"],
}
SETTINGS = {"darts": {"channels": 36, "cells": 20}}


@pytest.mark.parametrize(("space", "name"), [(s, n) for s, names in FOUND_IN.items() for n in names])
def test_is_a_network_of_its_space(space: str, name: str) -> None:
    module, network = archir.load(space, **SETTINGS.get(space, {})), archir.load(name)
    again = fixed(module, find_point(module, network))
    assert (cost.parameters(again), cost.macs(again)) == (cost.parameters(network), cost.macs(network))


def test_the_blocks_with_groups() -> None:
    point = find_point(archir.load("fbnet"), archir.load("hournas_a", groups=2))
    kept = [k.operation for _, row in point.choices for k in row]
    assert sorted(k for k in kept if "g2" in k) == ["mbconv_g2_k3", "mbconv_g2_k3", "mbconv_g2_k5", "mbconv_g2_k5"]
    assert kept.count("skip") == 1


@pytest.mark.parametrize(
    ("space", "name"), [("fbnet", "hournas_c"), ("efficientnet", "efficientnet_b0"), ("darts", "fbnet_max")]
)
def test_is_no_network_of_another_space(space: str, name: str) -> None:
    with pytest.raises(ArchirError):
        find_point(archir.load(space), archir.load(name))
