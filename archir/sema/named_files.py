"""Files that settings name: `inner=darts_v2.normal` and `inner=runs/cells/net.nas:normal`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from archir.sema.library import FileScope, Library

S = TypeVar("S")


def with_named_files(
    scope: FileScope, library: Library, folder: Path | None, settings: Mapping[str, S]
) -> dict[str, S]:
    """The settings with each file by a plain name, and these files known to the scope; the others as they are.

    `file.name` means the file of that name which `use file` would find, where the scope has no other meaning for it;
    `path/to/file.nas:name` a file by its path. Their definitions have dotted names alone, so none hides another.
    Raises `ArchirError` where a file by its path cannot be read, or either kind has errors.
    """
    return {key: _settled(scope, library, folder, value) for key, value in settings.items()}


def _settled(scope: FileScope, library: Library, folder: Path | None, value: S) -> S:
    if not isinstance(value, str):
        return value
    path, colon, name = value.rpartition(".nas:")
    if colon:
        prefix = re.sub(r"\W+", "_", f"_{path}" if path[:1].isdigit() else path)
        library.bring(scope, prefix, Path(f"{path}.nas"))
        return f"{prefix}.{name}"  # type: ignore[return-value]
    prefix, dot, _ = value.partition(".")
    if dot and not scope.lookup(prefix):
        found = next((p for p in library.places((prefix,), folder) if os.path.isfile(p)), None)
        if found is not None or prefix in library.texts:
            library.bring(scope, prefix, found)
    return value
