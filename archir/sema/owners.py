"""What a space's graphs tell about the text that they were built from, by who owns the choices."""

from __future__ import annotations

from typing import Any, TypeAlias

from archir.ir.graph import Call, Choice, Graph
from archir.ir.module import owner_of
from archir.ir.origin import NamedDefinition
from archir.sema.settings import setting_expression
from archir.sema.unroll import Env
from archir.source import Span

Written: TypeAlias = dict[tuple[str, Span], list[Choice]]
"""Choices by their owner and by where they were written, in order of computation."""


Named: TypeAlias = dict[str, NamedDefinition]
"""Definitions and candidates by the parameters that they were given to."""


def by_owner(graph: Graph, span: Span) -> tuple[Written, dict[str, Env], dict[str, Named]]:
    """The choices of each owner, and the parameters that have the same value wherever it is called.

    Of these, definitions by themselves.
    """
    choices: Written = {}
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
    return choices, written, named
