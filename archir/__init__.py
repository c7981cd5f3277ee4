"""archir compiles neural-architecture-search spaces."""

from archir.diagnostics import ArchirError
from archir.sema import load

__all__ = ["ArchirError", "load"]
