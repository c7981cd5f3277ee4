"""H-DAS from the first to the last step: cells of each stage, stages, and how many cells they have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from attrs import evolve

from archir.analysis.depth import is_cell, stages
from archir.ir.module import Module
from archir.lowering.inherit import matching_weights
from archir.search.data import Data
from archir.search.method import find_method, read_method
from archir.search.phases import Train
from archir.search.plan import Plan
from archir.search.report import BatchRecord, Silent
from archir.search.result import load_run
from archir.search.run import execute
from archir.search.steps import RunPass, Step
from archir.sema import load, load_source
from archir.sema.specialize import print_source
from archir.source import Source
from archir.space.points import check_point
from tests.small_stages import small_stages
from tests.unit.search.small import few_digits

SETTINGS = {"epochs": 2, "batch": 32, "lr": 0.1, "arch_lr": 0.1}


@pytest.fixture(scope="module")
def data() -> Data:
    return few_digits(96)


def steps(method: str, **settings: object) -> tuple[Step, ...]:
    return read_method(find_method(method), {**SETTINGS, **settings}).steps  # type: ignore[dict-item]


def cells_of(module: Module) -> list[int]:
    return [sum(map(is_cell, graph.nodes)) for _, graph in stages(module.graph)]


def test_the_settings_are_those_of_the_paper() -> None:
    for name in ("hc_das", "hs_das", "hs_das_cells"):
        phases = [s for s in read_method(find_method(name), {}).steps if isinstance(s, Train)]
        assert len(phases) == (2 if name == "hs_das_cells" else 1)
        for phase in phases:
            assert (phase.epochs, phase.batch, phase.split, phase.bilevel) == (50, 64, 0.5, "first_order")
            assert (phase.weights.decay, phase.weights.lr.at(0, 0, 50, 1)) == (2.7e-3, 0.025)
            assert (phase.arch.decay, phase.arch.lr.at(0, 0, 50, 1)) == (1e-3, 3e-4)


def test_parts_can_be_left_out() -> None:
    passes = [s.spec for s in steps("hs_das_cells", depth=0.0, complexity=0, restart=False) if isinstance(s, RunPass)]
    assert passes == ["relax", "decide{choices=windows}", "relax", "derive"]


def test_numbers_of_cells_then_stages(data: Data, tmp_path: Path) -> None:
    """A large gamma leaves the fewest cells, and the stages that are left are searched again from the start."""
    settings = {"cell_epochs": 6, "complexity": 100.0, "depth": 0.0, "arch_lr": 0.3}
    result = execute(Plan(steps("hs_das_cells", **settings), data, small_stages()), tmp_path / "run")
    assert cells_of(result.module) == [2, 2]
    assert result.module.origin is not None
    assert result.module.origin.point is not None
    check_point(small_stages(), result.module.origin.point)
    text = print_source(result.module)
    assert matching_weights(load_source(Source("net.nas", text)), result.module)
    assert [r.step for r in result.history] == [2] * 6 + [6] * 2
    first, second = result.history[5], result.history[6]
    assert set(first.objectives) == {"complexity"}
    assert second.objectives == {}
    assert first.child_accuracy is not None


class StopIn(Silent):
    """Stops in the first step of the run's epoch of this number."""

    def __init__(self, number: int) -> None:
        self.left = number

    def batch(self, record: BatchRecord) -> None:
        self.left -= record.step == 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.mark.parametrize("restart", [True, False])
def test_an_interrupted_second_search_ends_the_same(data: Data, tmp_path: Path, *, restart: bool) -> None:
    plan = Plan(steps("hs_das_cells", cell_epochs=1, epochs=2, restart=restart), data, small_stages())
    whole = execute(plan, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        execute(plan, tmp_path / "run", reporter=StopIn(3))
    assert load_run(tmp_path / "run").module.form == "relaxed"
    result = execute(evolve(plan, module=None), tmp_path / "run", resume=True)
    assert result.module == whole.module
    assert all(torch.equal(result.tensors[name], t) for name, t in whole.tensors.items())


@pytest.mark.parametrize("restart", [True, False])
def test_what_begins_anew(data: Data, tmp_path: Path, *, restart: bool) -> None:
    """Architecture parameters always do, weights with `restart` alone: a second phase with rates of zero shows it."""
    first = steps("hs_das_cells", cell_epochs=2, epochs=1, lr=0.5, restart=restart)
    still = [evolve(s, weights=evolve(s.weights, lr=0.0, decay=0.0), arch=evolve(s.arch, lr=0.0, decay=0.0))
             if isinstance(s, Train) and s.epochs == 1 else s for s in first]  # fmt: skip
    searched = execute(Plan(first[:3] + first[3:4], data, small_stages()), tmp_path / "first")
    result = execute(Plan(still[:-1], data, small_stages()), tmp_path / "run")
    same = {
        name: torch.equal(t, searched.tensors[name])
        for name, t in result.tensors.items()
        if name in searched.tensors and name.endswith(("conv.weight", "alpha"))
    }
    assert {name for name in same if name.endswith("alpha")}
    assert not any(same[name] for name in same if name.endswith("alpha"))
    assert {same[name] for name in same if name.endswith("weight")} == {not restart}


def test_the_log_has_objectives_and_depths(data: Data, tmp_path: Path) -> None:
    result = execute(Plan(steps("hs_das", depth=0.5), data, small_stages()), tmp_path / "run")
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    for line, record in zip(lines, result.history, strict=True):
        assert line["objectives"] == record.objectives
        assert line["values"] == record.values
        assert set(record.values) == {"depth.y.0", "depth.y.1"}
        assert all(1 < depth < 4 for depth in record.values.values())
        assert record.objective == pytest.approx(sum(record.objectives.values()))


def test_the_depth_loss_deepens_stages(data: Data, tmp_path: Path) -> None:
    """Figure 5, of the relaxed stages: with a large delta they end deeper than they began; without, not as deep."""
    depths = []
    for weight in (1e-9, 100.0):
        result = execute(
            Plan(steps("hs_das", depth=weight, epochs=4, arch_lr=0.2), data, small_stages(inner="plain")),
            tmp_path / str(weight),
        )
        depths.append([sum(record.values.values()) for record in result.history])
    assert depths[1][-1] > depths[1][0]
    assert depths[1][-1] > depths[0][-1]


def test_cells_of_stages(data: Data, tmp_path: Path) -> None:
    space = load("darts", channels=2, cells=3, image=data.type)
    plan = steps("hc_das", epochs=1)
    result = execute(Plan(plan, data, space), tmp_path / "run")
    assert set(result.history[-1].edges) == {"normal.0", "reduce.0", "reduce.1"}
    assert matching_weights(load_source(Source("net.nas", print_source(result.module))), result.module)
