"""The .nas files that a command line names: files, folders of them, or `-`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from archir.cli.common import read_stdin
from archir.diagnostics import fail
from archir.sema.library import read_source
from archir.sema.load import find_file
from archir.source import Source

_SKIPPED = frozenset({"node_modules", "__pycache__"})


def nas_files(names: Iterable[str]) -> Iterator[str]:
    """The files as named, and the .nas files in the folders; raises `ArchirError` NAS103 for a folder without any."""
    for name in names:
        if not os.path.isdir(name):
            yield name
            continue
        found = sorted(_below(Path(name)))
        if not found:
            fail("NAS103", f"there is no .nas file in the folder `{name}`", help="name a .nas file, or another folder")
        yield from found


def _below(folder: Path) -> Iterator[str]:
    """.nas files in a folder and its subfolders; hidden folders and environments are left alone."""
    for place, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if not f.startswith(".") and f not in _SKIPPED]
        yield from (os.path.join(place, f) for f in files if f.endswith(".nas"))


def read_text(name: str) -> tuple[Source, Path | None, str | None]:
    """A text, the folder where its imports are looked for, and the net that `file.nas:net` picks."""
    if name == "-":
        return Source("<stdin>", read_stdin()), Path.cwd(), None
    text, _, net = name.partition(".nas:")
    file = find_file(Path(f"{text}.nas" if net else name))
    return read_source(file), file.parent, net or None
