"""The command line: one file a subcommand, imported when it is called."""

from __future__ import annotations

from archir.cli.main import main

__all__ = ["main"]
