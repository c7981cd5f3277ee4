"""The table of codes: nothing missing, nothing dead, and every example does what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from archir.cli.main import run
from archir.diagnostics.codes import CODES, GROUPS

EXAMPLES = [(code.name, which) for code in CODES.values() if code.wrong for which in ("wrong", "right")]
IN_GOLDEN = re.compile(r'(?:error\[|"code": "|title=)(NAS\d{3})')


def used_codes(root: Path) -> set[str]:
    """The codes that the source names as whole strings, its own table aside."""
    table = root / "archir" / "diagnostics" / "codes"
    files = [
        path
        for folder in ("archir", "lowering", "grammar", "spaces")
        for path in (root / folder).rglob("*.py")
        if not path.is_relative_to(table)
    ]
    return {code for path in files for code in re.findall(r'"(NAS\d{3})"', path.read_text("utf-8"))}


def test_the_codes_in_use_are_those_in_the_table(root: Path) -> None:
    assert used_codes(root) == set(CODES)


def test_table_is_in_order_and_readable() -> None:
    assert list(CODES) == sorted(CODES)
    assert {name[3] for name in CODES} == set(GROUPS)
    for code in CODES.values():
        lines = code.explanation.splitlines()
        assert 2 <= len(lines) <= 6, code.name
        assert max(map(len, lines)) <= 120, code.name
        assert re.fullmatch(r"NAS\d{3}", code.name)
        assert code.meaning[0].islower(), code.name
        assert not code.meaning.endswith("."), code.name
        assert bool(code.wrong) == bool(code.right), code.name
    assert len({code.meaning for code in CODES.values()}) == len(CODES)


def test_every_code_of_sema_that_one_text_provokes_has_an_example() -> None:
    """Left out: files that are not there or not readable, and circles, which take two."""
    of_texts = {name for name in CODES if name[3] in "123"}
    assert of_texts - {name for name, _ in EXAMPLES} == {"NAS103", "NAS204"}


@pytest.mark.parametrize(("name", "which"), EXAMPLES)
def test_examples(name: str, which: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "example.nas"
    path.write_text(getattr(CODES[name], which) + "\n", encoding="utf-8")
    status = run(["check", str(path), "--json"])
    found = [error["code"] for error in json.loads(capsys.readouterr().out)["errors"]]
    assert (status, found) == ((1, [name]) if which == "wrong" else (0, []))


@pytest.mark.parametrize("name", [name for name in CODES if name[3] in "1234"])
def test_golden_errors_show_the_code(name: str, shown_codes: set[str]) -> None:
    assert name in shown_codes, f"no file of tests/golden/errors ends with {name}"


@pytest.fixture(scope="module")
def shown_codes(root: Path) -> set[str]:
    folder = root / "tests" / "golden" / "errors"
    return {code for path in folder.glob("*.out") for code in IN_GOLDEN.findall(path.read_text("utf-8"))}
