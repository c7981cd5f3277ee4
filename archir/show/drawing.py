"""What a picture of a cell says: boxes and labelled arrows, without positions."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

Role: TypeAlias = Literal["input", "node", "output"]
Family: TypeAlias = Literal["separable", "dilated", "conv", "pool", "skip", "none", "other", "choice", "plain"]
"""What the color of an arrow stands for. `choice`: not chosen yet; `plain`: moves a value and computes nothing."""


@frozen
class Box:
    """A value: an input, an intermediate node or the output. `name` is its name in the graph, `label` is drawn."""

    name: str
    label: str
    role: Role


@frozen
class Arrow:
    """An operation on the way from one box to another; an empty label stands for none."""

    source: str
    target: str
    label: str
    family: Family


@frozen
class Drawing:
    """A directed acyclic graph with a title. Boxes stand in order of computation, and arrows go forward in it."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
