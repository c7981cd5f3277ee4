"""What archir has to say about bad input: one value, a table of codes, renderers."""

from archir.diagnostics.diagnostic import ArchirError, Diagnostic, fail

__all__ = ["ArchirError", "Diagnostic", "fail"]
