"""Whether networks are in spaces, and where they leave them."""

from __future__ import annotations

from random import Random

import pytest

import archir
from archir.diagnostics import ArchirError
from archir.ir.module import Module
from archir.lowering.inherit import matching_weights
from archir.passes.fix import fixed
from archir.sema import load_source
from archir.sema.specialize import print_source
from archir.source import Source
from archir.space.membership import find_point
from archir.space.space import space_of

SMALL = {"channels": 4, "cells": 4}


@pytest.mark.parametrize(
    ("name", "settings"), [("darts", SMALL), ("nasbench201", {"channels": 4, "cells": 1}), ("fbnet", {})]
)
def test_every_sample_is_found_again_from_its_text(name: str, settings: dict[str, int]) -> None:
    module = archir.load(name, **settings)
    random = Random(11)
    for _ in range(4):
        point = space_of(module).sample(random)
        network = fixed(module, point)
        again = load_source(Source("network", print_source(network)))
        for net in (network, again):
            found = find_point(module, net)
            if name == "fbnet":  # a block and a skip, or a skip and that block: the same network at two points
                matching_weights(fixed(module, found), net)  # raises where they differ
            else:
                assert found == point


def test_darts_v2_is_in_the_space_of_darts() -> None:
    point = find_point(archir.load("darts", **SMALL), archir.load("darts_v2", **SMALL))
    kept = {key: [(k.edge, k.operation) for k in of] for key, of in point.choices}
    assert kept["normal.x.2"] == [(0, "sep_conv_3x3"), (1, "sep_conv_3x3")]
    assert kept["normal.x.5"] == [(0, "skip"), (2, "dil_conv_3x3")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("x[2] = sep_conv(x[0], k=3)", "x[2] = sep_conv(x[0], k=7)"), "normal.x.2"),
        (("x[2] = sep_conv(x[0], k=3) + sep_conv(x[1], k=3)", "x[2] = sep_conv(x[0], k=3)"), "keeps 1 edge"),
        (("3 * channels", "2 * channels"), "other attributes"),
        (("classes = 10", "classes = 11"), "other attributes"),
        (("|> global_avg_pool", "|> relu |> global_avg_pool"), "is `relu`"),
    ],
)
def test_why_a_network_is_not_in_the_space(change: tuple[str, str], reason: str, root) -> None:
    text = (root / "spaces" / "nets" / "darts_v2.nas").read_text()
    assert change[0] in text
    network = load_source(Source("net", text.replace(*change)), parameters=SMALL)
    with pytest.raises(ArchirError) as error:
        find_point(archir.load("darts", **SMALL), network)
    assert reason in str(error.value)


def test_slots_are_filled_in_the_order_of_the_edges() -> None:
    """The first edge that is kept gives the first input; the other way around is no network of the space."""
    head = "candidates ops = relu | sigmoid\ncell two(a, b) { return conv(a) * b }\nnet n(image: tensor[4, 8, 8]) {"
    end = "return two(CHOSEN)\n}"

    def net(chosen: str) -> Module:
        return load_source(Source("n", f"{head} y = swish(image)\n{end.replace('CHOSEN', chosen)}"))

    space = net("*choose ops from [image, y] keep 2 edges")
    assert find_point(space, net("relu(image), sigmoid(y)")).choices
    with pytest.raises(ArchirError, match="not in"):
        find_point(space, net("relu(y), sigmoid(image)"))


def test_sizes_have_to_agree() -> None:
    with pytest.raises(ArchirError):
        find_point(archir.load("darts", channels=4, cells=3), archir.load("darts_v2", channels=8, cells=3))
    with pytest.raises(ArchirError, match="takes"):
        find_point(archir.load("fbnet"), archir.load("darts_v2"))
    with pytest.raises(ArchirError, match="still to be chosen"):
        find_point(archir.load("darts"), archir.load("darts"))
