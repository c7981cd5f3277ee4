"""What a picture says: boxes and labelled arrows, without positions."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

Role: TypeAlias = Literal["input", "node", "output"]
Family: TypeAlias = Literal["separable", "dilated", "conv", "pool", "skip", "none", "other", "choice", "plain"]
"""What a color stands for. `choice`: not chosen yet; `plain`: moves a value and computes nothing."""
Form: TypeAlias = Literal["graph", "column", "rows"]
"""How a drawing is laid out: in columns or, if that is too wide, in lines; in lines; as rows of a chain."""


@frozen
class Mark:
    """An operation, or a set of candidates, as it is written on an arrow."""

    text: str
    family: Family


@frozen
class Box:
    """A value: an input, an intermediate node or the output. `name` is its name in the graph, `label` is drawn.

    detail: a second, smaller line. family: of what the box computes, where no arrow says it. dead: nothing leads
    from it to the output.
    """

    name: str
    label: str
    role: Role
    detail: str = ""
    family: Family | None = None
    dead: bool = False


@frozen
class Arrow:
    """The way from one box to another, and the operations on it: all of them, their results are added.

    strength: between 0 and 1 while the arrow is only a candidate for being kept.
    """

    source: str
    target: str
    marks: tuple[Mark, ...] = ()
    family: Family = "plain"
    strength: float | None = None


@frozen
class Drawing:
    """A directed acyclic graph with a title. Boxes stand in order of computation, and arrows go forward in it.

    notes: sentences below the title.
    """

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    notes: tuple[str, ...] = ()
    form: Form = "graph"
