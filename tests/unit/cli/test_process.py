"""The command as a process: exit statuses, the screen, and what is not imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "torch",
    "torchvision",
    "onnx",
    "onnxruntime",
    "networkx",
    "sklearn",
    "matplotlib",
    "scipy",
    "tensorboard",
    "PIL",
)
WATCHED = (
    "import json, sys\n"
    "from archir.cli.main import run\n"
    "status = run(sys.argv[1:])\n"
    "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)\n"
    "sys.exit(status)\n"
)


def start(root: Path, *arguments: str, watched: bool = False, stdin: str = "") -> subprocess.CompletedProcess[str]:
    code = WATCHED if watched else "from archir.cli.main import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(root), "COLUMNS": "80", "LINES": "24"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment, input=stdin
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "darts"),
        ("check", "spaces/methods/darts.nas"),
        ("fmt", "--check", "spaces/darts.nas"),
        ("opt", "darts", "-p", "relax"),
        ("opt", "darts", "-p", "sample", "--form", "source"),
        ("passes",),
        ("passes", "derive"),
        ("ops",),
        ("--help",),
    ],
    ids=" ".join,
)
def test_cheap_commands_import_nothing_heavy(root: Path, arguments: tuple[str, ...]) -> None:
    shown = tuple(str(root / a) if a.startswith("spaces/") else a for a in arguments)
    done = start(root, *shown, watched=True)
    assert done.returncode == 0, done.stderr
    assert not set(HEAVY) & set(json.loads(done.stderr.splitlines()[-1]))


def test_exit_statuses(root: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.nas").write_text("net n(image: tensor[3, 8, 8]) { return nothing_known(image) }")
    assert start(root, "check", "darts").returncode == 0
    wrong = start(root, "check", str(tmp_path / "bad.nas"))
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "error[NAS201]" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    assert start(root, "opt").returncode == 2
    assert start(root, "check", "--nonsense").returncode == 2
    assert start(root, "nonsense").returncode == 2


def test_help_fits_a_screen_and_says_where_to_start(root: Path) -> None:
    lines = start(root, "--help").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 24
    assert any("archir search" in line for line in lines)


def test_pipe_into_another(root: Path) -> None:
    space = start(root, "opt", "darts", "-p", "relax", "--set", "cells=3").stdout
    done = start(root, "check", "-", stdin=space)
    assert done.returncode == 0
    assert ": a relaxed module `darts`: 8 choices, " in done.stdout
