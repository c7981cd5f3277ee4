"""A definition that hands on to others, one for each stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from attrs import evolve

from archir.syntax import ast
from archir.syntax.fold import literal


def by_stage(item: ast.Definition, inputs: Sequence[str], own: Mapping[int, str]) -> ast.Definition:
    """The definition with the cell of its stage for a body.

    `own`: the name of the cell at each reduction of the smallest of the `inputs` (`x`, or `x.0` for a place in a
    list). A call at any other reduction is an error.
    """
    span = item.span
    name = partial(ast.Name, span=span)
    arguments = tuple(ast.Argument(name(p.name), span=span) for p in item.params)
    read: list[ast.Expr] = [ast.Attribute(_value(i, item), "reduction", span=span) for i in inputs]
    found = read[0] if len(read) == 1 else ast.Call(name("max"), tuple(map(_argument, read)), span=span)
    local = "reduction"
    while any(p.name == local for p in item.params):
        local += "_"
    statements: list[ast.Statement] = [ast.Assign((name(local),), (found,), None, span=span)]
    for place, (reduction, cell) in enumerate(own.items()):
        here = ast.Comparison(name(local), "==", literal(reduction, span), span=span)
        result = ast.Return(ast.Call(name(cell), arguments, span=span), span=span)
        if place < len(own) - 1:
            statements.append(ast.If(here, ast.Block((result,), span=span), None, span=span))
        else:
            statements += [ast.Require(here, span=span), result]
    return evolve(item, body=ast.Block(tuple(statements), span=span))


def _argument(e: ast.Expr) -> ast.Argument:
    return ast.Argument(e, span=e.span)


def _value(name: str, item: ast.Definition) -> ast.Expr:
    """An input as an expression: `x`, or `x[0]` of a parameter that is a list."""
    first, *places = name.split(".")
    value: ast.Expr = ast.Name(first, span=item.span)
    return ast.Index(value, tuple(literal(int(p), item.span) for p in places), span=item.span) if places else value
