"""HourNAS from the first to the last step: vital blocks, proposals, and a network that costs what was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import archir
from archir.analysis.expected import cost_of
from archir.analysis.vital import vital_choices
from archir.diagnostics import ArchirError
from archir.ir.module import Module
from archir.ir.types import TensorType
from archir.search.compiler import Compiler
from archir.search.data import Data
from archir.search.method import find_method, read_method
from archir.search.phases import Adam, Train
from archir.search.plan import Plan
from archir.search.rehearsal import rehearse
from archir.search.report import BatchRecord, Silent
from archir.search.result import Result, load_run
from archir.search.run import execute
from archir.search.steps import RunPass, Step
from archir.space.points import check_point
from tests.derived import point_of
from tests.small_chain import VITAL, small_chain
from tests.unit.search.small import few_digits

SPACE = small_chain(image=TensorType((1, 8, 8)), classes=10)
TARGET = ("macs=45k", "params=5000")
SETTINGS = {"target": TARGET, "batch": 16, "m": 3, "arch_probability": 1.0, "arch_lr": 0.1}


@pytest.fixture(scope="module")
def data() -> Data:
    return few_digits(96)


def steps(**settings: object) -> tuple[Step, ...]:
    return read_method(find_method("hournas"), {**SETTINGS, **settings}).steps  # type: ignore[dict-item]


def assert_as_asked(result: Result, space: Module = SPACE) -> None:
    """What the network costs exactly is what was asked for, and a note says it."""
    point = point_of(result.module)
    check_point(space, point)
    cost = cost_of(space, point)
    assert abs(cost.macs / 45_000 - 1) <= 0.05
    assert abs(cost.params / 5_000 - 1) <= 0.05
    assert any(f"the network costs macs={cost.macs:,} (" in note for note in result.notes)


def test_the_settings_are_those_of_the_paper() -> None:
    found = read_method(find_method("hournas"), {"target": ("macs=300M",)}).steps
    phases = [s for s in found if isinstance(s, Train)]
    assert [p.epochs for p in phases] == [1, 1]
    for phase in phases:
        assert (phase.split, phase.bilevel, phase.weights.lr.at(0, 0, 1, 9)) == (0.8, "first_order", 0.1)
        assert isinstance(phase.arch, Adam)
        assert (phase.arch.lr.at(0, 0, 1, 9), phase.arch.decay) == (0.01, 0.0)
    passes = [s.spec for s in found if isinstance(s, RunPass)]
    words = "gate=gumbel_max, tempers=probabilities, temperature=5.0, anneal=0.9999, each=step"
    assert passes[0] == passes[3] == f"relax{{{words}}}"
    assert [spec.partition("{")[0] for spec in passes] == ["relax", "vital", "decide", "relax", "propose", "derive"]
    assert "m=8" in passes[4]
    assert "slope=1.0" in passes[4]


@pytest.fixture(scope="module")
def whole(data: Data, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run that nothing stopped."""
    return execute(Plan(steps(epochs=2), data, SPACE), tmp_path_factory.mktemp("whole") / "run")


@pytest.mark.parametrize("gate", ["gumbel_max", "softmax"])
def test_both_stages(gate: str, whole: Result, data: Data, tmp_path: Path) -> None:
    result = whole if gate == "gumbel_max" else execute(Plan(steps(gate=gate, epochs=2), data, SPACE), tmp_path / "run")
    assert_as_asked(result)
    assert [r.step for r in result.history] == [2, 6, 6]
    first, last = result.history[0], result.history[-1]
    assert first.child_accuracy is not None
    assert (set(first.objectives), set(last.objectives)) == (set(), {"budget"})
    assert load_run(result.folder).module == result.module


def test_without_the_vital_stage(data: Data, tmp_path: Path) -> None:
    result = execute(Plan(steps(vital=False), data, SPACE), tmp_path / "run")
    assert_as_asked(result)
    assert [r.step for r in result.history] == [2]


def test_the_second_stage_keeps_vital_operations_and_their_weights(data: Data, tmp_path: Path) -> None:
    """A second stage that trains nothing but architecture parameters leaves them as they were."""
    found = steps()
    left = [*found[:-2], Train("arch", bilevel="none", batch=16), found[-1]]
    result = execute(Plan(left, data, SPACE), tmp_path / "run")
    first = execute(Plan(found[:4], data, SPACE), tmp_path / "first")
    kept = {key: of[0].operation for key, of in point_of(result.module).choices}
    decided = {key: of[0].operation for key, of in point_of(first.module).choices}
    assert set(decided) == set(VITAL) == {k for k, vital in vital_choices(SPACE.graph).items() if vital}
    assert {key: kept[key] for key in VITAL} == decided
    stem = execute(Plan(found[:3], data, SPACE), tmp_path / "stage").tensors
    path = f"x_1.1.0.0.{decided['chain.x_1.1.0']}"
    shared = [name for name in result.tensors if name.startswith(path) and name.endswith("conv.weight")]
    assert shared
    for name in shared:
        torch.testing.assert_close(result.tensors[name], stem[name], rtol=0, atol=0)


class StopIn(Silent):
    """Stops in the first step of the run's epoch of this number."""

    def __init__(self, number: int) -> None:
        self.number, self.begun = number, 0

    def batch(self, record: BatchRecord) -> None:
        self.begun += record.step == 1
        if self.begun == self.number:
            raise KeyboardInterrupt


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_stopped_run_goes_on_the_same(number: int, whole: Result, data: Data, tmp_path: Path) -> None:
    plan = Plan(steps(epochs=2), data, SPACE)
    with pytest.raises(KeyboardInterrupt):
        execute(plan, tmp_path / "run", reporter=StopIn(number))
    again = execute(plan, tmp_path / "run", resume=True)
    assert again.module == whole.module
    assert all(again.tensors[name].equal(tensor) for name, tensor in whole.tensors.items())
    assert (tmp_path / "run/arch.jsonl").read_bytes() == (whole.folder / "arch.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (("macs=1",), "no network of the space has macs=1"),
        (("macs=45k", "params=1M"), "no network of the space has params=1,000,000"),
    ],
)
def test_a_budget_that_no_network_meets_is_told_before_anything_trains(
    target: tuple[str, ...], said: str, data: Data, tmp_path: Path
) -> None:
    with pytest.raises(ArchirError, match=said) as caught:
        execute(Plan(steps(target=target), data, SPACE), tmp_path / "run")
    assert "can be" in caught.value.diagnostics[0].help
    assert not (tmp_path / "run").exists()


SPACES = [("fbnet", 32), ("fbnet_k7", 64), ("mnasnet", 32), ("efficientnet", 64)]


@pytest.mark.parametrize(("name", "size"), SPACES)
def test_every_step_fits_the_spaces_of_the_paper(name: str, size: int) -> None:
    """At the sizes of small images, and half as wide."""
    space = archir.load(name, image=TensorType((3, size, size)), width=0.5, classes=10)
    rehearse(space, steps(target=("macs=40%", "params=50%")), Compiler())


def test_cells_that_are_layers_are_searched_without_the_vital_stage() -> None:
    rehearse(archir.load("nasbench201", cells=1), steps(target=("macs=40%",), vital=False), Compiler())
    with pytest.raises(ArchirError, match="`nasbench201` has no vital stage: no choice is vital"):
        rehearse(archir.load("nasbench201", cells=1), steps(target=("macs=40%",)), Compiler())
