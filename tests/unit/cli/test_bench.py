from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from archir.cli.bench_lowering import variants_of
from archir.lowering.torch import PLAIN, Options
from archir.search.measure import measure, saved_bytes
from tests.unit.cli.test_pipeline import run

SMALL = ["--set", "channels=2", "--set", "cells=1", "--batch", "2", "--rounds", "2", "--threads", "1"]


def test_variants_turn_over_one_option_each() -> None:
    variants = variants_of()
    assert variants["all off"] == PLAIN
    assert variants["defaults"] == Options()
    assert variants["fold off"] == Options(fold=False)
    assert variants["checkpoint on"] == Options(checkpoint=True)


def test_the_table(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", str(root / "spaces/darts.nas"), *SMALL, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    rows = {row["name"]: row for row in found["variants"]}
    assert list(rows) == list(variants_of())
    assert rows["share off"]["options"] == {**rows["defaults"]["options"], "share": False}
    for row in rows.values():
        assert len(row["all_seconds"]) == 2
        assert row["images_per_second"] == pytest.approx(2 / row["seconds"])
    kept = {name: row["saved_bytes"] for name, row in rows.items()}
    assert kept["checkpoint on"] < kept["defaults"] < kept["fold off"] < kept["all off"]
    assert kept["defaults"] < kept["share off"]


def test_a_network_is_timed_as_it_is(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--batch", "2", "--rounds", "1", "--threads", "1", "--quiet"]
    small = root / "spaces/mobilenet_v2.nas"
    assert run(["bench", str(small), *arguments, "--set", "image=[3, 32, 32]", "--set", "width=0.25"]) == 0
    assert "images/s" in capsys.readouterr().out


def test_a_net_without_scores_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "map.nas").write_text("use ops\nnet m(image: tensor[3, 8, 8]) { return image |> conv(4) }\n")
    assert run(["bench", str(tmp_path / "map.nas"), "--quiet"]) == 1
    assert "NAS506" in capsys.readouterr().err


def test_kept_bytes_are_those_of_saved_tensors() -> None:
    layers = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 4), torch.nn.Sigmoid())
    images = torch.randn(5, 8)
    assert saved_bytes(layers, images) == 4 * 5 * (16 + 4), "tanh and sigmoid keep their results, nothing else is kept"
    found = measure({"a": layers}, images, torch.zeros(5, dtype=torch.long), rounds=3)
    assert len(found["a"].seconds) == 3
    assert found["a"].saved_bytes == 4 * 5 * (16 + 4)
