"""What a space's graphs tell about the text that they were built from, by who owns the choices."""

from __future__ import annotations

from typing import Any, TypeAlias

from attrs import frozen

from archir.ir.graph import Call, Choice, Graph
from archir.ir.module import join, owner_of
from archir.ir.origin import NamedDefinition
from archir.ir.point import Point
from archir.sema.settings import setting_expression
from archir.sema.unroll import Env
from archir.source import Span

Written: TypeAlias = dict[tuple[str, Span], list[Choice]]
"""Choices by their owner and by where they were written, in order of computation."""
Named: TypeAlias = dict[str, NamedDefinition]
"""Definitions and candidates by the parameters that they were given to."""


@frozen
class Owners:
    """What is known of each owner.

    `arguments` and `named` are parameters with the same value wherever it is called, `named` those that are
    definitions or candidates; `given` is every definition and candidate set that any of its instances was given.
    """

    choices: Written
    arguments: dict[str, Env]
    named: dict[str, Named]
    given: dict[str, set[NamedDefinition]]

    def decided(self, owner: str, point: Point) -> bool:
        """Whether an owner has instances, and a point says what they keep of their choices, if they have any."""
        mine = [choice for (name, _), written in self.choices.items() if name == owner for choice in written]
        if not mine:
            return owner in self.arguments
        return any(point.kept(join(owner, choice.name)) is not None for choice in mine)

    def only_tag(self, name: str) -> str | None:
        """A tag of a definition that is called with tags only."""
        tags = (owner.removeprefix(f"{name}.") for owner in self.arguments if owner.startswith(f"{name}."))
        return None if name in self.arguments else next(tags, None)


def by_owner(graph: Graph, span: Span) -> Owners:
    """What the graphs of a space tell; `span` is where the net was written."""
    choices: Written = {}
    every: dict[str, set[NamedDefinition]] = {}
    arguments: dict[str, dict[str, Any]] = {}
    seen: set[tuple[int, str | None]] = set()

    def visit(g: Graph, tag: str | None) -> None:
        if (id(g), tag) in seen:
            return
        seen.add((id(g), tag))
        owner = owner_of(g, tag)
        fresh = owner not in arguments
        given = dict(g.arguments)
        agreed = given if fresh else {k: v for k, v in arguments[owner].items() if given.get(k) == v}
        arguments[owner] = agreed
        every.setdefault(owner, set()).update(v for v in given.values() if isinstance(v, NamedDefinition))
        for node in g.nodes:
            if isinstance(node, Call):
                visit(node.graph, node.tag)
            elif isinstance(node, Choice):
                if fresh and node.span is not None:
                    choices.setdefault((owner, node.span), []).append(node)
                for candidate in {c.graph: None for edge in node.edges for c in edge.candidates}:
                    visit(candidate, None)

    visit(graph, None)
    named = {
        owner: {name: value for name, value in agreed.items() if isinstance(value, NamedDefinition)}
        for owner, agreed in arguments.items()
    }
    written = {
        owner: {name: setting_expression(value, span) for name, value in agreed.items() if name not in named[owner]}
        for owner, agreed in arguments.items()
    }
    return Owners(choices, written, named, every)
