"""The shipped spaces: their text, their choices, and networks that are drawn from them."""

from __future__ import annotations

from math import comb, prod
from pathlib import Path

import pytest

import archir
from archir.analysis import cost
from archir.ir.module import shared_choices
from archir.sema.specialize import print_source
from archir.source import Source
from archir.space.space import space_of
from archir.syntax.formatter import format_text
from tests.conftest import ROOT

SPACES = ROOT / "spaces"
CHOICES = {  # choices, edges of all of them
    "darts": (8, 28),
    "darts_imagenet": (8, 28),
    "darts12": (8, 28),
    "hmnas": (8, 28),
    "robust_darts_s2": (8, 28),
    "robust_darts_s3": (8, 28),
    "hc_das": (20, 70),
    "hs_das": (26, 79),
    "hs_das_cells": (35, 100),
    "nasbench201": (3, 6),
    "fbnet": (22, 22),
    "fbnet_k7": (22, 22),
    "mnasnet": (21, 21),
    "efficientnet": (22, 22),
}
SMALL = {
    "hs_das": {"channels": 4},
    "hs_das_cells": {"channels": 4},
    "nasbench201": {"cells": 1},
    "fbnet": {"image": (3, 64, 64)},
    "fbnet_k7": {"image": (3, 64, 64)},
    "mnasnet": {"image": (3, 64, 64)},
    "efficientnet": {"image": (3, 64, 64)},
    "darts_imagenet": {"channels": 8, "cells": 5, "image": (3, 64, 64)},
}


@pytest.mark.parametrize("path", sorted(SPACES.rglob("*.nas")), ids=lambda p: p.stem)
def test_files_are_as_fmt_writes_them_and_say_where_they_are_from(path: Path) -> None:
    text = path.read_text("utf-8")
    assert format_text(Source(path.name, text)) == text
    assert text.startswith("# ")


@pytest.mark.parametrize("name", CHOICES)
def test_choices(name: str) -> None:
    module = archir.load(name)
    choices = shared_choices(module)
    assert module.name == name
    assert (len(choices), sum(len(c.edges) for c in choices.values())) == CHOICES[name]


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("fbnet", (6, 8, 16, 9)),
        ("fbnet_k7", (6, 9, 16, 10)),
        ("mnasnet", (6, 12, 15, 13)),
        ("efficientnet", (7, 6, 15, 7)),
    ],
)
def test_skip_is_no_candidate_where_the_shape_changes(name: str, layers: tuple[int, ...]) -> None:
    """FBNet: 8^6 * 9^16 networks."""
    counts = [len(c.edges[0].candidates) for c in shared_choices(archir.load(name)).values()]
    changing, without, staying, with_skip = layers
    assert (counts.count(without), counts.count(with_skip)) == (changing, staying)


@pytest.mark.parametrize("name", CHOICES)
def test_a_random_network_is_printed_and_read_back(name: str, tmp_path: Path) -> None:
    network = archir.apply(archir.load(name, **SMALL.get(name, {})), "sample{seed=3}")
    assert network.form == "network"
    (tmp_path / "net.nas").write_text(print_source(network), "utf-8")
    again = archir.load(str(tmp_path / "net.nas"), **SMALL.get(name, {}))
    assert (cost.parameters(again), cost.macs(again)) == (cost.parameters(network), cost.macs(network))


IMAGENET = """
use darts_imagenet
use nets.{name} as found

net best(image: tensor[3, 224, 224]) {{
  return darts_imagenet.darts_imagenet(image, normal=found.normal, reduce=found.reduce)
}}
"""


def test_found_cells_go_into_the_imagenet_net(tmp_path: Path) -> None:
    """DARTS_V2 there: 4.7M parameters (DARTS, Table 3)."""
    (tmp_path / "best.nas").write_text(IMAGENET.format(name="darts_v2"), "utf-8")
    network = archir.load(str(tmp_path / "best.nas"))
    assert network.form == "network"
    assert cost.parameters(network) == 4_718_752


def test_sizes_of_twelve_operations() -> None:
    two = prod(comb(e, 2) * 12**2 for e in (2, 3, 4, 5)) ** 2
    some = prod(2 ** (12 * e) - 1 for e in (2, 3, 4, 5)) ** 2
    module = archir.load("darts12")
    assert space_of(module).size == two
    assert f"{two:.1e}" == "6.0e+21"
    assert space_of(archir.apply(module, "widen")).size == some
    assert f"{some:.1e}" == "1.4e+101"
