"""The examples in README.md and docs/ are true: .nas texts check, Python runs, commands print what is shown."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from archir.cli.main import run
from archir.ir.gates import GATE_FUNCTIONS, INFIX
from archir.sema import load_source
from archir.source import Source

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[pytest.param]:  # type: ignore[valid-type]
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        for match in BLOCK.finditer(text):
            if match[1] == kind:
                line = text[: match.start()].count("\n") + 1
                found.append(pytest.param(match[2], id=f"{page.relative_to(ROOT)}:{line}"))
    return found


@pytest.mark.parametrize("text", blocks("nas"))
def test_nas(text: str) -> None:
    source = Source("example.nas", text)
    if re.search(r"^method\b", text, re.MULTILINE):
        from archir.search.method import read_method

        assert read_method(source, {}).steps
    else:
        assert load_source(source).graph.nodes


@pytest.mark.parametrize("text", blocks("python"))
def test_python(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(text.replace("net.onnx", str(tmp_path / "net.onnx")), "example", "exec"), {"__name__": "example"})


@pytest.mark.parametrize("text", blocks("console"))
def test_console(text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`$ archir ...` and below it what it prints; `...` stands for any lines."""
    monkeypatch.chdir(ROOT)
    for command, shown in re.findall(r"^\$ archir (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
        run(shlex.split(command))
        printed = capsys.readouterr()
        pattern = ".*".join(map(re.escape, (shown.rstrip() + "\n").split("...\n")))
        assert re.fullmatch(pattern, printed.out + printed.err, re.DOTALL), printed.out + printed.err


def test_the_language_page_names_every_gate_function() -> None:
    text = (ROOT / "docs" / "language.md").read_text("utf-8")
    assert [name for name in GATE_FUNCTIONS if name not in INFIX and f"`{name}`" not in text] == []


@pytest.mark.parametrize("page", ["README.md", "docs/pictures.md"])
def test_pictures_are_what_is_drawn_now(page: str, tmp_path: Path) -> None:
    """The same texts, that is: other versions of matplotlib write other paths."""
    commands = {
        "darts_v2.svg": "archir show spaces/nets/darts_v2.nas -o",
        "stage.svg": "archir opt hs_das -p 'sample{seed=2}' -o FLAT && archir show FLAT --only macro@0 -o",
    }
    (name,) = re.findall(r"!\[.*?\]\(.*?images/(\w+\.svg)\)", (ROOT / page).read_text("utf-8"))
    for command in commands[name].replace("FLAT", str(tmp_path / "flat.nas")).split(" && "):
        run(shlex.split(command)[1:] + ([str(tmp_path / name)] if command.endswith("-o") else []))
    now, then = (
        re.findall("<!-- (.*?) -->", path.read_text("utf-8"))
        for path in (tmp_path / name, ROOT / "docs" / "images" / name)
    )
    assert now == then
