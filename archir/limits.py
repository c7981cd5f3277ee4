"""Bounds that keep a hostile or mistaken text from taking the machine."""

from __future__ import annotations

import os

from attrs import Attribute, fields, frozen

from archir.diagnostics import fail


@frozen
class Limits:
    """Each bound can be raised by an environment variable, ARCHIR_LIMIT_<NAME>."""

    file_bytes: int = 16_000_000
    nesting: int = 100
    steps: int = 5_000_000
    operations: int = 5_000_000
    parts: int = 1_000

    @staticmethod
    def remedy(name: str) -> str:
        """What to tell a user who met a bound."""
        return f"if the text is meant so, raise the limit with ARCHIR_LIMIT_{name.upper()}=..."


def current_limits() -> Limits:
    """The bounds in force; raises `ArchirError` if the environment sets one to no number."""
    return Limits(**{f.name: _bound(f) for f in fields(Limits)})


def _bound(field: Attribute[int]) -> int:
    variable = f"ARCHIR_LIMIT_{field.name.upper()}"
    text = os.environ.get(variable)
    if text is None:
        assert field.default is not None
        return field.default
    if not text.isdecimal():
        fail("NAS102", f"`{variable}` is `{text}`, not a number", help=f"the default is {field.default}")
    return int(text)
