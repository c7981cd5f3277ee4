"""Nets of H-DAS: 8 cells to search, 20 and 14 derived; stages and cells are composed, whichever was found first."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from archir.analysis.cost import macs, parameters
from archir.analysis.depth import depth, is_cell, stages
from archir.cli.main import run
from archir.ir.graph import Graph
from archir.ir.module import Module, choice_instances
from archir.ir.origin import Setting
from archir.lowering.torch import to_torch
from archir.passes import run_pipeline
from archir.passes.fix import fixed
from archir.sema import load, load_source
from archir.sema.specialize import print_source
from archir.source import Source
from archir.space.space import space_of

FOUND = {"inner": "darts_v2.normal", "down": "darts_v2.reduce"}


def cells_of(graph: Graph) -> int:
    """Cells in a net, those in stages included."""
    return sum(
        is_cell(node) or cells_of(node.graph)
        for node in graph.nodes
        if hasattr(node, "graph") and node.graph.kind in ("cell", "stage")
    )


def numel(module: Module) -> int:
    return sum(p.numel() for p in to_torch(module).parameters())


@pytest.mark.parametrize(
    ("cells", "settings", "all_cells"),
    [(6, {"channels": 36}, 20), (4, {"channels": 39, "imagenet": True, "image": (3, 224, 224), "classes": 1000}, 14)],
    ids=["CIFAR-10", "ImageNet"],
)
def test_derived_nets(cells: int, settings: dict[str, Setting], all_cells: int) -> None:
    """A point that was found on small images is applied to the net of the evaluation."""
    small = load("hs_das", channels=4, cells=cells, **FOUND)
    found = run_pipeline(small, "sample{seed=2}").module
    assert found.origin is not None
    assert found.origin.point is not None
    large = fixed(load("hs_das", cells=cells, **FOUND, **settings), found.origin.point)
    assert cells_of(large.graph) == all_cells
    assert parameters(large) == numel(large)
    read = load_source(Source("net.nas", print_source(found)), parameters=settings)
    assert (parameters(read), macs(read)) == (parameters(large), macs(large))
    if all_cells == 14:
        assert [graph.inputs[1].type.height for _, graph in stages(large.graph)] == [28, 14, 7]


def test_the_supernet_of_8_cells() -> None:
    """Two cells a stage and two that reduce; candidates between cells have no weights."""
    module = run_pipeline(load("hs_das", cells=2, channels=4, **FOUND), "relax").module
    assert cells_of(module.graph) == 8
    assert {i.owner for i in choice_instances(module.graph)} == {f"macro.{s}" for s in range(3)}
    assert parameters(module) + sum(p.shape[0] * p.shape[1] for p in module.parameters) == numel(module)
    assert to_torch(module)(torch.rand(2, 3, 32, 32)).shape == (2, 10)


def test_a_stage_of_skips_is_the_plain_chain() -> None:
    """Each cell on its two predecessors, unchanged: as deep as there are cells."""
    space = load("hs_das", channels=4, window=2, **FOUND)
    sizes = space_of(space).sizes
    assert all(size == 9 for size in sizes.values())
    point = run_pipeline(space, "sample").module.origin.point  # type: ignore[union-attr]
    assert point is not None
    skips = type(point)(tuple((key, tuple(type(k)(k.edge, "skip") for k in kept)) for key, kept in point.choices))
    for _, graph in stages(fixed(space, skips).graph):
        assert depth(graph) == sum(map(is_cell, graph.nodes)) == 6


def test_cells_of_a_run_in_stages(tmp_path: Path) -> None:
    """Cells first, stages then: also cells of their own for each stage, by the path of their file."""
    cells = run_pipeline(run_pipeline(load("darts", channels=4), "stage_cells").module, "sample{seed=5}").module
    file = tmp_path / "cells.nas"
    file.write_text(print_source(cells))
    space = load("hs_das", channels=4, inner=f"{file}:normal", down=f"{file}:reduce")
    network = run_pipeline(space, "sample{seed=6}").module
    text = print_source(network)
    file.unlink()  # the text of the network holds the cells
    again = load_source(Source("net.nas", text))
    assert (parameters(again), macs(again)) == (parameters(network), macs(network))
    assert all(f"cell normal_{s}(" in text for s in range(3))


def test_an_imported_cell_in_stages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    genotype = tmp_path / "genotype.txt"
    assert run(["export-genotype", "darts_v1", "-o", str(genotype)]) == 0
    imported = tmp_path / "pasted.nas"
    assert run(["import", "--from", "darts", str(genotype), "-o", str(imported)]) == 0
    capsys.readouterr()
    given = [f"--set=inner={imported}:normal", f"--set=down={imported}:reduce"]
    assert run(["check", "hs_das", "--set", "channels=4", *given]) == 0
    assert "18 choices" in capsys.readouterr().out


def test_searched_cells_in_searched_stages_count_both() -> None:
    """All at once: 3^51 stages times the cells."""
    together = space_of(load("hs_das")).size
    assert together == space_of(load("hs_das", **FOUND)).size * space_of(load("darts")).size


@pytest.mark.parametrize(
    ("setting", "message"),
    [("darts_v2.normla", "there is no `darts_v2.normla`"), ("nowhere.nas:normal", "there is no file `nowhere.nas`")],
)
def test_names_that_mean_nothing(setting: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "hs_das", "--set", f"inner={setting}"]) == 1
    assert message in capsys.readouterr().err


def test_a_named_file_hides_nothing() -> None:
    """`normal` alone still means the one of darts, which the space uses."""
    text = """
        use darts
        net n(image: tensor[4, 8, 8], other: cell = reduce) { return other(normal(image, image, 4), image, 4) }
    """
    module = load_source(Source("n.nas", text), parameters={"other": "darts_v2.normal"})
    names = [node.graph.name for node in module.graph.nodes]  # type: ignore[union-attr]
    assert names == ["darts.normal", "darts_v2.normal"]
