"""A run's folder: what stands where, and when it may be used.

- run.json: what was run: settings, steps, versions, command
- space.nas (net.nas for a training run), library/, method.nas: copies of the texts
- log.jsonl: one line an epoch
- arch.json: the architecture parameters after the last epoch
- checkpoint.safetensors: the whole state
- net.safetensors: the weights of a trained network, by path
- tensorboard/: curves
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from attrs import frozen

from archir.diagnostics import fail
from archir.search.checkpoint import write_with_remedy
from archir.search.state import Setup


@frozen
class RunFolder:
    """The files of one run."""

    path: Path

    @property
    def checkpoint(self) -> Path:
        """The whole state."""
        return self.path / "checkpoint.safetensors"

    @property
    def log(self) -> Path:
        """One line an epoch."""
        return self.path / "log.jsonl"

    @property
    def architecture(self) -> Path:
        """The architecture parameters as text."""
        return self.path / "arch.json"

    @property
    def tensorboard(self) -> Path:
        """The folder of TensorBoard's files."""
        return self.path / "tensorboard"

    @property
    def weights(self) -> Path:
        """The weights of a trained network."""
        return self.path / "net.safetensors"


def open_new(path: Path) -> RunFolder:
    """A folder for a new run: made, or there and empty.

    Raises:
        ArchirError: NAS502 if there is something in it, or it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        used = any(path.iterdir())
    except OSError as error:
        fail("NAS502", f"`{path}` cannot be a run's folder: {_reason(error)}", help="name another folder")
    if used:
        fail(
            "NAS502", f"`{path}` is not empty", help="go on with the run in it with `--resume`, or name another folder"
        )
    return RunFolder(path)


def open_resumed(path: Path) -> RunFolder | None:
    """The folder of a run to go on with; None if that run was stopped before its first checkpoint.

    Raises:
        ArchirError: NAS502 if there is no such folder or no run in it.
    """
    if not path.is_dir():
        fail("NAS502", f"there is no run `{path}` to resume", help="check the path, or start it without `--resume`")
    try:
        _sweep(path)
        used = any(path.iterdir())
    except OSError as error:
        fail("NAS502", f"`{path}` cannot be a run's folder: {_reason(error)}", help="name another folder")
    folder = RunFolder(path)
    if used and not folder.checkpoint.exists():
        fail("NAS502", f"there is no checkpoint in `{path}`", help="name a run's folder, or start in an empty one")
    return folder if used else None


def write_texts(folder: RunFolder, setup: Setup, main: str) -> None:
    """Writes run.json and the copies of all texts; `main` is the name of the space's or net's copy."""
    described: dict[str, Any] = {
        "command": setup.command,
        "net": setup.origin.net,
        "settings": dict(setup.facts),
        "steps": list(setup.steps),
        "versions": dict(setup.versions),
    }
    texts = {"run.json": json.dumps(described, indent=2, ensure_ascii=False) + "\n", main: setup.origin.source.text}
    for name, source in setup.origin.library:
        texts[f"library/{_file_name(name)}"] = source.text
    for name, text in (texts | dict(setup.texts)).items():
        target = folder.path / name
        try:
            target.parent.mkdir(exist_ok=True)
        except OSError as error:
            fail("NAS503", f"cannot make `{target.parent}`: {_reason(error)}", help="choose a folder you may write to")
        write_with_remedy(target, text)


def check_same(recorded: Setup, facts: Mapping[str, Any], steps: tuple[str, ...]) -> None:
    """A resumed run must be the run that was started.

    Raises:
        ArchirError: NAS502 naming the first setting that differs.
    """
    now = json.loads(json.dumps(dict(facts)))  # tuples become lists, as in the checkpoint
    for name in sorted({*recorded.facts, *now}):
        before, here = recorded.facts.get(name), now.get(name)
        if before != here:
            fail(
                "NAS502",
                f"the run was started with `{name}` = {_shown(before)}, and is resumed with {_shown(here)}",
                help="give the settings that it was started with, or start another run in another folder",
            )
    pairs = zip_longest(recorded.steps, steps, fillvalue="nothing")
    for number, (before, here) in enumerate(pairs, start=1):
        if before != here:
            fail(
                "NAS502",
                f"step {number} of the run's method is `{before}`, and is resumed with `{here}`",
                help="resume with the method that the run was started with, or start another run in another folder",
            )


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def _file_name(name: str) -> str:
    """A library's name as a file name: what is no letter, digit, `_`, `.` or `-` becomes `_`."""
    safe = re.sub(r"[^\w.-]", "_", name).lstrip(".") or "_"
    return safe if safe.endswith(".nas") else f"{safe}.nas"


def _sweep(path: Path) -> None:
    """Removes what an interrupted write left."""
    for left in path.glob(".archir-*.tmp"):
        left.unlink(missing_ok=True)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
