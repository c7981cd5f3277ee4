"""Values in method files: numbers, words, tuples, and what a training phase is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from attrs import NOTHING, fields

from archir.diagnostics import fail
from archir.search.phases import SGD, Adam
from archir.search.schedules import SCHEDULES
from archir.sema.suggest import did_you_mean
from archir.source import Span
from archir.syntax import ast
from archir.syntax.fold import number_of, truth_of

_VALUES: Mapping[str, Any] = {"sgd": SGD, "adam": Adam, **SCHEDULES}


def value_of(e: ast.Expr) -> Any:
    """A number, truth value, word or tuple, or one of the values of a training phase."""
    number, truth = number_of(e), truth_of(e)
    if number is not None or truth is not None:
        return number if number is not None else truth
    match e:
        case ast.Name(text="none"):
            return None
        case ast.Name() | ast.Literal():
            return e.text if isinstance(e, ast.Name) else e.value
        case ast.TupleOf() | ast.ListOf():
            return tuple(value_of(item) for item in e.items)
        case ast.Call(callee=ast.Name(text=name)) if name in _VALUES:
            positional = tuple(value_of(a.value) for a in e.arguments if a.name is None)
            named = {a.name: value_of(a.value) for a in e.arguments if a.name is not None}
            return made(_VALUES[name], name, positional, named, e.span)
        case ast.Call(callee=ast.Name(text=name)):
            known = did_you_mean(name, _VALUES) or f"there is {', '.join(_VALUES)}"
            wrong(f"there is no `{name}` here", e.span, known)
    wrong("this is no value that a training phase takes", e.span)


def made(cls: Any, name: str, positional: tuple[Any, ...], named: Mapping[str, Any], span: Span) -> Any:
    """A value of a class from its options; NAS505 where they do not fit."""
    known = [f.name for f in fields(cls) if f.repr]  # where a step stands is not shown, and no option
    for option in named:
        if option not in known:
            help_ = did_you_mean(option, known) or f"it has {', '.join(known)}"
            wrong(f"`{name}` has no option `{option}`", span, help_)
    places = [f.name for f in fields(cls) if not f.kw_only]
    needed = [f.name for f in fields(cls) if f.default is NOTHING]
    usage = f"write `{name}({', '.join(n if n in places else f'{n}=...' for n in needed)})`" if needed else ""
    if len(positional) > len(places):
        wrong(f"`{name}` takes {len(places)} values without a name, found {len(positional)}", span, usage)
    for option in needed:
        if option not in named and option not in places[: len(positional)]:
            wrong(f"`{name}` needs `{option}`", span, usage)
    for option in places[: len(positional)]:
        if option in named:
            wrong(f"`{name}` is given `{option}` twice", span, usage)
    try:
        return cls(*positional, **named)
    except (TypeError, ValueError) as error:
        wrong(f"`{name}` cannot be made: {error.args[0] if error.args else error}", span)


def wrong(message: str, span: Span, help_: str = "") -> NoReturn:
    """Raises `ArchirError` NAS505."""
    fail("NAS505", message, span=span, help=help_ or "docs/language.md says what a method holds")
