"""Statements and blocks, formatted."""

from __future__ import annotations

from archir.syntax import ast
from archir.syntax.expression_text import expression_text
from archir.syntax.lines import WIDTH, Lines


def write_block(out: Lines, head: str, block: ast.Block) -> None:
    """A block in one line where it was written so and fits."""
    short = _one_line(block)
    if short is not None and len(f"{'  ' * out.depth}{head}{{ {short} }}") <= WIDTH:
        out.put(f"{head}{{ {short} }}", block)
        return
    write_long_block(out, head, block)
    out.trail(block)


def _one_line(block: ast.Block) -> str | None:
    """The block's only statement, where it was written in one line (so that no comment is inside)."""
    start, end = block.span.start, block.span.end
    if len(block.statements) != 1 or "\n" in block.span.source.text[start:end]:
        return None
    only = block.statements[0]
    if isinstance(only, ast.If):
        return None
    if isinstance(only, ast.For):
        inner = _one_line(only.body)
        return None if inner is None else f"{_for_head(only)}{{ {inner} }}"
    return _simple_text(only)


def _write_statement(out: Lines, s: ast.Statement) -> None:
    match s:
        case ast.For():
            out.comments_until(s.body.span.start)
            write_block(out, _for_head(s), s.body)
        case ast.If():
            _write_branch(out, "", s)
        case _:
            _write_simple(out, s)


def _write_branch(out: Lines, before: str, s: ast.If) -> None:
    if not before:
        out.comments_until(s.body.span.start)
    head = f"{before}if {expression_text(s.test)} "
    if s.otherwise is None:
        (write_long_block if before else write_block)(out, head, s.body)
        return
    short = _one_line(s.body)
    other = _one_line(s.otherwise) if isinstance(s.otherwise, ast.Block) else None
    whole = f"{head}{{ {short} }} else {{ {other} }}"
    one = not before and "\n" not in s.span.source.text[s.span.start : s.span.end]
    if one and short is not None and other is not None and len(whole) + 2 * out.depth <= WIDTH:
        out.put(whole, s)
        return
    write_long_block(out, head, s.body)
    out.lines.pop()
    if isinstance(s.otherwise, ast.If):
        _write_branch(out, "} else ", s.otherwise)
    else:
        write_long_block(out, "} else ", s.otherwise)
        out.trail(s)


def write_long_block(out: Lines, head: str, block: ast.Block) -> None:
    """A block over several lines, whatever its length."""
    out.put(f"{head}{{")
    out.depth += 1
    for i, statement in enumerate(block.statements):
        if i > 0 and out.gap_between(block.statements[i - 1], statement):
            out.lines.append("")
        out.own_line_comments(statement)
        _write_statement(out, statement)
    out.last_comments(block)
    out.depth -= 1
    out.put("}")


def _write_simple(out: Lines, s: ast.Statement) -> None:
    out.last_comments(s)
    text, value = _simple_text(s), _last_value(s)
    if value is None:
        out.put(text, s)
    else:
        out.with_value(text[: len(text) - len(expression_text(value))], value, s)


def _last_value(s: ast.Statement) -> ast.Expr | None:
    """The expression that a statement ends with, where it is the only one."""
    match s:
        case ast.Assign(values=(only,), type=None):
            return only
        case ast.Return():
            return s.value
        case ast.Phase():
            return s.call
    return None


def _for_head(s: ast.For) -> str:
    return f"for {', '.join(map(expression_text, s.targets))} in {expression_text(s.iterable)} "


def _simple_text(s: ast.Statement) -> str:
    match s:
        case ast.Assign():
            targets = ", ".join(map(expression_text, s.targets))
            values = ", ".join(map(expression_text, s.values))
            return f"{targets} = {values}{'' if s.type is None else f' : {expression_text(s.type)}'}"
        case ast.Return():
            return f"return {expression_text(s.value)}"
        case ast.Require():
            return f"require {expression_text(s.test)}"
        case ast.Phase():
            return expression_text(s.call)
    raise AssertionError(f"{type(s).__name__} takes several lines")
