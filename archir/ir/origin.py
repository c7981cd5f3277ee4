"""Where a module came from: the texts, the net in them, and its parameters."""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from archir.source import Source

Setting: TypeAlias = bool | int | float | str | tuple["Setting", ...]


@frozen
class Origin:
    """All that is needed to elaborate the same module again.

    `library` holds the texts of imported files by the name that `use` gave them.
    """

    source: Source
    library: tuple[tuple[str, Source], ...]
    net: str
    settings: tuple[tuple[str, Setting], ...] = ()
