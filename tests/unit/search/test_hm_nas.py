"""HM-NAS from the first to the last step, and its parts left out one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from archir import load
from archir.cli.main import run as archir
from archir.lowering.flatten import flatten
from archir.lowering.torch import to_torch
from archir.ops.pointwise import Scale
from archir.search.data import Data
from archir.search.method import find_method, read_method
from archir.search.phases import Train
from archir.search.plan import Plan
from archir.search.result import Result
from archir.search.run import execute
from archir.search.steps import RunPass, Step
from tests.emitted import compiled
from tests.small_space import TEXT, small_digits_space
from tests.unit.search.small import few_digits

QUICK = {
    "epochs": 2, "mask_epochs": 2, "tune_epochs": 2, "batch": 32, "warm": 1, "cut_after": 1, "cutout": 2,
    "mask_lr": 3e-3, "arch_mask_lr": 3e-3, "split": 0.5,
}  # fmt: skip


@pytest.fixture(scope="module")
def data() -> Data:
    return few_digits()


def steps(**settings: object) -> tuple[Step, ...]:
    return read_method(find_method("hm_nas"), {**QUICK, **settings}).steps  # type: ignore[dict-item]


def searched(data: Data, path: Path, **settings: object) -> Result:
    return execute(Plan(steps(**settings), data, small_digits_space()), path)


def zeros(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {n: t == 0 for n, t in tensors.items() if t.dim() > 1 and (t == 0).any()}


def test_the_settings_are_those_of_section_4_2() -> None:
    found = read_method(find_method("hm_nas"), {}).steps
    assert [s.spec if isinstance(s, RunPass) else s.trains for s in found] == [
        "widen{edges=some, ops=any}",
        "relax{levels=2}",
        ("weights", "arch"),
        "mask{operations=true, edges=true, weights=true, threshold=5e-3, init=1e-2}",
        ("masks", "arch_masks"),
        "derive{rule=mask, coefficients=true}",
        ("weights",),
    ]
    supernet, masks, tune = (s for s in found if isinstance(s, Train))
    assert (supernet.epochs, masks.epochs, tune.epochs) == (100, 20, 200)
    assert (supernet.batch, masks.batch, tune.batch) == (128, 128, 128)
    assert (supernet.split, masks.split, tune.split) == (0.8, 1.0, 1.0)
    assert [supernet.arch_chance(epoch, 0, 1) for epoch in (0, 9, 10, 55)] == [0.0, 0.0, 1.0, 0.5]
    assert [round(masks.masks.lr.at(e, 0, 20, 1), 12) for e in (0, 9, 10, 19)] == [1e-4, 1e-4, 1e-5, 1e-5]
    assert [round(masks.arch_masks.lr.at(e, 0, 20, 1), 12) for e in (0, 9, 10, 19)] == [1e-5, 1e-5, 1e-6, 1e-6]
    assert masks.masks.decay == masks.arch_masks.decay == 0.0
    assert (tune.cutout, tune.keep_zeros) == (16, True)


@pytest.mark.slow
def test_what_masks_take_out_stays_out(data: Data, tmp_path: Path) -> None:
    whole = searched(data, tmp_path / "whole")
    untuned = searched(data, tmp_path / "untuned", tune_epochs=0)
    assert whole.module == untuned.module
    assert whole.module.origin is not None
    assert whole.module.origin.point is not None
    coefficients = [k.coefficient for _, kept in whole.module.origin.point.choices for k in kept]
    assert coefficients
    assert all(c is not None and 0 < c < 1 for c in coefficients)
    cut = zeros(untuned.tensors)
    assert cut
    assert {n: z.tolist() for n, z in zeros(whole.tensors).items()} == {n: z.tolist() for n, z in cut.items()}
    assert any(not torch.equal(whole.tensors[n], untuned.tensors[n]) for n in cut), "what is left is tuned"
    phases = {r.step: r for r in whole.history}
    assert [r.arch_steps is not None for r in phases.values()] == [True, False, False]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "parameters"),
    [
        ({"levels": 1}, {"alpha", "edge_mask", "mask"}),
        ({"operations": False}, {"alpha", "beta", "edge_mask"}),
        ({"edges": False, "kernels": False}, {"alpha", "beta", "mask"}),
        ({"operations": False, "edges": False}, {"alpha", "beta"}),
        ({"operations": False, "edges": False, "kernels": False, "levels": 1}, {"alpha"}),
    ],
)
def test_each_part_can_be_left_out(
    data: Data, tmp_path: Path, settings: dict[str, object], parameters: set[str]
) -> None:
    short = {"epochs": 1, "mask_epochs": 1, "tune_epochs": 1, "warm": 0}
    result = searched(data, tmp_path / "run", **{**short, **settings})
    assert result.module.form == "network"
    origin = result.module.origin
    assert origin is not None
    assert origin.point is not None
    read = (tmp_path / "run" / "arch.json").read_text()
    assert {name for name in ("alpha", "beta", "edge_mask", "mask") if f'.{name}": ' in read} == parameters
    kept = dict(origin.point.choices)
    if not parameters & {"mask", "edge_mask"}:
        assert all(len(k) == len({e.edge for e in k}) == 2 for k in kept.values()), "the space's own rule"
        assert all(e.coefficient is None for k in kept.values() for e in k)
    if "mask" not in parameters and "edge_mask" in parameters:
        assert all(len([e for e in k if e.edge == edge]) == 4 for k in kept.values() for edge in {e.edge for e in k})
    if settings.get("kernels") is False:
        assert not zeros(result.tensors)


@pytest.mark.slow
def test_on_the_command_line_to_source_and_onnx(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    space_file, run, net = (tmp_path / name for name in ("small.nas", "run", "net.py"))
    space_file.write_text(TEXT)
    settings = QUICK | {"epochs": 1, "warm": 0, "tune_epochs": 1, "kernels": "true"}
    words = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    data = ["--data", "fake", "--size", "8", "--quiet"]
    assert archir(["search", str(space_file), "--method", "hm_nas", *data, "-o", str(run), *words]) == 0
    assert archir(["emit", str(run / "net.nas"), "--weights", str(run), "-o", str(net)]) == 0
    assert archir(["export", str(run / "net.nas"), "--weights", str(run), "-o", str(tmp_path / "net.onnx")]) == 0
    assert "ONNX Runtime and torch differ by at most" in capsys.readouterr().out
    state = load_file(run / "net.safetensors")
    assert zeros(state)
    assert {n: z.tolist() for n, z in zeros(load_file(tmp_path / "net.safetensors")).items()} == {
        n: z.tolist() for n, z in zeros(state).items()
    }
    module = load(run / "net.nas")
    assert any(isinstance(step.primitive, Scale) for step in flatten(module).steps), "coefficients"
    lowered, emitted = to_torch(module), compiled(net.read_text())
    for model in (lowered, emitted):
        model.load_state_dict(load_file(tmp_path / "net.safetensors"))
    x = torch.randn(3, 3, 8, 8)
    torch.testing.assert_close(emitted.eval()(x), lowered.eval()(x), rtol=1e-4, atol=1e-5)
