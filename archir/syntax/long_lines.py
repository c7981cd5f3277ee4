"""Statements that do not fit into one line, written over several."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from archir.syntax import ast
from archir.syntax.expression_text import (
    argument_text,
    edges_text,
    expression_text,
    keep_text,
    operand_texts,
    pipe_stages,
    pipe_start,
)

_INDENT = "    "


def broken(head: str, value: ast.Expr, width: int) -> list[str] | None:
    """Lines of at most `width` characters (where that can be) for `head` and the value behind it.

    None where the language has no place for a line break.
    """
    match value:
        case ast.Pipe():
            return [f"{head}{pipe_start(value)}", *(f"  |> {stage}" for stage in pipe_stages(value))]
        case ast.Call() if value.arguments:
            inner = _arguments(value.arguments, width - len(_INDENT))
            return [f"{head}{expression_text(value.callee)}(", *(_INDENT + line for line in inner), ")"]
        case ast.ListOf() if value.items:
            inner = filled([f"{expression_text(item)}," for item in value.items], width - len(_INDENT))
            return [f"{head}[", *(_INDENT + line for line in inner), "]"]
        case ast.Choose():
            edges = [edges_text(g) for g in value.edges]
            rest = [*(f"{_INDENT}and {e}" for e in edges[1:]), f"{_INDENT}{keep_text(value.keep)}"]
            return [f"{head}choose {edges[0]}", *rest]
        case ast.Arithmetic():
            terms = operand_texts(value)
            ends = [*(f" {operator}" for operator, _ in value.rest), ""]
            lines = filled([f"{term}{end}" for term, end in zip(terms, ends, strict=True)], width - len(_INDENT))
            return [head + lines[0], *(_INDENT + line for line in lines[1:])]
    return None


def _arguments(arguments: Sequence[ast.Argument], width: int) -> list[str]:
    """Arguments side by side; one that is too long for a line has lines of its own."""
    lines: list[str] = []
    for is_long, group in groupby(arguments, lambda a: len(argument_text(a)) + 1 > width):
        if not is_long:
            lines += filled([f"{argument_text(a)}," for a in group], width)
            continue
        for a in group:
            head = f"{a.name}=" if a.name is not None else "*" if a.spread else ""
            *first, last = _inside(head, a.value, width)
            lines += [*first, f"{last},"]
    return lines


def _inside(head: str, value: ast.Expr, width: int) -> list[str]:
    """As `broken` within brackets, where a line may end anywhere."""
    if isinstance(value, ast.Conditional):
        one = expression_text(value)
        first = one.removesuffix(f" else {expression_text(value.otherwise)}")
        if first != one:
            return [f"{head}{first}", f"{_INDENT}else {expression_text(value.otherwise)}"]
    return broken(head, value, width) or [f"{head}{expression_text(value)}"]


def filled(words: list[str], width: int) -> list[str]:
    """Words side by side in as few lines as hold them."""
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
