"""archir measure: times that are there, a table that propose takes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from archir.cli.main import run
from tests.unit.cli.test_propose import CHAIN


def test_a_table_from_measuring_to_proposing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chain.nas").write_text(CHAIN)
    assert run(["measure", "chain.nas", "-o", "latency.csv", "--rounds", "3", "--quiet"]) == 0
    lines = 2 * 5 + 4 + 2 * 5 + 3 + 1  # layers that keep the shape, one that does not, what all networks run, the rest
    said = capsys.readouterr().out
    assert f"latency.csv: {lines} lines, 3 rounds on 1 thread; sums differ from 5 whole networks by at most " in said
    with (tmp_path / "latency.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == lines
    assert rows[-1]["operation"] == "rest"
    assert {row["choice"] for row in rows if row["operation"] == "chain.linear"} == {""}
    assert all(float(row["milliseconds"]) > 0 for row in rows if row["operation"].startswith("mbconv"))
    assert all(float(row["milliseconds"]) == 0 for row in rows if row["operation"] == "skip")
    equal = {row["milliseconds"] for row in rows if (row["operation"], row["input"]) == ("mbconv_k3_e3", "16x8x8")}
    assert len(equal) == 1  # the same block at the same input is timed once
    arguments = ["--target", "latency=60%", "--latency", "latency.csv", "-m", "1", "--json"]
    assert run(["propose", "chain.nas", *arguments]) == 0
    row = json.loads(capsys.readouterr().out)
    (proposal,) = row["proposals"]
    kept = {(key, *k) for key, of in proposal["point"].items() for k in of}
    milliseconds = sum(
        float(r["milliseconds"]) * int(r["count"])
        for r in rows
        if not r["choice"] or (r["choice"], int(r["edge"]), r["operation"]) in kept
    )
    assert proposal["costs"]["latency"] == pytest.approx(1e6 * milliseconds)
    assert run(["propose", "chain.nas", *arguments, "--set", "image=(3, 32, 32)"]) == 1
    assert "the latency table has no " in capsys.readouterr().err


def test_a_place_that_takes_no_table_is_refused_before_anything_is_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measured(*_: object) -> object:
        raise AssertionError("this takes minutes")

    monkeypatch.setattr("archir.lowering.onnx.latency.measured", measured)
    assert run(["measure", "fbnet", "--quiet", "-o", str(tmp_path / "no" / "a.csv")]) == 1
    assert "make it with `mkdir -p`" in capsys.readouterr().err


def test_what_cannot_be_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["measure", "hs_das_cells", "-o", str(tmp_path / "a.csv")]) == 1
    assert "latency is measured of chains" in capsys.readouterr().err
