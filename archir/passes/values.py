"""Learned values of architecture parameters, read from text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from archir.diagnostics import fail
from archir.passes.base import Values

_LOOKS = 'it looks like {"arch.normal.x.2.alpha": [[0.1, 0.3], [0.2, 0.1]]}'


def read_values(path: str) -> Values:
    """The values in a JSON file: name -> nested lists, or such under the key `parameters`, as a run writes them.

    A folder means the arch.json in it. Raises `ArchirError` NAS403 if there are none.
    """
    file = Path(path) / "arch.json" if Path(path).is_dir() else Path(path)
    try:
        data = json.loads(file.read_text("utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        fail("NAS403", f"`{file}` cannot be read: {reason}", help="name the folder of a run, or the arch.json in it")
    except (ValueError, RecursionError) as error:
        fail("NAS403", f"`{file}` is no JSON text: {error}", help=_LOOKS)
    if isinstance(data, dict) and isinstance(data.get("parameters"), dict):
        data = data["parameters"]
    if not isinstance(data, dict):
        fail("NAS403", f"`{file}` holds no values by name", help=_LOOKS)
    return _arrays(file, data)


def _arrays(file: Path, data: Mapping[str, Any]) -> Values:
    import numpy as np  # a tenth of a second; only those who bring values pay for it

    found = {}
    for name, rows in data.items():
        try:
            found[name] = np.asarray(rows, dtype=np.float64)
        except (ValueError, TypeError, OverflowError):
            _no_numbers(file, name)
        if not np.isfinite(found[name]).all():
            _no_numbers(file, name)
    return found


def _no_numbers(file: Path, name: str) -> NoReturn:
    fail("NAS403", f"the value of `{name}` in `{file}` is no table of finite numbers", help=_LOOKS)
