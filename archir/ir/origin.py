"""Where a module came from: the texts, the net in them, and its parameters."""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from archir.ir.point import Point
from archir.source import Source

Setting: TypeAlias = bool | int | float | str | tuple["Setting", ...]


@frozen
class NamedDefinition:
    """A definition as an argument, candidates included: the file of its text as `use` names it, and its name.

    The file is empty for the one that was asked for.
    """

    file: str
    name: str


@frozen
class Origin:
    """All that is needed to elaborate the same module again.

    `library` holds the texts of imported files by the name that `use` gave them;
    `point` is what was kept, once a point has been fixed. `stage_cells`: the cells of each stage choose by
    themselves, whatever the text says (`archir.ir.stages`).
    """

    source: Source
    library: tuple[tuple[str, Source], ...]
    net: str
    settings: tuple[tuple[str, Setting], ...] = ()
    point: Point | None = None
    stage_cells: bool = False
