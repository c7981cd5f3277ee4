"""Loops and edges written out: what plain lists, ranges and slices hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from attrs import evolve

from archir.diagnostics import fail
from archir.source import Span
from archir.syntax import ast
from archir.syntax.fold import literal, number_of

Env = dict[str, ast.Expr]
_MOST_TURNS = 10_000


def edges_of(e: ast.Choose, total: int, show: Callable[[ast.Expr], ast.Expr]) -> list[tuple[ast.Expr, ast.Expr]]:
    """The candidate expression and the start of each of a choice's `total` edges.

    Raises `ArchirError` NAS402 where the text does not say plainly which edges there are.
    """
    groups = [(group, _starts(group.sources, show(group.sources))) for group in e.edges]
    unknown = sum(isinstance(starts, ast.Node) for _, starts in groups)
    left = total - sum(len(starts) for _, starts in groups if isinstance(starts, list))
    if unknown > 1 and left > unknown:
        _not_plain(e.span)
    edges: list[tuple[ast.Expr, ast.Expr]] = []
    for group, starts in groups:
        if not isinstance(starts, list):  # a value by itself, or a list that has a name
            several = [_at(starts, i) for i in range(left - unknown + 1)]
            starts = [starts] if left == unknown else several
        edges += [(group.candidates, start) for start in starts]
    return edges


def _at(e: ast.Expr, place: int) -> ast.Expr:
    return ast.Index(e, (literal(place, e.span),), span=e.span)


def _starts(written: ast.Expr, e: ast.Expr) -> list[ast.Expr] | ast.Expr:
    """What edges start from, one by one; the expression itself where it may be one value or the name of a list."""
    if isinstance(written, ast.TupleOf):
        return [e]
    listed = listed_values(e)
    if listed is not None:
        return listed
    return e if isinstance(e, ast.Name | ast.Attribute | ast.Index) else [e]


def listed_values(e: ast.Expr) -> list[ast.Expr] | None:
    """The values of `x[2..5]` or `[a, b]` one by one; None for what is no list by its looks."""
    match e:
        case ast.Index(indexes=(ast.Range(start=start, stop=stop),)):
            first, last = number_of(start), number_of(stop)
            if not isinstance(first, int) or not isinstance(last, int) or last - first > _MOST_TURNS:
                _not_plain(e.span)
            return [evolve(e, indexes=(literal(i, e.span),)) for i in range(first, last)]
        case ast.ListOf() | ast.TupleOf():
            return list(e.items)
    return None


def values_of(e: ast.Expr, count: int) -> list[ast.Expr]:
    """The `count` values of a list, one by one; of a list that only has a name, by their places."""
    return listed_values(e) or [_at(e, place) for place in range(count)]


def start_arguments(start: ast.Expr, count: int) -> tuple[ast.Argument, ...]:
    """What a call takes from an edge that starts from `count` values."""
    if isinstance(start, ast.TupleOf | ast.ListOf):
        return tuple(ast.Argument(value, span=start.span) for value in start.items)
    return (ast.Argument(start, spread=count > 1, span=start.span),)


def _not_plain(span: Span) -> NoReturn:
    fail("NAS402", "these sources are not plainly listed", span=span, help="print it in the flat form")


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
