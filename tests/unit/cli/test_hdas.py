"""H-DAS on the command line: cells, then stages around them; how many cells; training and export of what was found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archir.cli.main import run
from tests.small_space import CELLS

NET = """
net small(image: tensor[3, 32, 32], channels = 2, cells = 5, classes = 10) {
  s1 = image |> conv(3 * channels, k=3) |> batch_norm
  s0 = s1
  for i in 0..cells {
    if i == cells // 3 or i == 2 * cells // 3 {
      cell[i] = reduce(s0, s1, channels)
    } else {
      cell[i] = normal(s0, s1, channels)
    }
    s0, s1 = s1, cell[i]
  }
  return s1 |> global_avg_pool |> linear(classes)
}
"""
TEXT = CELLS + NET
TINY = ("--data", "fake", "--size", "8", "--quiet", "--set", "channels=2", "--set", "epochs=1")


def done(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(list(words)) == 0, capsys.readouterr().err
    return capsys.readouterr().out


@pytest.mark.slow
def test_cells_and_then_stages(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    cells, staged, trained = (str(tmp_path / name) for name in ("cells", "stages", "trained"))
    space = tmp_path / "small.nas"
    space.write_text(TEXT)
    done(capsys, "search", str(space), "--method", "hc_das", *TINY, "-o", cells)
    inner = (f"--set=inner={cells}/net.nas:normal", f"--set=down={cells}/net.nas:reduce")
    done(capsys, "search", "hs_das", "--method", "hs_das", *TINY, *inner, "--set", "cells=2", "-o", staged)
    assert {line["step"] for line in log(staged)} == {2}
    assert set(log(staged)[0]["values"]) == {"depth.y.0", "depth.y.1", "depth.y.2"}
    rows = json.loads(done(capsys, "info", f"{staged}/net.nas", "--json"))["stages"]
    assert [row["cells"] for row in rows] == [2, 2, 2]
    done(capsys, "train", staged, "--data", "fake", "--size", "8", "--quiet", "--epochs", "1", "-o", trained)
    model = str(tmp_path / "net.onnx")
    assert "ONNX Runtime and torch differ" in done(capsys, "export", trained, "--weights", trained, "-o", model)


@pytest.mark.slow
def test_how_many_cells_and_then_stages(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The run's point is one of the space that was searched, so it is applied at other sizes, too."""
    found = str(tmp_path / "run")
    fixed = ("--set", "inner=darts_v2.normal", "--set", "down=darts_v2.reduce")
    sizes = ("--set", "cells=3", "--set", "least=2", "--set", "cell_epochs=1")
    method = ("--method", "hs_das_cells")
    done(capsys, "search", "hs_das_cells", *method, *TINY, *fixed, *sizes, "-o", found)
    rows = json.loads(done(capsys, "info", f"{found}/net.nas", "--json"))["stages"]
    assert all(row["cells"] in (2, 3) for row in rows)
    larger = ("--set", "channels=8", "--set", "cells=3", "--set", "least=2")
    net = str(tmp_path / "net.nas")
    pipeline = f'fix{{point="{found}"}}'
    done(capsys, "opt", "hs_das_cells", *fixed, *larger, "-p", pipeline, "--form", "source", "-o", net)
    again = json.loads(done(capsys, "info", net, "--json"))["stages"]
    assert [(row["cells"], row["depth"]) for row in again] == [(row["cells"], row["depth"]) for row in rows]


def log(folder: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (Path(folder) / "log.jsonl").read_text().splitlines()]
