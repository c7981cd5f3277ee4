"""Every error code: `archir explain` prints what stands here. A code is never reused."""

from archir.diagnostics.codes.code import Code
from archir.diagnostics.codes.table import CODES, GROUPS

__all__ = ["CODES", "GROUPS", "Code"]
