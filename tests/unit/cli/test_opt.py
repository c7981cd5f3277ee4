"""archir opt, passes and ops."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from archir.analysis import cost
from archir.cli.main import run
from archir.ops import PRIMITIVES
from archir.passes import default_registry
from archir.sema import load_source
from archir.source import Source

SPACE = """use ops
candidates some = skip | sep_conv(k={3, 5})
cell normal(x) { return choose some from x keep 1 op }
net n(image: tensor[4, 8, 8], cells = 2) {
  x = image
  for i in 0..cells { x = normal(x) }
  return x |> global_avg_pool |> linear(10)
}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "space.nas").write_text(SPACE)
    return tmp_path


def test_a_pipeline_in_steps_gives_the_same(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert run(["opt", "space.nas", "-p", "relax", "-o", "relaxed.nas"]) == 0
    assert run(["opt", "relaxed.nas", "-p", "sample{seed=4}"]) == 0
    stepwise = capsys.readouterr().out
    assert run(["opt", "space.nas", "-p", "relax,sample{seed=4}"]) == 0
    assert capsys.readouterr().out == stepwise
    assert load_source(Source("flat", stepwise)).form == "network"


def test_source_form_reads_back(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert run(["opt", "space.nas", "-p", "sample{seed=4}", "--form", "source", "--set", "cells=3"]) == 0
    source = capsys.readouterr().out
    assert run(["opt", "space.nas", "-p", "sample{seed=4}", "--set", "cells=3"]) == 0
    flat = capsys.readouterr().out
    again, network = load_source(Source("source", source)), load_source(Source("flat", flat))
    assert "cells = 3" in source
    assert (again.form, cost.parameters(again)) == ("network", cost.parameters(network))


@pytest.mark.parametrize("wrapped", [True, False])
def test_values_of_a_run_or_a_file(capsys: pytest.CaptureFixture[str], folder: Path, wrapped: bool) -> None:
    values = {"arch.normal.choose.alpha": [[0.1, 0.3, 0.2]]}
    (folder / "run").mkdir()
    (folder / "run" / "arch.json").write_text(json.dumps({"epoch": 1, "parameters": values} if wrapped else values))
    for name in ("run", "run/arch.json"):
        assert run(["opt", "space.nas", "-p", "relax,derive", "--values", name, "--form", "source"]) == 0
        assert "cell normal(x) { return sep_conv(x, k=3) }" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "holds no values by name"),
        ('{"a": "b"}', "is no table of finite numbers"),
        ('{"a": [[1], [1, 2]]}', "is no table of finite numbers"),
        ('{"a": [NaN]}', "is no table of finite numbers"),
        ("{", "is no JSON text"),
        ("[" * 100000, "is no JSON text"),
        ('{"other": [[1.0, 2.0, 3.0]]}', "there is no value for the architecture parameter `arch.normal.choose.alpha`"),
    ],
)
def test_wrong_values(capsys: pytest.CaptureFixture[str], folder: Path, text: str, message: str) -> None:
    (folder / "values.json").write_text(text)
    assert run(["opt", "space.nas", "-p", "relax,derive", "--values", "values.json"]) == 1
    errors = capsys.readouterr().err
    assert "error[NAS403]" in errors
    assert message in errors


def test_what_is_shown_between_passes(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert run(["opt", "space.nas", "-p", "relax,sample", "--print-after-all", "--timing"]) == 0
    output, errors = capsys.readouterr()
    assert output.startswith("module n network {")
    assert re.findall(r"^# after (.*)$", errors, re.MULTILINE) == ["relax", "sample"]
    assert len(re.findall(r"^ +\d+\.\d{3} s  (relax|sample|in all)$", errors, re.MULTILINE)) == 3


def test_standard_input_and_no_pass(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SPACE.encode())))
    assert run(["opt", "-"]) == 0
    assert capsys.readouterr().out.startswith("module n space {")


def test_the_list_of_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["passes"]) == 0
    output = capsys.readouterr().out
    assert all(re.search(rf"^{name} ", output, re.MULTILINE) for name in default_registry().names())
    assert run(["passes", "--json"]) == 0
    assert {p["name"] for p in json.loads(capsys.readouterr().out)} == set(default_registry().names())


def test_one_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["passes", "sample"]) == 0
    output = capsys.readouterr().out
    assert "space or relaxed -> network" in output
    assert "seed: an integer; default 0" in output
    assert run(["passes", "fix"]) == 0
    assert "must be given" in capsys.readouterr().out
    assert run(["passes", "smaple"]) == 1
    assert "did you mean `sample`?" in capsys.readouterr().err


def test_the_list_of_operations(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ops"]) == 0
    output = capsys.readouterr().out
    assert "  conv(x, out, k=1, stride=1, pad, dilation=1, groups=1, bias=false)" in output
    assert "  sep_conv(x, k, stride=1)" in output
    assert run(["ops", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [p["name"] for p in listed["primitives"]] == list(PRIMITIVES)
    assert {"name": "k", "default": None} in next(b for b in listed["blocks"] if b["name"] == "sep_conv")["parameters"]
