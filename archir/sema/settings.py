"""Settings written into the text: a net whose parameters default to what was given."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from archir.ir.origin import Setting
from archir.sema.types import DEFINITIONS, type_word
from archir.source import Span
from archir.syntax import ast
from archir.syntax.fold import literal


def with_defaults(item: ast.Definition, settings: Mapping[str, Setting]) -> ast.Definition:
    """A net whose parameters default to the given settings."""
    return evolve(item, params=tuple(_with_default(p, settings.get(p.name)) for p in item.params))


def _with_default(param: ast.Param, value: Setting | None) -> ast.Param:
    if value is None:
        return param
    if isinstance(value, str) and (
        type_word(param) in DEFINITIONS or isinstance(param.default, ast.Name | ast.Attribute)
    ):
        return evolve(param, default=_name(value, param.span))
    written = setting_expression(value, param.span)
    if isinstance(param.type, ast.Index) and isinstance(written, ast.TupleOf):
        return evolve(param, type=evolve(param.type, indexes=written.items))
    return evolve(param, default=written)


def _name(dotted: str, span: Span) -> ast.Expr:
    """The name of a definition: `normal`, `darts.normal`."""
    first, _, rest = dotted.partition(".")
    return ast.Attribute(ast.Name(first, span=span), rest, span=span) if rest else ast.Name(first, span=span)


def setting_expression(value: Setting, span: Span) -> ast.Expr:
    """A number, truth value, string or tuple of them as an expression of the language."""
    match value:
        case bool():
            return ast.Name("true" if value else "false", span=span)
        case str():
            return ast.Literal(value, f'"{value}"', span=span)
        case tuple():
            return ast.TupleOf(tuple(setting_expression(v, span) for v in value), span=span)
    return literal(value, span)
