"""archir show: pictures of files and runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from archir import load
from archir.cli.main import run
from archir.passes import run_pipeline

RELAXED = "method half(epochs = 1) { relax()\n  train(weights, arch, epochs=epochs, bilevel=first_order) }"
SPACE = """
use ops
candidates few = none | skip | relu
cell normal(a, b) {
  x[0] = a
  x[1] = b
  for i in 2..4 { x[i] = choose few from x[0..i] keep 2 edges }
  return concat(x[2..4])
}
net small(image: tensor[1, 8, 8], classes = 10) {
  x = image |> conv(2, k=3, stride=2) |> batch_norm
  return normal(x, x) |> global_avg_pool |> linear(classes)
}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.nas").write_text(SPACE)
    (tmp_path / "half.nas").write_text(RELAXED)
    return tmp_path


def texts(path: Path) -> list[str]:
    return re.findall(r"<!-- (.+?) -->", path.read_text())


def test_a_shipped_space_by_name_twice_alike(here: Path) -> None:
    assert run(["show", "nasbench201", "-o", "a.svg", "--set", "cells=3"]) == 0
    assert run(["show", "nasbench201", "-o", "b.svg", "--set", "cells=3"]) == 0
    assert (here / "a.svg").read_bytes() == (here / "b.svg").read_bytes()
    assert "normal ×3" in texts(here / "a.svg")


def test_a_chain_and_a_net_of_one_layer_have_pictures(here: Path) -> None:
    (here / "one.nas").write_text("net one(image: tensor[3, 8, 8]) { return image |> global_avg_pool |> linear(2) }")
    assert run(["show", "one.nas", "-o", "one.png"]) == 0
    assert (here / "one.png").read_bytes().startswith(b"\x89PNG")


def test_values_of_a_relaxed_file(here: Path) -> None:
    assert run(["opt", "small.nas", "-p", "relax", "-o", "relaxed.nas"]) == 0
    shapes = {p.name: p.shape for p in run_pipeline(load("small.nas"), "relax").module.parameters}
    (here / "v.json").write_text(json.dumps({n: [[0.0] * shape[1]] * shape[0] for n, shape in shapes.items()}))
    assert run(["show", "relaxed.nas", "-o", "a.svg"]) == 0
    assert run(["show", "relaxed.nas", "--values", "v.json", "-o", "b.svg"]) == 0
    assert "skip 0.33" not in texts(here / "a.svg")
    assert texts(here / "b.svg").count("skip 0.33") == 5


def test_a_run_that_is_not_finished_shows_its_strengths(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", "digits", "--quiet", "--threads", "1", "--set", "epochs=1"]
    assert run(["search", "small.nas", "--method", "half.nas", *data, "-o", "found"]) == 0
    assert run(["show", "found", "-o", "a.svg"]) == 0
    assert sum(re.fullmatch(r"(skip|relu) 0\.\d\d", text) is not None for text in texts(here / "a.svg")) == 5
    assert run(["show", "found", "-o", "a.svg", "--set", "classes=3"]) == 2
    assert "this one's space is fixed" in capsys.readouterr().err


def test_values_where_nothing_learns(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["show", "-o", "a.svg"], ["info"]):
        assert run([command[0], "small.nas", "--values", "v.json", *command[1:]]) == 1
        assert "`small` is a space, which no learned values belong to" in capsys.readouterr().err
    (here / "run").mkdir()
    assert run(["show", "run", "--values", "v.json", "-o", "a.svg"]) == 2
    assert "a run is drawn with its own" in capsys.readouterr().err


def test_only_one_part(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["show", "hs_das", "--only", "macro@1", "-o", "a.svg"]) == 0
    assert "macro@1" in texts(here / "a.svg")
    assert not {"macro@0", "hs_das", "normal, reduce"} & {*texts(here / "a.svg")}
    assert run(["show", "hs_das", "--only", "marco", "-o", "b.svg"]) == 1
    assert "there are `hs_das`, `macro`, `normal`, `reduce`" in capsys.readouterr().err
    assert not (here / "b.svg").exists()
