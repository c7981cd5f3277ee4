"""Golden files: each tests/golden/**/*.nas that starts with `# RUN: COMMAND` is run.

Its output is the .out file beside it, as a user sees it in the folder tests/golden. `%s` in the command stands
for the file; `NAME=value` before it sets an environment variable.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest

from archir.cli.main import run
from archir.sema.library import library_folder
from tests.conftest import GOLDEN, Golden

RUN = "# RUN: "


def _commands() -> Iterator[tuple[str, str]]:
    for path in sorted(GOLDEN.rglob("*.nas")):
        first = path.read_text("utf-8").partition("\n")[0]
        if first.startswith(RUN):
            yield path.relative_to(GOLDEN).as_posix(), first.removeprefix(RUN)


COMMANDS = dict(_commands())


@pytest.mark.parametrize("name", COMMANDS)
def test_golden(name: str, golden: Golden, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GOLDEN)
    words = shlex.split(COMMANDS[name].replace("%s", name))
    while re.fullmatch(r"[A-Z_]+=.*", words[0]):
        monkeypatch.setenv(*words.pop(0).split("=", 1))
    status = run(words)
    output, errors = capsys.readouterr()
    text = output
    if errors:
        text += f"---- standard error\n{errors}"
    if status:
        text += f"---- exit status {status}\n"
    golden(f"{name.removesuffix('.nas')}.out", text.replace(str(library_folder()), "<archir>/spaces"))


def test_every_output_has_its_input() -> None:
    outputs = {path.relative_to(GOLDEN).with_suffix(".nas").as_posix() for path in GOLDEN.rglob("*.out")}
    assert outputs <= set(COMMANDS)
    assert len(COMMANDS) > 60
