"""Putting known values into expressions, and computing what then has a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from attrs import evolve, fields

from archir.source import Span
from archir.syntax import ast

N = TypeVar("N", bound=ast.Node)


def map_children(node: N, change: Callable[[Any], Any]) -> N:
    """The node with `change` applied to each node directly inside it."""

    def visit(value: Any) -> Any:
        if isinstance(value, ast.Node):
            return change(value)
        return tuple(visit(v) for v in value) if isinstance(value, tuple) else value

    changed = {f.name: visit(getattr(node, f.name)) for f in fields(type(node)) if f.name != "span"}
    return cast(N, evolve(cast(Any, node), **changed))


def literal(value: int | float, span: Span) -> ast.Expr:
    """A number as an expression."""
    return ast.Literal(value, repr(value), span=span) if value >= 0 else ast.Minus(literal(-value, span), span=span)


def boolean(value: bool, span: Span) -> ast.Name:
    """`true` or `false`."""
    return ast.Name("true" if value else "false", span=span)


def number_of(e: ast.Node) -> int | float | None:
    """The number that an expression plainly is."""
    match e:
        case ast.Literal(value=int() | float() as value):
            return value
        case ast.Minus(value=ast.Literal(value=int() | float() as value)):
            return -value
    return None


def truth_of(e: ast.Node) -> bool | None:
    """The truth value that an expression plainly is."""
    return {"true": True, "false": False}.get(e.text) if isinstance(e, ast.Name) else None


Functions = Mapping[str, Callable[..., Any]]


def fold(e: ast.Node, functions: Functions) -> ast.Node:
    """The expression, computed if all its parts (which must be folded) are plain values and there is a result.

    `functions` holds the operators `+ - * / // % ** == != < <= > >=` and named functions of numbers.
    """
    try:
        return _computed(e, functions)
    except (ValueError, TypeError, ArithmeticError):
        return e


def _computed(e: ast.Node, functions: Functions) -> ast.Node:
    match e:
        case ast.Arithmetic():
            numbers = [number_of(e.first), *(number_of(t) for _, t in e.rest)]
            total = numbers[0]
            for (symbol, _), n in zip(e.rest, numbers[1:], strict=True):
                if total is None or n is None:
                    return e
                total = functions[symbol](total, n)
            return e if total is None else literal(total, e.span)
        case ast.Power() | ast.Comparison():
            return _binary(e, functions)
        case ast.Not():
            value = truth_of(e.value)
            return e if value is None else boolean(not value, e.span)
        case ast.Logic():
            return _logic(e)
        case ast.Conditional():
            value = truth_of(e.test)
            return e if value is None else (e.value if value else e.otherwise)
        case ast.Call(callee=ast.Name(text=name)) if name in functions:
            arguments = [number_of(a.value) for a in e.arguments]
            plain = arguments and all(n is not None for n in arguments) and all(a.name is None for a in e.arguments)
            return literal(functions[name](*arguments), e.span) if plain else e
        case ast.Index(base=ast.TupleOf() | ast.ListOf() as base, indexes=(ast.Literal(value=int() as i),)):
            return base.items[i] if i < len(base.items) else e
    return e


def _binary(e: ast.Power | ast.Comparison, functions: Functions) -> ast.Node:
    if isinstance(e, ast.Power):
        left, right, symbol = number_of(e.base), number_of(e.exponent), "**"
    else:
        left, right, symbol = number_of(e.left), number_of(e.right), e.operator
    if left is None or right is None:
        equal = _equal(e.left, e.right) if isinstance(e, ast.Comparison) and e.operator in ("==", "!=") else None
        return e if equal is None else boolean(equal is (symbol == "=="), e.span)
    value = functions[symbol](left, right)
    return boolean(value, e.span) if isinstance(value, bool) else literal(value, e.span)


def _equal(left: ast.Expr, right: ast.Expr) -> bool | None:
    """Whether two strings or two truth values are the same; None for anything else."""
    if isinstance(left, ast.Literal) and isinstance(right, ast.Literal):
        return left.value == right.value
    first, second = truth_of(left), truth_of(right)
    return None if first is None or second is None else first is second


def _logic(e: ast.Logic) -> ast.Node:
    wanted = e.operator == "or"
    open_terms = []
    for term in e.terms:
        value = truth_of(term)
        if value is wanted:
            return boolean(wanted, e.span)
        if value is None:
            open_terms.append(term)
    if not open_terms:
        return boolean(not wanted, e.span)
    return open_terms[0] if len(open_terms) == 1 else evolve(e, terms=tuple(open_terms))
