"""archir explain."""

from __future__ import annotations

import json

import pytest

from archir.cli.main import run
from archir.diagnostics.codes import CODES


def output(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    assert run(["explain", *words]) == status
    out, err = capsys.readouterr()
    assert bool(out) != bool(err)
    return out + err


@pytest.mark.parametrize("written", ["NAS301", "nas301", "301", " Nas301 "])
def test_one_code(written: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = output(capsys, written)
    code = CODES["NAS301"]
    assert page.startswith(f"NAS301: {code.meaning}\n\n{code.explanation}\n\nwrong\n    block same(x, stride)")
    assert page.endswith("    net n(image: tensor[8, 32, 32]) { return c(image) }\n")


def test_a_code_without_example_ends_with_its_explanation(capsys: pytest.CaptureFixture[str]) -> None:
    code = CODES["NAS503"]
    assert output(capsys, "503") == f"NAS503: {code.meaning}\n\n{code.explanation}\n"


def test_list_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    lines = output(capsys).splitlines()
    listed = [line.split()[0] for line in lines if line.startswith("  NAS")]
    assert listed == list(CODES)
    assert lines[:2] == ["1xx: the text", "  NAS101  the text does not follow the grammar"]
    assert max(map(len, lines)) <= 80


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    one = json.loads(output(capsys, "305", "--json"))
    assert set(one) == {"name", "meaning", "explanation", "wrong", "right"}
    assert (one["name"], one["meaning"]) == ("NAS305", "an index is out of range")
    assert [row["name"] for row in json.loads(output(capsys, "--json"))] == list(CODES)


@pytest.mark.parametrize(
    ("written", "advice"),
    [("NAS390", "did you mean `NAS309`?"), ("mas301", "did you mean `NAS301`?"), ("x" * 9, "`archir explain` lists")],
)
def test_unknown_code(written: str, advice: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = output(capsys, written, status=2)
    assert f"there is no code `{written}`" in said
    assert advice in said
