"""The codes of all files in one table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from archir.diagnostics.codes import lowering, names, passes, runs, text, values
from archir.diagnostics.codes.code import Code

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "1": "the text",
        "2": "names and parameters",
        "3": "values, calls and types",
        "4": "passes, values and points",
        "5": "data, runs and files",
        "6": "what a module is lowered to",
    }
)
"""What the codes with a first digit are about."""

CODES: Mapping[str, Code] = MappingProxyType(
    {
        code.name: code
        for group in (text.CODES, names.CODES, values.CODES, passes.CODES, runs.CODES, lowering.CODES)
        for code in group
    }
)
"""All codes by name, in order."""
