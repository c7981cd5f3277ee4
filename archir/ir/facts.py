"""What the invariants of a module look at, and what a row of their tables is."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import frozen

from archir.ir.graph import Graph
from archir.ir.invariants import Breach
from archir.ir.module import FORMS, ChoiceInstance, Form, Module


@frozen
class Facts:
    """A module, its distinct graphs and the instances of its choices, collected once for all rows."""

    module: Module
    graphs: tuple[Graph, ...]
    instances: tuple[ChoiceInstance, ...]


@frozen
class ModuleInvariant:
    """A row of the table: what must hold in a module of one of the `forms`, and who looks."""

    name: str
    statement: str
    check: Callable[[Facts], Iterable[Breach]]
    forms: tuple[Form, ...] = FORMS
