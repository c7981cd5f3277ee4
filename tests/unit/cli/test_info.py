"""archir info, enumerate and check --json: what programs read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archir.cli.main import run


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(list(arguments)) == 0
    return capsys.readouterr().out


def test_info_of_a_space(capsys: pytest.CaptureFixture[str]) -> None:
    row = json.loads(output(capsys, "info", "darts", "--json"))
    assert (row["name"], row["form"], row["params"], row["macs"]) == ("darts", "space", 1_987_194, 300_255_744)
    assert row["size"] == str(1_076_746_950_455_072_400)
    assert row["choices"]["normal.x.5"] == "490"
    assert row["min"]["params"] < row["mean"]["params"] < row["max"]["params"] < row["params"]
    text = output(capsys, "info", "darts")
    assert "1.08e18" in text
    assert "1,987,194" in text


def test_info_of_a_network_at_each_convention(capsys: pytest.CaptureFixture[str]) -> None:
    row = json.loads(output(capsys, "info", "darts_v2", "--json"))
    assert (row["form"], row["params"], row["macs"]) == ("network", 3_349_342, 528_359_040)
    assert "size" not in row
    row = json.loads(output(capsys, "info", "darts_v2", "--json", "--convention", "nasbench201"))
    assert row["macs"] == 528_359_050
    assert json.loads(output(capsys, "info", "darts_v2", "--json", "--convention", "thop"))["macs"] > row["macs"]
    assert run(["info", "darts_v2", "--convention", "flops"]) == 2


def test_info_takes_settings(capsys: pytest.CaptureFixture[str]) -> None:
    small = json.loads(output(capsys, "info", "darts", "--set", "channels=4", "--set", "cells=3", "--json"))
    assert small["params"] < 1_987_194
    assert small["size"] == str(1_076_746_950_455_072_400)


def test_enumerate_streams_points_that_fix_takes(capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    lines = output(capsys, "enumerate", "nasbench201", "--limit", "3").splitlines()
    assert len(lines) == 3
    assert list(json.loads(lines[0])) == ["normal.x.1", "normal.x.2", "normal.x.3"]
    point = tmp_path / "point.json"
    point.write_text(lines[2])
    assert "network" in output(capsys, "opt", "nasbench201", "-p", f"fix{{point={point}}}")
    assert output(capsys, "enumerate", "nasbench201", "--start", "15624") == (
        '{"normal.x.1": [], "normal.x.2": [], "normal.x.3": []}\n'
    )
    assert output(capsys, "enumerate", "nasbench201", "--start", "15625") == ""


def test_check_says_the_same_words(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = json.loads(output(capsys, "check", "darts", "--json"))["files"]
    assert (row["form"], row["params"], row["macs"]) == ("space", 1_987_194, 300_255_744)


def test_help_fits_a_small_window(capsys: pytest.CaptureFixture[str]) -> None:
    lines = output(capsys, "--help").splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


def test_info_counts_different_networks_by_a_named_rule(capsys: pytest.CaptureFixture[str]) -> None:
    row = json.loads(output(capsys, "info", "nasbench201", "--unique", "published", "--json"))
    assert (row["size"], row["unique"]) == ("15625", {"rule": "published", "size": "6466"})
    assert "`canonical`: 4,930" in output(capsys, "info", "nasbench201", "--unique", "canonical")
    assert run(["info", "darts", "--unique", "canonical"]) == 1
    assert "too many" in capsys.readouterr().err


def test_info_finds_a_network_in_a_space(capsys: pytest.CaptureFixture[str]) -> None:
    row = json.loads(output(capsys, "info", "darts_v2", "--in", "darts", "--json"))
    assert row["point"]["normal.x.2"] == [[0, "sep_conv_3x3"], [1, "sep_conv_3x3"]]
    small = output(capsys, "info", "darts_v2", "--set", "channels=4", "--set", "cells=5", "--in", "darts")
    assert "normal.x.5: skip on edge 0, dil_conv_3x3 on edge 2" in small
    assert run(["info", "mobilenet_v2", "--in", "darts"]) == 1
    assert "is not in `darts`" in capsys.readouterr().err


def test_info_names_the_vital_blocks(capsys: pytest.CaptureFixture[str]) -> None:
    row = json.loads(output(capsys, "info", "hournas_b", "--json"))
    stages = [f"x_1.{i}.0" for i in range(1, 7)]
    assert (row["blocks"], row["vital"]) == (24, ["x", *stages, "conv_bn_relu", "linear"])
    lines = output(capsys, "info", "hournas_b").splitlines()
    assert "vital: 9 of 24 blocks: x, x_1.1.0, x_1.2.0, x_1.3.0, x_1.4.0, x_1.5.0, x_1.6.0," in lines
    assert max(map(len, lines)) <= 80
    assert len(json.loads(output(capsys, "info", "fbnet", "--json"))["vital"]) == 9


def test_info_shows_depth_and_dead_cells_of_stages(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    net = str(tmp_path / "net.nas")
    output(capsys, "opt", "hs_das", "--set", "channels=4", "-p", "sample{seed=1}", "--form", "source", "-o", net)
    row = json.loads(output(capsys, "info", net, "--json"))
    assert [(s["cells"], s["depth"], s["dead"]) for s in row["stages"]] == [
        (6, 5, []),
        (6, 5, ["c.3.normal"]),
        (6, 4, []),
    ]
    text = output(capsys, "info", net)
    assert "stage y: 6 cells, depth 5, 3.50 on a path in the mean; none is dead" in text
    assert "; dead: c.3.normal" in text
    assert "stages" not in json.loads(output(capsys, "info", "darts_v2", "--json"))


def test_info_shows_the_expected_depth_of_relaxed_stages(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """At the start and at learned values: with the last edge of each cell alone, cell i is i deep."""
    file, values = tmp_path / "relaxed.nas", tmp_path / "arch.json"
    settings = ("--set", "channels=4", "--set", "inner=darts_v2.normal", "--set", "down=darts_v2.reduce")
    output(capsys, "opt", "hs_das", *settings, "-p", "relax", "-o", str(file))
    start = json.loads(output(capsys, "info", str(file), "--json"))["expected_depth"]
    assert set(start) == {"y.0", "y.1", "y.2"}
    assert all(1 < depth < 5.5 for depth in start.values())
    last = {
        f"arch.macro.{s}.c.{i}.choose.alpha": [[40.0, 0, 0, 0]] * (min(i, 3) - 1) + [[0, 40.0, 0, 0]]
        for s in range(3)
        for i in range(2, 8)
    }
    values.write_text(json.dumps(last))
    text = output(capsys, "info", str(file), "--values", str(values))
    assert text.count("expected depth 5.50") == 3
