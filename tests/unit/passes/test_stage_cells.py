"""Cells of their own for each stage: the space of Hc-DAS from that of DARTS, as text at any size."""

from __future__ import annotations

import pytest

from archir.ir.module import Module, choice_instances
from archir.lowering.inherit import matching_weights
from archir.passes import run_pipeline
from archir.passes.fix import fixed
from archir.sema import load, load_source
from archir.sema.specialize import print_source
from archir.source import Source
from archir.space.space import space_of
from tests.derived import point_of


def staged(name: str, **settings: int) -> Module:
    return run_pipeline(load(name, **settings), "stage_cells").module


def read_again(network: Module, **settings: int) -> Module:
    return load_source(Source("net.nas", print_source(network)), parameters=settings)


def test_darts_becomes_hc_das() -> None:
    """Three normal and two reduction cells: the size, the choices and the sharing of hc_das.nas."""
    mine, theirs = staged("darts"), load("hc_das")
    assert space_of(mine).size == space_of(theirs).size == _of_one_cell() ** 5
    there = {i.path: i.key.removeprefix("darts.") for i in choice_instances(theirs.graph)}
    assert {i.path: i.key for i in choice_instances(mine.graph)} == there
    assert {i.owner for i in choice_instances(mine.graph)} == {f"normal.{s}" for s in range(3)} | {
        f"reduce.{s}" for s in range(2)
    }


def _of_one_cell() -> int:
    """The points of one DARTS cell: two of 2, 3, 4, 5 edges, seven operations on each."""
    pairs = [1, 3, 6, 10]
    size = 1
    for count in pairs:
        size *= count * 7**2
    return size


@pytest.mark.parametrize("name", ["darts", "darts_imagenet", "hs_das", "hs_das_cells", "nasbench201", "hc_das"])
def test_a_network_is_printed_and_read_back(name: str) -> None:
    network = run_pipeline(staged(name), "sample{seed=3}").module
    assert matching_weights(read_again(network), network)


@pytest.mark.parametrize("cells", [5, 14, 20])
def test_the_text_of_a_network_has_other_sizes(cells: int) -> None:
    """Found with 8 cells, it is the same point with more, whether the space or the pass gave stages their own cells."""
    for space in (staged("darts"), load("hc_das")):
        network = run_pipeline(space, "sample").module
        other = staged("darts", cells=cells) if space.name == "darts" else load("hc_das", cells=cells)
        assert matching_weights(read_again(network, cells=cells), fixed(other, point_of(network)))


def test_cells_that_are_of_one_stage_keep_their_tags() -> None:
    space = load("hc_das")
    assert run_pipeline(space, "stage_cells").module == space


def test_a_tag_stays_in_front() -> None:
    text = """
        use darts
        net n(image: tensor[4, 8, 8]) {
          x = darts.normal@left(image, image, 4)
          y = darts.reduce(x, x, 4)
          return darts.normal@left(y, y, 4)
        }
    """
    module = run_pipeline(load_source(Source("n.nas", text)), "stage_cells,sample").module
    assert {owner.rsplit(".x.", 1)[0] for owner, _ in _choices(module)} == {
        "darts.normal.left_0", "darts.normal.left_1", "darts.reduce.0"
    }  # fmt: skip
    assert matching_weights(read_again(module), module)


def _choices(network: Module) -> tuple[tuple[str, object], ...]:
    return point_of(network).choices
