"""Files that settings name: `inner=darts_v2.normal` and `inner=runs/cells/net.nas:normal`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from itertools import chain, count
from pathlib import Path
from typing import TypeVar

from archir.sema.builtins import BUILTINS
from archir.sema.library import FileScope, Library
from archir.sema.values import Namespace

S = TypeVar("S")


def with_named_files(
    scope: FileScope, library: Library, folder: Path | None, settings: Mapping[str, S]
) -> dict[str, S | str]:
    """The settings with each file by a plain name, and these files known to the scope; the others as they are.

    `file.name` means the file of that name which `use file` would find, where the scope has no other meaning for it;
    `path/to/file.nas:name` a file by its path. Their definitions have dotted names alone, so none hides another.
    Raises `ArchirError` where a file by its path cannot be read, or either kind has errors.
    """
    return {
        key: _settled(scope, library, folder, value) if isinstance(value, str) else value
        for key, value in settings.items()
    }


def _settled(scope: FileScope, library: Library, folder: Path | None, value: str) -> str:
    path, colon, name = value.rpartition(".nas:")
    if colon:
        wanted = re.sub(r"\W+", "_", os.path.normpath(path))
        return _brought(scope, library, f"_{wanted}" if wanted[:1].isdigit() else wanted, Path(f"{path}.nas"), name)
    prefix, dot, name = value.partition(".")
    if not dot or scope.lookup(prefix):
        return value
    if prefix in library.texts:
        library.bring(scope, prefix, None)
        return value
    found = next((p for p in library.places((prefix,), folder) if os.path.isfile(p)), None)
    return value if found is None else _brought(scope, library, prefix, found, name)


def _brought(scope: FileScope, library: Library, wanted: str, file: Path, name: str) -> str:
    """What a definition of a file is called, once the file is known to the scope.

    A file has one name. It is the wanted one where that means nothing else: two files may be called alike, and a file
    like a definition.
    """
    path = os.path.abspath(file)
    named = {prefix: os.path.abspath(s.name) for prefix, s in {**library.texts, **library.read}.items()}

    def is_free(prefix: str) -> bool:
        if prefix not in named:
            return not scope.lookup(prefix) and prefix not in BUILTINS
        meant = scope.lookup(prefix)
        return named[prefix] == path and all(isinstance(v, Namespace) and v.scope.prefix == prefix for v in meant)

    before = (prefix for prefix, known in named.items() if known == path and "." not in prefix)
    others = (wanted if n == 1 else f"{wanted}_{n}" for n in count(1))
    prefix = next(filter(is_free, chain(before, others)))
    library.bring(scope, prefix, file)
    return f"{prefix}.{name}"
