"""A run's folder: what stands where, and when it may be used.

- run.json: what was run: settings, steps, versions, threads, command
- space.nas (net.nas for a training run), library/, method.nas: copies of the texts
- log.jsonl: one line an epoch
- notes.txt: what passes had to say of what they did, if anything
- milestones.json: test accuracy and parameters after each step of the method
- contests.json, groups-N.json, similarities-N.json, contest-N/: how the parts of each contest have done, and more of it
  (see `contest.files`)
- selected-N.json, select-N/: the scores of the paths that step N chooses from (see `scores`)
- arch.json: the architecture parameters after the last epoch; arch.jsonl: after each one, to six digits
- checkpoint.safetensors: the whole state
- net.safetensors: the weights of a trained network, by path (of a search, if its method trains what it derived)
- tensorboard/: curves
- point.json, net.nas, net.svg, kept.json, kept.svg: what a search has found, as `archir search` writes it
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any, NoReturn

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
    def notes(self) -> Path:
        """What passes had to say."""
        return self.path / "notes.txt"

    @property
    def architecture(self) -> Path:
        """The architecture parameters as text."""
        return self.path / "arch.json"

    @property
    def architecture_log(self) -> Path:
        """The architecture parameters after each epoch, one line each."""
        return self.path / "arch.jsonl"

    @property
    def milestones(self) -> Path:
        """Test accuracy and parameters after each step of the method."""
        return self.path / "milestones.json"

    @property
    def contests(self) -> Path:
        """How the parts of each contest have done."""
        return self.path / "contests.json"

    @property
    def tensorboard(self) -> Path:
        """The folder of TensorBoard's files."""
        return self.path / "tensorboard"

    @property
    def weights(self) -> Path:
        """The weights of a trained network."""
        return self.path / "net.safetensors"


@contextmanager
def opened(path: Path, *, resume: bool) -> Iterator[tuple[RunFolder, bool]]:
    """A run's folder while nobody else works in it, and whether there is a run in it to go on with.

    A new run's folder is made, or is there and empty. A run to resume that was stopped before its
    first checkpoint has nothing to go on with, and starts over.

    Raises:
        ArchirError: NAS502 if the folder is missing, used, of another process, or cannot be made.
    """
    folder = existing(path) if resume else RunFolder(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDONLY)
    except OSError as error:
        _refuse(path, error)
    try:
        _lock(path, lock)
        begun = _used(path, sweep=True)
        if begun and not resume:
            help_ = "go on with the run in it with `--resume`, or name another folder"
            fail("NAS502", f"`{path}` is not empty", help=help_)
        if begun and not folder.checkpoint.exists():
            help_ = "name a run's folder, or start in an empty one"
            fail("NAS502", f"there is no checkpoint in `{path}`", help=help_)
        yield folder, begun
    finally:
        os.close(lock)


def existing(path: Path) -> RunFolder:
    """The folder of a run that was started before; raises ArchirError (NAS502) if it is not there."""
    if not path.is_dir():
        fail("NAS502", f"there is no run `{path}`", help="check the path; `archir search` starts a run")
    return RunFolder(path)


def is_begun(folder: RunFolder) -> bool:
    """Whether there is anything in the folder but what an interrupted write left."""
    return _used(folder.path, sweep=False)


def _used(path: Path, *, sweep: bool) -> bool:
    """Whether there is anything but what an interrupted write left, which `sweep` removes."""
    try:
        left = set(path.glob("**/.archir-*.tmp"))
        for file in left if sweep else ():
            file.unlink(missing_ok=True)
        return any(file not in left for file in path.iterdir())
    except OSError as error:
        _refuse(path, error)


def _lock(path: Path, descriptor: int) -> None:
    """Keeps other processes out; the lock goes with the process, however it ends."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fail("NAS502", f"another process is at work in `{path}`", help="wait for it, or name another folder")
    except OSError:
        return  # a file system without locks: two runs in one folder are the user's to avoid


def _refuse(path: Path, error: OSError) -> NoReturn:
    fail("NAS502", f"`{path}` cannot be a run's folder: {_reason(error)}", help="name another folder")


def write_texts(folder: RunFolder, setup: Setup, main: str) -> None:
    """Writes run.json and the copies of all texts; `main` is the name of the space's or net's copy."""
    described: dict[str, Any] = {
        "command": setup.command,
        "net": setup.origin.net,
        "settings": dict(setup.facts),
        "steps": list(setup.steps),
        "circumstances": dict(setup.circumstances),
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
    started = _flat(recorded.facts)
    now = _flat(json.loads(json.dumps(dict(facts))))  # tuples become lists, as in the checkpoint
    for name in sorted({*started, *now}):
        before, here = started.get(name), now.get(name)
        if name == "files" and before != here:
            help_ = "give it the images that it was started with, or start another run in another folder"
            fail("NAS502", "the run was started with other images than are in the folder now", help=help_)
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


def _flat(facts: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings by dotted names: `{"method": {"epochs": 2}}` is `{"method.epochs": 2}`."""
    found: dict[str, Any] = {}
    for name, value in facts.items():
        found |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return found


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def _file_name(name: str) -> str:
    """A library's name as a file name: what is no letter, digit, `_`, `.` or `-` becomes `_`."""
    safe = re.sub(r"[^\w.-]", "_", name).lstrip(".") or "_"
    return safe if safe.endswith(".nas") else f"{safe}.nas"


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
