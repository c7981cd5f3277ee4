"""Definitions of a printed network that nothing needs, or that are named and never run."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from archir.diagnostics import fail
from archir.sema.kept_text import CLOSED
from archir.sema.names import descendants
from archir.syntax import ast


def called(items: Sequence[ast.Item]) -> list[ast.Item]:
    """The definitions that the net, the last one, leads to.

    Raises `ArchirError` NAS402 where one of them holds a choice that the point leaves out.
    """
    named = {i.name: i for i in items if isinstance(i, ast.Definition | ast.Candidates)}
    waiting, found = [items[-1]], {id(items[-1])}
    while waiting:
        for node in descendants(waiting.pop()):
            if isinstance(node, ast.Name) and node.text == CLOSED:
                message = "a window leaves out this choice, and not what is made of it"
                fail("NAS402", message, span=node.span, help="print it in the flat form")
            item = named.get(node.text) if isinstance(node, ast.Name) else None
            if item is not None and id(item) not in found:
                found.add(id(item))
                waiting.append(item)
    return [item for item in items if id(item) in found]


def callees(items: Sequence[ast.Item]) -> set[str]:
    """The plain names that are called somewhere, in pipes as well."""
    found: set[str] = set()
    for node in (n for item in items for n in descendants(item)):
        run = node.stages if isinstance(node, ast.Pipe) else (node.callee,) if isinstance(node, ast.Call) else ()
        found |= {e.text for e in run if isinstance(e, ast.Name)}
    return found


def never_run(item: ast.Definition) -> ast.Definition:
    """A definition that may be named: an error, should anybody call it."""
    never = ast.Require(ast.Name("false", span=item.span), span=item.span)
    anything = ast.Name(item.params[0].name, span=item.span) if item.params else ast.Literal(0, "0", span=item.span)
    return evolve(item, body=evolve(item.body, statements=(never, ast.Return(anything, span=item.span))))
