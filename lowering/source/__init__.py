"""Lowering to one readable .py file that needs torch alone."""

from archir.lowering.source.emit import to_source

__all__ = ["to_source"]
