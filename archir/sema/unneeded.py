"""Statements of a written-out body that nothing needs any more, since the window that was kept leaves them out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from attrs import evolve

from archir.sema.names import children, descendants
from archir.sema.unroll import literal_items
from archir.syntax import ast
from archir.syntax.fold import number_of

Uses: TypeAlias = Sequence[tuple[ast.Statement, tuple[ast.Expr, ...]]]
"""Statements, and what each of them would read if other things were kept."""
_Value: TypeAlias = tuple[str, tuple[int, ...] | None]
"""A name and its index; None is the name as a whole."""
_Part: TypeAlias = tuple[int, int]
"""A statement's place, and which of the values that it assigns at once."""


def without_unneeded(statements: Sequence[ast.Statement], windows: Uses, edges: Uses) -> tuple[ast.Statement, ...]:
    """The statements without those that only other `windows` need.

    What only other `edges` need stays, and what nothing needs: so `fix` has it, too (`archir.ir.behind`).
    """
    gone = _needed(statements, [*windows, *edges]) - _needed(statements, edges) if any(e for _, e in windows) else set()
    written: list[ast.Statement] = []
    for place, s in enumerate(statements):
        parts = _parts(s)
        left = [part for i, part in enumerate(parts) if (place, i) not in gone]
        if len(left) == len(parts):
            written.append(s)
        elif left and isinstance(s, ast.Assign):
            values = tuple(v for part in left for v in part.values)
            written.append(evolve(s, targets=tuple(t for part in left for t in part.targets), values=values))
    return tuple(written)


def _parts(s: ast.Statement) -> list[ast.Assign]:
    """The assignments that a statement makes at once; of other statements nothing can be left out."""
    if not isinstance(s, ast.Assign):
        return []
    if len(s.targets) == len(s.values):
        return [evolve(s, targets=(t,), values=(v,)) for t, v in zip(s.targets, s.values, strict=True)]
    return [s]


def _needed(statements: Sequence[ast.Statement], more: Uses) -> set[_Part]:
    """The assignments whose values are read behind them, `more` counted as read by its statements."""
    needed: set[_Part] = set()
    live: set[_Value] = set()
    by_user: dict[int, list[ast.Expr]] = {}
    for user, expressions in more:
        by_user.setdefault(id(user), []).extend(expressions)
    for place in range(len(statements) - 1, -1, -1):
        s = statements[place]
        parts = _parts(s)
        here = [i for i, part in enumerate(parts) if any(_overlap(t, v) for t in _targets(part) for v in live)]
        needed |= {(place, i) for i in here}
        live -= {v for i in here for t in _targets(parts[i]) for v in live if v == t or (v[0], None) == t}
        for read in [parts[i].values for i in here] if parts else [(s,)]:
            live |= {v for e in read for v in _values(e)}
        if here or not parts:
            others = (e for part in descendants(s) for e in by_user.get(id(part), ()))
            live |= {v for e in others for v in _values(e)}
    return needed


def _overlap(a: _Value, b: _Value) -> bool:
    """Whether one is the other or a part of it."""
    return a[0] == b[0] and (a[1] == b[1] or a[1] is None or b[1] is None)


def _targets(s: ast.Assign) -> set[_Value]:
    return {value for t in s.targets for value in _values(t)}


def _values(node: ast.Node) -> Iterable[_Value]:
    """The values that an expression or statement names: `c[2]`, each of `c[2..4]`, or a name as a whole."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, ast.Index) and isinstance(here.base, ast.Name):
            yield from ((here.base.text, place) for place in _places(here))
            waiting += here.indexes
        elif isinstance(here, ast.Name):
            yield here.text, None
        else:
            waiting += children(here)


def _places(e: ast.Index) -> list[tuple[int, ...] | None]:
    """The indexes that a plain index or range means; None for one that is not plain."""
    numbers = [number_of(i) for i in e.indexes]
    if all(isinstance(n, int) for n in numbers):
        return [tuple(n for n in numbers if isinstance(n, int))]
    items = literal_items(e.indexes[0]) if len(e.indexes) == 1 and isinstance(e.indexes[0], ast.Range) else None
    plain = [number_of(item) for item in items or ()]
    return [None] if items is None else [(n,) for n in plain if isinstance(n, int)]
