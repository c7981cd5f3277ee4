"""Lark's tree -> ours, without recursion, so that depth costs no stack."""

from __future__ import annotations

from math import isfinite
from typing import Any, cast

from lark import Token, v_args
from lark.tree import Meta
from lark.visitors import Transformer_NonRecursive

from archir.diagnostics import fail
from archir.source import Source, Span
from archir.syntax import ast

_SUFFIX = {"K": 10**3, "M": 10**6, "G": 10**9}
_MOST_DIGITS = 1000
_AMOUNTS = {"any": (0, None), "some": (1, None), "all": (-1, None)}


def _number(text: str) -> int | float:
    scale = _SUFFIX.get(text[-1], 1)
    value = float(text.rstrip("KMG")) * scale
    return int(value) if scale > 1 and value.is_integer() else value


@v_args(meta=True)
class TreeBuilder(Transformer_NonRecursive[Token, ast.File]):
    """One method per rule of the grammar that makes a node."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source

    def _span(self, meta: Meta) -> Span:
        if meta.empty:
            return Span(self.source, 0, 0)
        return Span(self.source, meta.start_pos, meta.end_pos)

    # leaves
    def name(self, meta: Meta, c: list[Any]) -> ast.Name:
        return ast.Name(str(c[0]), span=self._span(meta))

    def path(self, meta: Meta, c: list[Any]) -> ast.Path:
        return ast.Path(c[0][1:], span=self._span(meta))

    def graph(self, meta: Meta, c: list[Any]) -> ast.GraphName:
        return ast.GraphName(c[0][1:], span=self._span(meta))

    def integer(self, meta: Meta, c: list[Any]) -> ast.Literal:
        return ast.Literal(self._integer(meta, c[0]), str(c[0]), span=self._span(meta))

    def _integer(self, meta: Meta, text: str) -> int:
        if len(text) > _MOST_DIGITS:
            help_ = f"a number has at most {_MOST_DIGITS} digits"
            fail("NAS101", "this number is too long", span=self._span(meta), help=help_)
        return int(text)

    def number(self, meta: Meta, c: list[Any]) -> ast.Literal:
        value = _number(c[0])
        if not isfinite(value):
            fail("NAS101", "this number is too large", span=self._span(meta), help="write one below 1e308")
        return ast.Literal(value, str(c[0]), span=self._span(meta))

    def string(self, meta: Meta, c: list[Any]) -> ast.Literal:
        return ast.Literal(str(c[0][1:-1]), str(c[0]), span=self._span(meta))

    # expressions
    def tuple_of(self, meta: Meta, c: list[Any]) -> ast.TupleOf:
        return ast.TupleOf(_given(c), span=self._span(meta))

    def list_of(self, meta: Meta, c: list[Any]) -> ast.ListOf:
        return ast.ListOf(_given(c), span=self._span(meta))

    def options(self, meta: Meta, c: list[Any]) -> ast.Options:
        return ast.Options(_given(c), span=self._span(meta))

    def arithmetic(self, meta: Meta, c: list[Any]) -> ast.Arithmetic:
        rest = tuple((str(o), t) for o, t in zip(c[1::2], c[2::2], strict=True))
        return ast.Arithmetic(c[0], rest, span=self._span(meta))

    def power(self, meta: Meta, c: list[Any]) -> ast.Power:
        return ast.Power(c[0], c[2], span=self._span(meta))

    def minus(self, meta: Meta, c: list[Any]) -> ast.Minus:
        return ast.Minus(c[-1], span=self._span(meta))

    def comparison(self, meta: Meta, c: list[Any]) -> ast.Comparison:
        return ast.Comparison(c[0], str(c[1]), c[2], span=self._span(meta))

    def conjunction(self, meta: Meta, c: list[Any]) -> ast.Logic:
        return ast.Logic("and", tuple(c), span=self._span(meta))

    def disjunction(self, meta: Meta, c: list[Any]) -> ast.Logic:
        return ast.Logic("or", tuple(c), span=self._span(meta))

    def inversion(self, meta: Meta, c: list[Any]) -> ast.Not:
        return ast.Not(c[0], span=self._span(meta))

    def conditional(self, meta: Meta, c: list[Any]) -> ast.Conditional:
        return ast.Conditional(c[0], c[1], c[2], span=self._span(meta))

    def interval(self, meta: Meta, c: list[Any]) -> ast.Range:
        return ast.Range(c[0], c[1], span=self._span(meta))

    def pipe(self, meta: Meta, c: list[Any]) -> ast.Pipe:
        return ast.Pipe(c[0], tuple(c[1:]), span=self._span(meta))

    def index(self, meta: Meta, c: list[Any]) -> ast.Index:
        return ast.Index(c[0], tuple(c[1:]), span=self._span(meta))

    def attribute(self, meta: Meta, c: list[Any]) -> ast.Attribute:
        return ast.Attribute(c[0], str(c[1]), span=self._span(meta))

    def own(self, meta: Meta, c: list[Any]) -> ast.Own:
        tag = self._tag(meta, c[1]) if isinstance(c[1], Token) else c[1]
        return ast.Own(c[0], tag, span=self._span(meta))

    def _tag(self, meta: Meta, token: Token) -> ast.Expr:
        value = self._integer(meta, token) if token.type == "INT" else str(token)
        return ast.Literal(value, str(token), span=self._span(meta))

    def positional(self, meta: Meta, c: list[Any]) -> ast.Argument:
        return ast.Argument(c[0], span=self._span(meta))

    def spread(self, meta: Meta, c: list[Any]) -> ast.Argument:
        return ast.Argument(c[0], spread=True, span=self._span(meta))

    def keyword(self, meta: Meta, c: list[Any]) -> ast.Argument:
        return ast.Argument(c[1], str(c[0]), span=self._span(meta))

    def call(self, meta: Meta, c: list[Any]) -> ast.Call:
        return ast.Call(c[0], _given(c[1:]), span=self._span(meta))

    # choices
    def edges(self, meta: Meta, c: list[Any]) -> ast.EdgeSet:
        home = None if c[2] is None else str(c[2])[1:]
        return ast.EdgeSet(c[0], c[1], home, c[3], span=self._span(meta))

    def active(self, meta: Meta, c: list[Any]) -> tuple[str, ...]:
        return tuple(map(str, c))

    def amount(self, meta: Meta, c: list[Any]) -> ast.Amount:
        if c[0].type == "AMOUNT":
            least, most = _AMOUNTS[str(c[0])]
            return ast.Amount(least, most, str(c[0]), span=self._span(meta))
        least = self._integer(meta, c[0])
        return ast.Amount(least, least if c[1] is None else self._integer(meta, c[1]), span=self._span(meta))

    def keep(self, meta: Meta, c: list[Any]) -> ast.Keep:
        given = [(str(unit)[:2], amount) for amount, unit in zip(c[::2], c[1::2], strict=True) if amount is not None]
        found = dict(given)
        if len(found) < len(given):
            help_ = "write `keep 2 edges 1 op`: first how many edges, then how many operations on each"
            fail("NAS307", f"`{c[-1]}` are counted twice", span=self._span(meta), help=help_)
        return ast.Keep(found.get("ed"), found.get("op"), span=self._span(meta))

    def choose(self, meta: Meta, c: list[Any]) -> ast.Choose:
        return ast.Choose(tuple(c[:-1]), c[-1], span=self._span(meta))

    def adjacent(self, meta: Meta, c: list[Any]) -> ast.Adjacent:
        return ast.Adjacent(self._integer(meta, c[0]), *c[1:], span=self._span(meta))

    # statements
    def block(self, meta: Meta, c: list[Any]) -> ast.Block:
        return ast.Block(tuple(c), span=self._span(meta))

    def targets(self, meta: Meta, c: list[Any]) -> tuple[ast.Expr, ...]:
        return tuple(c)

    def assign(self, meta: Meta, c: list[Any]) -> ast.Assign:
        return ast.Assign(c[0], tuple(c[1:-1]), c[-1], span=self._span(meta))

    def phase(self, meta: Meta, c: list[Any]) -> ast.Phase:
        return ast.Phase(c[0], span=self._span(meta))

    def loop(self, meta: Meta, c: list[Any]) -> ast.For:
        return ast.For(c[0], c[1], c[2], span=self._span(meta))

    def result(self, meta: Meta, c: list[Any]) -> ast.Return:
        return ast.Return(c[0], span=self._span(meta))

    def requirement(self, meta: Meta, c: list[Any]) -> ast.Require:
        return ast.Require(c[0], span=self._span(meta))

    def branch(self, meta: Meta, c: list[Any]) -> ast.If:
        return ast.If(c[0], c[1], c[2], span=self._span(meta))

    # items
    def dotted(self, meta: Meta, c: list[Any]) -> tuple[str, ...]:
        return tuple(str(part) for part in c)

    def use(self, meta: Meta, c: list[Any]) -> ast.Use:
        return ast.Use(c[0], None if c[1] is None else str(c[1]), span=self._span(meta))

    def constant(self, meta: Meta, c: list[Any]) -> ast.Constant:
        return ast.Constant(str(c[0]), c[1], span=self._span(meta))

    def param(self, meta: Meta, c: list[Any]) -> ast.Param:
        return ast.Param(str(c[0]).removeprefix("%"), c[1], c[2], span=self._span(meta))

    def candidate(self, meta: Meta, c: list[Any]) -> ast.Alternative:
        return ast.Alternative(None if c[0] is None else str(c[0]), c[1], c[2] is not None, span=self._span(meta))

    def candidates(self, meta: Meta, c: list[Any]) -> ast.Candidates:
        params, rest = _leading(c[1:], ast.Param)
        return ast.Candidates(str(c[0]).removeprefix("@"), params, tuple(rest), span=self._span(meta))

    def definition(self, meta: Meta, c: list[Any]) -> ast.Definition:
        params, (body,) = _leading(c[2:], ast.Param)
        return ast.Definition(str(c[0]), str(c[1]).removeprefix("@"), params, body, span=self._span(meta))

    def base(self, meta: Meta, c: list[Any]) -> ast.Base:
        return ast.Base(str(c[0])[1:], span=self._span(meta))

    def binding(self, meta: Meta, c: list[Any]) -> ast.Binding:
        return ast.Binding(cast(Any, str(c[0])), str(c[1])[1:], c[2], span=self._span(meta))

    def module(self, meta: Meta, c: list[Any]) -> ast.Flat:
        return ast.Flat(str(c[0]), str(c[1]), tuple(c[2:]), span=self._span(meta))

    def start(self, _meta: Meta, c: list[Any]) -> ast.File:
        return ast.File(self.source, tuple(c))


def _given(children: list[Any]) -> tuple[Any, ...]:
    return tuple(c for c in children if c is not None)


def _leading(children: list[Any], kind: type) -> tuple[tuple[Any, ...], list[Any]]:
    first = [c for c in children if c is not None]
    count = next((i for i, c in enumerate(first) if not isinstance(c, kind)), len(first))
    return tuple(first[:count]), first[count:]
