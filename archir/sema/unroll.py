"""Loops and edges written out: what plain lists, ranges and slices hold."""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from archir.diagnostics import fail
from archir.syntax import ast
from archir.syntax.fold import literal, number_of

Env = dict[str, ast.Expr]
_MOST_TURNS = 10_000


def edge_of(e: ast.Choose, number: int, show: Callable[[ast.Expr], ast.Expr]) -> tuple[ast.Expr, ast.Expr]:
    """The candidate expression and the source of one edge."""
    for group in e.edges:
        sources = _sources(show(group.sources))
        if sources is None:
            fail(
                "NAS402",
                "these sources are not plainly listed",
                span=group.sources.span,
                help="print it in the flat form",
            )
        if number < len(sources):
            return group.candidates, sources[number]
        number -= len(sources)
    raise AssertionError("the point was checked against the choice")


def _sources(e: ast.Expr) -> list[ast.Expr] | None:
    match e:
        case ast.Index(indexes=(ast.Range(start=start, stop=stop),)):
            first, last = number_of(start), number_of(stop)
            if isinstance(first, int) and isinstance(last, int) and last - first <= _MOST_TURNS:
                return [evolve(e, indexes=(literal(i, e.span),)) for i in range(first, last)]
            return None
        case ast.ListOf() | ast.TupleOf():
            return list(e.items)
    return [e]


def literal_items(e: ast.Expr) -> list[ast.Expr] | None:
    """The items of a plain list or of a range between plain numbers."""
    match e:
        case ast.ListOf() | ast.TupleOf():
            return list(e.items)
        case ast.Range():
            start, stop = number_of(e.start), number_of(e.stop)
            if isinstance(start, int) and isinstance(stop, int):
                if stop - start > _MOST_TURNS:
                    help_ = f"write at most {_MOST_TURNS:,} turns"
                    fail("NAS102", "this loop is too long to be written out", span=e.span, help=help_)
                return [literal(i, e.span) for i in range(start, stop)]
    return None


def loop_values(targets: tuple[ast.Expr, ...], value: ast.Expr) -> Env:
    """Loop variables and the parts of the value that they take."""
    if len(targets) == 1 and isinstance(targets[0], ast.TupleOf):
        return loop_values(targets[0].items, value)
    if len(targets) == 1 and isinstance(targets[0], ast.Name):
        return {targets[0].text: value}
    parts = value.items if isinstance(value, ast.TupleOf | ast.ListOf) else ()
    bound: Env = {}
    for target, part in zip(targets, parts, strict=False):
        bound |= loop_values((target,), part)
    return bound
