"""From the untyped tree to the typed IR."""

from archir.sema.elaborate import parse_setting
from archir.sema.load import load, load_source, reload

__all__ = ["load", "load_source", "parse_setting", "reload"]
