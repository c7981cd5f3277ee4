"""From the untyped tree to the typed IR."""

from archir.sema.load import load, load_source, reload
from archir.sema.parameters import parse_setting

__all__ = ["load", "load_source", "parse_setting", "reload"]
