"""The text of an expression, with no more parentheses than it needs."""

from __future__ import annotations

from archir.syntax import ast

# how tightly a form binds; a part is put in parentheses where it binds less than its place wants
_CHOOSE, _CONDITIONAL, _OR, _AND, _NOT, _COMPARE, _RANGE, _PIPE, _SUM, _TERM, _UNARY, _POWER, _POSTFIX = range(13)


def expression_text(e: ast.Expr, least: int = _CHOOSE) -> str:
    """The expression as it is written where at least `least` must bind."""
    text, level = _render(e)
    return f"({text})" if level < least else text


def _render(e: ast.Expr) -> tuple[str, int]:
    show = expression_text
    match e:
        case ast.Name():
            return e.text, _POSTFIX
        case ast.Path():
            return f"%{e.text}", _POSTFIX
        case ast.GraphName():
            return f"@{e.text}", _POSTFIX
        case ast.Literal():
            return e.text, _POSTFIX
        case ast.TupleOf():
            inner = _list(e.items)
            return f"({inner}{',' if len(e.items) == 1 else ''})", _POSTFIX
        case ast.ListOf():
            return f"[{_list(e.items)}]", _POSTFIX
        case ast.Options():
            return f"{{{_list(e.items)}}}", _POSTFIX
        case ast.Arithmetic():
            level = _SUM if e.rest[0][0] in "+-" else _TERM
            first, *terms = operand_texts(e)
            return first + "".join(f" {op} {term}" for (op, _), term in zip(e.rest, terms, strict=True)), level
        case ast.Power():
            return f"{show(e.base, _POSTFIX)} ** {show(e.exponent, _UNARY)}", _POWER
        case ast.Minus():
            return f"-{show(e.value, _UNARY)}", _UNARY
        case ast.Comparison():
            return f"{show(e.left, _RANGE)} {e.operator} {show(e.right, _RANGE)}", _COMPARE
        case ast.Logic():
            level = _OR if e.operator == "or" else _AND
            return f" {e.operator} ".join(show(t, level + 1) for t in e.terms), level
        case ast.Not():
            return f"not {show(e.value, _NOT)}", _NOT
        case ast.Conditional():
            value, test = show(e.value, _OR), show(e.test, _OR)
            return f"{value} if {test} else {show(e.otherwise, _CONDITIONAL)}", _CONDITIONAL
        case ast.Range():
            return f"{_end(e.start)}..{_end(e.stop)}", _RANGE
        case ast.Pipe():
            return " |> ".join([show(e.first, _SUM), *pipe_stages(e)]), _PIPE
    return _render_postfix(e)


def _render_postfix(e: ast.Expr) -> tuple[str, int]:
    show = expression_text
    match e:
        case ast.Index():
            return f"{show(e.base, _POSTFIX)}[{_list(e.indexes)}]", _POSTFIX
        case ast.Attribute():
            return f"{show(e.base, _POSTFIX)}.{e.name}", _POSTFIX
        case ast.Own():
            plain = isinstance(e.tag, ast.Literal) and (isinstance(e.tag.value, int) or '"' not in e.tag.text)
            return f"{show(e.base, _POSTFIX)}@{show(e.tag) if plain else f'({show(e.tag)})'}", _POSTFIX
        case ast.Call():
            return f"{show(e.callee, _POSTFIX)}({', '.join(map(argument_text, e.arguments))})", _POSTFIX
        case ast.Choose():
            edges = " and ".join(map(edges_text, e.edges))
            return f"choose {edges} {keep_text(e.keep)}", _CHOOSE
        case ast.Adjacent():
            return f"choose adjacent {e.count} from {show(e.sources, _PIPE)}{_active(e.active)}", _CHOOSE
    raise AssertionError(f"no text for {type(e).__name__}")


def operand_texts(e: ast.Arithmetic) -> list[str]:
    """The texts of a sum's or product's operands."""
    level = _SUM if e.rest[0][0] in "+-" else _TERM
    return [expression_text(term, level + 1) for term in (e.first, *(term for _, term in e.rest))]


def edges_text(edges: ast.EdgeSet) -> str:
    """`candidates from sources`, and the home of the weights and what is active, if that is said."""
    home = "" if edges.home is None else f" at %{edges.home}"
    start = f"{expression_text(edges.candidates, _PIPE)} from {expression_text(edges.sources, _RANGE)}"
    return start + home + _active(edges.active)


def _active(names: tuple[str, ...] | None) -> str:
    return "" if names is None else f" active {' | '.join(names)}"


def pipe_stages(e: ast.Pipe) -> list[str]:
    """The texts of a pipe's stages, without what is put into the first."""
    return [expression_text(stage, _SUM) for stage in e.stages]


def pipe_start(e: ast.Pipe) -> str:
    """The text of what is put into a pipe's first stage."""
    return expression_text(e.first, _SUM)


def _end(e: ast.Expr) -> str:
    return expression_text(e, _PIPE)


def _list(items: tuple[ast.Expr, ...]) -> str:
    return ", ".join(expression_text(item) for item in items)


def argument_text(argument: ast.Argument) -> str:
    """`value`, `*value` or `name=value`."""
    value = expression_text(argument.value)
    if argument.name is not None:
        return f"{argument.name}={value}"
    return f"*{value}" if argument.spread else value


def keep_text(keep: ast.Keep) -> str:
    """`keep 2 edges some ops`."""
    parts = [_amount(a, unit) for a, unit in ((keep.edges, "edge"), (keep.operations, "op")) if a is not None]
    return f"keep {' '.join(parts)}"


def _amount(amount: ast.Amount, unit: str) -> str:
    if amount.word is not None:
        return f"{amount.word} {unit}s"
    if amount.least == amount.most:
        return f"{amount.least} {unit}{'' if amount.least == 1 else 's'}"
    return f"{amount.least}..{amount.most} {unit}s"
