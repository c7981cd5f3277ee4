"""archir fmt: what is written, and what is left alone."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from archir.cli.main import run

UGLY = "net n(image:tensor[3,8,8]){return relu( image )}\n"
PRETTY = "net n(image: tensor[3, 8, 8]) { return relu(image) }\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inner" / ".hidden").mkdir(parents=True)
    (tmp_path / "ugly.nas").write_text(UGLY)
    (tmp_path / "inner" / "ugly.nas").write_text(UGLY)
    (tmp_path / "inner" / ".hidden" / "ugly.nas").write_text(UGLY)
    (tmp_path / "inner" / "notes.txt").write_text(UGLY)
    (tmp_path / "pretty.nas").write_text(PRETTY)
    return tmp_path


def test_in_place_and_only_where_something_changes(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    os.utime(folder / "pretty.nas", (1, 1))
    assert run(["fmt", "."]) == 0
    assert capsys.readouterr().out == "./inner/ugly.nas: formatted\n./ugly.nas: formatted\n"
    assert (folder / "ugly.nas").read_text() == (folder / "inner" / "ugly.nas").read_text() == PRETTY
    assert (folder / "inner" / ".hidden" / "ugly.nas").read_text() == UGLY
    assert (folder / "inner" / "notes.txt").read_text() == UGLY
    assert (folder / "pretty.nas").stat().st_mtime == 1
    assert run(["fmt", "."]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("option", ["--check", "--diff"])
def test_looking_only(capsys: pytest.CaptureFixture[str], folder: Path, option: str) -> None:
    assert run(["fmt", option, "ugly.nas", "pretty.nas"]) == 1
    assert "ugly.nas" in capsys.readouterr().out
    assert (folder / "ugly.nas").read_text() == UGLY
    assert run(["fmt", option, "pretty.nas"]) == 0
    assert capsys.readouterr().out == ""


def test_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(UGLY.encode())))
    assert run(["fmt", "-"]) == 0
    assert capsys.readouterr().out == PRETTY


def test_one_broken_file_does_not_keep_the_others(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "broken.nas").write_text("net n(")
    assert run(["fmt", "broken.nas", "missing.nas", "ugly.nas"]) == 1
    output, errors = capsys.readouterr()
    assert output == "ugly.nas: formatted\n"
    assert "there is no file `missing.nas`" in errors
    assert "the text ends too early" in errors
    assert (folder / "broken.nas").read_text() == "net n("
    assert (folder / "ugly.nas").read_text() == PRETTY


def test_line_ends_of_other_systems(folder: Path) -> None:
    (folder / "windows.nas").write_bytes(
        b"\xef\xbb\xbf" + PRETTY.replace(" {", " {\r\n").replace(" }", "\r\n}").encode()
    )
    assert run(["fmt", "windows.nas"]) == 0
    text = "net n(image: tensor[3, 8, 8]) {\n  return relu(image)\n}\n"
    assert (folder / "windows.nas").read_bytes() == text.encode()


def test_a_file_that_cannot_be_written(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert run(["fmt", "ugly.nas"]) == 1
    assert "cannot write `ugly.nas`: no space left on device" in capsys.readouterr().err
    assert (folder / "ugly.nas").read_text() == UGLY
    assert sorted(p.name for p in folder.iterdir()) == ["inner", "pretty.nas", "ugly.nas"]
