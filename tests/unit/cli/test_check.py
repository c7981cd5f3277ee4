"""archir check: what is said of each kind of file, where, and with which exit status."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from archir.cli.main import run

GOOD = "net n(image: tensor[3, 8, 8], channels = 4) { return conv(image, channels, k=3) }\n"
BAD = "net n(image: tensor[3, 8, 8]) { return cnv(image, 4) }\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.nas").write_text(GOOD)
    (tmp_path / "bad.nas").write_text(BAD)
    (tmp_path / "worse.nas").write_text("net n(image: tensor[3, 8, 8]) { return relu(image }\n")
    return tmp_path


def test_the_darts_space_in_one_line(capsys: pytest.CaptureFixture[str], root: Path) -> None:
    assert run(["check", str(root / "spaces" / "darts.nas")]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith("darts.nas: a space `darts`: 8 choices, 1,987,194 parameters, 300,255,744 multiply-adds")


def test_a_shipped_space_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "darts_v2"]) == 0
    assert "a network `darts_v2`: 3,349,342 parameters, 528,359,040 multiply-adds" in capsys.readouterr().out


def test_every_shipped_file_is_right(capsys: pytest.CaptureFixture[str], root: Path) -> None:
    assert run(["check", str(root / "spaces")]) == 0
    output, errors = capsys.readouterr()
    assert errors == ""
    assert "lib/ops.nas: a library: " in output
    assert "methods/darts.nas: a method: 3 steps" in output


def test_settings(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert run(["check", "good.nas", "--set", "channels=8", "--set", "image=(1, 4, 4)"]) == 0
    assert capsys.readouterr().out == "good.nas: a network `n`: 72 parameters, 1,152 multiply-adds\n"


def test_all_errors_of_all_files_and_the_good_ones(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert run(["check", "bad.nas", "good.nas", "worse.nas"]) == 1
    output, errors = capsys.readouterr()
    assert output == "good.nas: a network `n`: 108 parameters, 6,912 multiply-adds\n"
    assert "bad.nas:1:40" in errors
    assert "did you mean `conv`?" in errors
    assert "worse.nas:1:51" in errors
    assert errors.endswith("2 errors; `archir explain NAS201` says more about the first\n")


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    assert run(["check", "-", "--format", "concise"]) == 1
    assert capsys.readouterr().err == "<stdin>:1:40: error[NAS201]: `cnv` is not defined\n1 error\n"


def test_json_is_all_on_standard_output(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert run(["check", "--json", "good.nas", "bad.nas"]) == 1
    output, errors = capsys.readouterr()
    assert errors == ""
    found = json.loads(output)
    (good,) = found["files"]
    assert (good["file"], good["name"], good["choices"], good["macs"]) == ("good.nas", "n", 0, 6912)
    assert (good["inputs"], good["output"]) == ({"image": [3, 8, 8]}, [4, 8, 8])
    (error,) = found["errors"]
    assert (error["code"], error["file"], error["line"], error["column"]) == ("NAS201", "bad.nas", 1, 40)


def test_no_file_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check"]) == 2
    assert "FILE" in capsys.readouterr().err
    assert run(["check", "x.nas", "--set", "channels"]) == 2
    assert "--set takes NAME=VALUE, found `channels`" in capsys.readouterr().err


def test_text_that_is_none(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "binary.nas").write_bytes(b"\xff\xfe\x00")
    (folder / "nothing").mkdir()
    assert run(["check", "binary.nas"]) == 1
    assert "`binary.nas` is not UTF-8 text" in capsys.readouterr().err
    assert run(["check", "nothing"]) == 1
    assert "there is no .nas file in the folder `nothing`" in capsys.readouterr().err
