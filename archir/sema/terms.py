"""One kept candidate, written as a call."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import product
from typing import Any

from attrs import evolve

from archir.ir.point import Kept
from archir.sema.arguments import by_parameter
from archir.sema.arithmetic import COMPARISONS, OPERATORS, calculate
from archir.sema.functions import FUNCTIONS
from archir.sema.library import FileScope
from archir.sema.names import resolve
from archir.sema.values import CandidatesValue, DefinitionValue, Value
from archir.syntax import ast
from archir.syntax.fold import fold, map_children, number_of, truth_of

FOLDABLE: Mapping[str, Any] = {
    **{o: partial(calculate, o) for o in OPERATORS},
    **COMPARISONS,
    **{n: f.compute for n, f in FUNCTIONS.items()},
}
"""What is computed where all operands are plain numbers; ValueError where there is no result."""


def option_suffix(name: str | None, value: Value) -> str:
    """What one option adds to a candidate's name: `k3`, `k1x7`, `se_ratio0_25`, `bias_true`, `inner_normal`."""
    between = "" if isinstance(value, int | float | tuple) and not isinstance(value, bool) else "_"
    return f"{name or 'option'}{between}{_spelled(value)}"


def _spelled(value: Value) -> str:
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return "x".join(map(_spelled, value))
        case int() | float():
            return str(value).replace(".", "_").replace("-", "m").replace("+", "")
    return str(getattr(value, "name", value))


def _option(e: ast.Expr) -> Value:
    """What `option_suffix` takes, of an option that is written as `e`: a definition counts by its name."""
    number, truth = number_of(e), truth_of(e)
    match e:
        case _ if number is not None or truth is not None:
            return truth if number is None else number
        case ast.ListOf():
            return tuple(_option(item) for item in e.items)
        case ast.Name() | ast.Attribute():
            return _label(e)
    return getattr(e, "value", None)


def constants(scope: FileScope) -> dict[str, ast.Expr]:
    """The constants that a file knows, by `name` and `file.name`, free of each other: a printed network has none."""
    found: dict[str, ast.Expr] = {}
    for alias, used in scope.uses.items():
        own = {name: e for name, e in constants(used.scope).items() if name in used.scope.own}
        found |= own | {f"{alias}.{name}": e for name, e in own.items()}
    for name, item in scope.own.items():
        if isinstance(item, ast.Constant):
            found[name] = substituted(item.value, found)
    return found


def kept_term(
    candidates: CandidatesValue, given: tuple[ast.Argument, ...], kept: Kept, start: tuple[ast.Argument, ...]
) -> ast.Call:
    """The call that a kept candidate stands for, on what its edge starts from."""
    env = {**constants(candidates.scope), **_arguments(candidates.candidates.params, given)}
    for alternative in candidates.candidates.alternatives:
        e = alternative.value
        callee, arguments = (e.callee, e.arguments) if isinstance(e, ast.Call) else (e, ())
        put = tuple(evolve(a, value=substituted(a.value, env)) for a in arguments)
        label = alternative.label or _label(callee)
        for combination in product(*(a.value.items if isinstance(a.value, ast.Options) else (a.value,) for a in put)):
            suffixes = [
                option_suffix(a.name, _option(v))
                for a, v in zip(put, combination, strict=True)
                if isinstance(a.value, ast.Options)
            ]
            if "_".join([label, *suffixes]) == kept.operation:
                full = tuple(evolve(a, value=v) for a, v in zip(put, combination, strict=True))
                return _call(candidates, callee, full, start)
    raise AssertionError(f"no candidate `{kept.operation}`: the point was checked against the choice")


def _label(callee: ast.Expr) -> str:
    return callee.name if isinstance(callee, ast.Attribute) else getattr(callee, "text", "")


def _arguments(params: tuple[ast.Param, ...], given: tuple[ast.Argument, ...]) -> dict[str, ast.Expr]:
    """Arguments by parameter, defaults included, as the call rule has it."""
    positional = [a.value for a in given if a.name is None]
    named = {a.name: a.value for a in given if a.name is not None}
    bound = by_parameter((p.name for p in params), positional, named)
    for param in params:
        if param.name not in bound and param.default is not None:
            bound[param.name] = substituted(param.default, bound)
    return bound


def substituted(e: ast.Expr, env: Mapping[str, ast.Expr]) -> ast.Expr:
    """The expression with known names replaced, and computed where it can be."""

    def change(part: ast.Node) -> ast.Node:
        match part:
            case ast.Name(text=name) if name in env:
                return env[name]
            case ast.Attribute(base=ast.Name(text=name)) if f"{name}.{part.name}" in env and name not in env:
                return env[f"{name}.{part.name}"]
        return fold(map_children(part, change), FOLDABLE)

    return change(e)  # type: ignore[return-value]


def _call(
    candidates: CandidatesValue, callee: ast.Expr, arguments: tuple[ast.Argument, ...], start: tuple[ast.Argument, ...]
) -> ast.Call:
    """The call with arguments by name, those at their defaults left out."""
    found, span = resolve(candidates.scope, callee), start[0].span
    if not isinstance(found, DefinitionValue) or any(a.spread for a in start):
        return ast.Call(callee, (*start, *arguments), span=span)
    params = found.definition.params
    named = {a.name: a.value for a in arguments if a.name is not None}
    free = [p.name for p in params if p.name not in named][len(start) :]
    named |= dict(zip(free, (a.value for a in arguments if a.name is None), strict=False))
    shown = [
        ast.Argument(named[p.name], p.name, span=span) for p in params if p.name in named and named[p.name] != p.default
    ]
    return ast.Call(callee, (*start, *shown), span=span)
