"""What a point keeps of the choices of a text, written as expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import Factory, define, evolve

from archir.diagnostics import fail
from archir.ir.graph import Choice
from archir.ir.module import join
from archir.ir.point import Kept, Point
from archir.ir.primitive import Primitive
from archir.ops.layout import zeros_for
from archir.sema.library import FileScope
from archir.sema.names import resolve
from archir.sema.owners import Named, Written
from archir.sema.settings import setting_expression
from archir.sema.terms import kept_term
from archir.sema.unroll import Env, edges_of, start_arguments, values_of
from archir.sema.values import CandidatesValue, Value
from archir.source import Span
from archir.syntax import ast
from archir.syntax.fold import literal, map_children

CLOSED = "?"
"""Stands for a choice that a point says nothing of, since a window leaves it out; what holds it is not printed."""


@define
class Place:
    """The definition whose body is being written."""

    owner: str
    scope: FileScope
    local: frozenset[str]
    known: Env = Factory(dict)
    """Parameters that have one value in all instances; only loops and edges around choices need them."""
    named: Named = Factory(dict)
    """Parameters that are definitions or candidates, the same in all instances."""
    undecided: bool = False
    """Whether the point says nothing of its choices: then they stay as they are."""
    windows: bool = False
    """Whether it holds `choose adjacent`: then its loops are written out, since a window may leave out some turns."""
    other_windows: list[ast.Expr] = Factory(list)
    """What the statement that is being written would read if other windows were kept."""
    other_edges: list[ast.Expr] = Factory(list)
    by_windows: list[tuple[ast.Statement, tuple[ast.Expr, ...]]] = Factory(list)
    """Statements that were written, with what they would read if other windows were kept; `by_edges` alike."""
    by_edges: list[tuple[ast.Statement, tuple[ast.Expr, ...]]] = Factory(list)
    used: dict[Span, int] = Factory(dict)


@define
class KeptText:
    """Turns the choices of a text, met in order of computation, into what a point keeps of them.

    `show` writes an expression in its place with some names replaced; `refer` gives a definition of another
    file the name that it has in the new text.
    """

    point: Point
    choices: Written
    scopes: Mapping[str, FileScope]
    show: Callable[[Any, Env, Place], Any]
    refer: Callable[[Any, FileScope], ast.Expr]

    def total(self, e: ast.Choose, env: Env, place: Place) -> ast.Expr:
        """The sum of what is kept."""
        terms, choice = self._terms(e, env, place)
        if not terms:
            return self._zeros(e, choice, env, place)
        rest = tuple(("+", t) for t in terms[1:])
        return ast.Arithmetic(terms[0], rest, span=e.span) if rest else terms[0]

    def values(self, e: ast.Choose | ast.Adjacent, env: Env, place: Place) -> list[ast.Expr]:
        """The values that a choice hands on."""
        return self._terms(e, env, place)[0] if isinstance(e, ast.Choose) else self._window(e, env, place)

    def _written(self, e: ast.Choose | ast.Adjacent, place: Place) -> tuple[Choice, tuple[Kept, ...] | None]:
        """The choice in the IR that this text stands for in its next turn, and what is kept of it; None if closed."""
        count = place.used[e.span] = place.used.get(e.span, -1) + 1
        written = self.choices.get((place.owner, e.span), [])
        if count >= len(written):
            help_ = "print it in the flat form"
            fail("NAS402", "this choice is not reached by every instance", span=e.span, help=help_)
        return written[count], self.point.kept(join(place.owner, written[count].name))

    def _terms(self, e: ast.Choose, env: Env, place: Place) -> tuple[list[ast.Expr], Choice]:
        """What is kept of a choice, each as a call, and the choice in the IR."""
        choice, all_kept = self._written(e, place)
        edges = self._edges(e, choice, env, place)
        place.other_edges += [start for _, start in edges]
        if all_kept is None:
            return [ast.Name(CLOSED, span=e.span)] * choice.slots, choice
        terms: list[ast.Expr] = []
        for kept in all_kept:
            group, start = edges[kept.edge]
            callee = group.callee if isinstance(group, ast.Call) else group
            candidates = self._candidates(callee, place)
            arguments = group.arguments if isinstance(group, ast.Call) else ()
            given = tuple(map_children(a, lambda x: self.show(x, env, place)) for a in arguments)
            term = kept_term(candidates, given, kept, start_arguments(start, len(choice.edges[kept.edge].sources)))
            call: ast.Expr = evolve(term, callee=self.refer(term.callee, candidates.scope))
            terms.append(_scaled(call, kept))
        return terms, choice

    def meaning(self, e: ast.Expr, place: Place) -> Value:
        """What a name stands for where it is written; None for a value, and for what instances do not agree in."""
        if isinstance(e, ast.Name) and e.text in place.local:
            named = place.named.get(e.text)
            return None if named is None else self.scopes[named.file].own.get(named.name)
        return resolve(place.scope, e)

    def _candidates(self, e: ast.Expr, place: Place) -> CandidatesValue:
        value = self.meaning(e, place)
        if not isinstance(value, CandidatesValue):
            help_ = "print it in the flat form"
            fail("NAS402", "these candidates are not the same in every instance", span=e.span, help=help_)
        return value

    def _edges(self, e: ast.Choose, choice: Choice, env: Env, place: Place) -> list[tuple[ast.Expr, ast.Expr]]:
        return edges_of(e, len(choice.edges), lambda x: self._sources(x, env, place))

    def _sources(self, e: ast.Expr, env: Env, place: Place) -> ast.Expr:
        """Sources as they are written; the bounds of a slice are computed, since it is taken apart."""
        written: ast.Expr = self.show(e, {**place.known, **env} if isinstance(e, ast.Index) else env, place)
        return written

    def _window(self, e: ast.Adjacent, env: Env, place: Place) -> list[ast.Expr]:
        """The values of the window that is kept."""
        choice, kept = self._written(e, place)
        values = values_of(self._sources(e.sources, env, place), len(choice.operands))
        if kept is None:
            place.other_windows += values
            return [ast.Name(CLOSED, span=e.span)] * choice.slots
        first = [c.name for c in choice.edges[0].candidates].index(kept[0].operation)
        place.other_windows += [*values[:first], *values[first + choice.slots :]]
        return [_scaled(value, kept[0]) for value in values[first : first + choice.slots]]

    def _zeros(self, e: ast.Choose, choice: Choice, env: Env, place: Place) -> ast.Expr:
        """What stands for a choice of which nothing is kept."""
        starts = [start for _, start in self._edges(e, choice, env, place)]
        for start, edge in zip(starts, choice.edges, strict=True):
            values = [start] if len(edge.sources) == 1 else values_of(start, len(edge.sources))
            for value, source in zip(values, edge.candidates[0].graph.inputs, strict=True):
                zero = zeros_for(source.type, choice.type)
                if zero is not None:
                    return _called_with(zero, value)
        raise AssertionError("the point was fixed, so the zeros can be made")


def _called_with(primitive: Primitive, value: ast.Expr) -> ast.Expr:
    arguments = [ast.Argument(value, span=value.span)]
    for name, attribute in primitive.attributes():
        plain = attribute[0] if isinstance(attribute, tuple) and len(set(attribute)) == 1 else attribute
        arguments.append(ast.Argument(setting_expression(plain, value.span), name, span=value.span))
    return ast.Call(ast.Name(primitive.name, span=value.span), tuple(arguments), span=value.span)


def _scaled(term: ast.Expr, kept: Kept) -> ast.Expr:
    if kept.coefficient is None:
        return term
    return ast.Arithmetic(literal(kept.coefficient, term.span), (("*", term),), span=term.span)
