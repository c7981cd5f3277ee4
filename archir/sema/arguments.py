"""What a call is given, and which parameter takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from attrs import Factory, frozen

from archir.sema.context import Frame
from archir.sema.suggest import did_you_mean
from archir.sema.types import check_type
from archir.sema.values import POISON, Value, kind_of
from archir.source import Span
from archir.syntax import ast

_T = TypeVar("_T")


@frozen
class Arguments:
    """Values by position and by name; `places` says of both where they were written, if that is known."""

    positional: tuple[Value, ...] = ()
    keywords: Mapping[str, Value] = Factory(dict)
    places: Mapping[int | str, Span] = Factory(dict)

    @property
    def poisoned(self) -> bool:
        """Whether the error of one of them was reported."""
        return any(v is POISON for v in (*self.positional, *self.keywords.values()))


def by_parameter(names: Iterable[str], positional: Sequence[_T], keywords: Mapping[str, _T]) -> dict[str, _T]:
    """Arguments by parameter: positional ones fill what no keyword names, in order."""
    free = (n for n in names if n not in keywords)
    return {**dict(zip(free, positional, strict=False)), **keywords}


def evaluated(
    frame: Frame,
    written: tuple[ast.Argument, ...],
    before: tuple[tuple[Value, Span], ...] = (),
    spread: Callable[[Frame, ast.Expr], Value] | None = None,
) -> Arguments | None:
    """The arguments of a call, behind what is piped into it; None (reported) where they are none.

    `spread` gives the values of `*argument` where that differs from those of `argument`.
    """
    positional = [value for value, _ in before]
    keywords: dict[str, Value] = {}
    places: dict[int | str, Span] = {place: span for place, (_, span) in enumerate(before)}
    for a in written:
        value = (
            (spread or frame.session.evaluate)(frame, a.value) if a.spread else frame.session.evaluate(frame, a.value)
        )
        if a.spread and value is not POISON:
            if not isinstance(value, tuple):
                message = f"`*` needs a list of values, found {kind_of(value)}"
                frame.error("NAS304", message, a.span, help="leave out the `*`")
                return None
            places |= dict.fromkeys(range(len(positional), len(positional) + len(value)), a.span)
            positional.extend(value)
        elif a.name is None:
            places[len(positional)] = a.span
            positional.append(value)
        elif a.name in keywords:
            frame.error("NAS302", f"`{a.name}` is given twice", a.span, help="leave one of them out")
            return None
        else:
            places[a.name] = a.span
            keywords[a.name] = value
    return Arguments(tuple(positional), keywords, places)


def bind(frame: Frame, what: str, names: Sequence[str], arguments: Arguments, span: Span) -> dict[str, Value] | None:
    """Arguments by parameter; None (reported) where there is no parameter for one."""
    for name in arguments.keywords:
        if name not in names:
            help_ = did_you_mean(name, names) or _takes(names)
            frame.error("NAS302", f"{what} has no parameter `{name}`", span, help=help_)
            return None
    extra = len(arguments.positional) + len(arguments.keywords) - len(names)
    if extra > 0:
        many = f"{extra} argument{'s' if extra > 1 else ''} too many"
        frame.error("NAS302", f"{what} got {many}", span, help=_takes(names))
        return None
    return by_parameter(names, arguments.positional, arguments.keywords)


def _takes(names: Sequence[str]) -> str:
    return f"it takes {', '.join(f'`{n}`' for n in names)}" if names else "it takes nothing more"


def absent(params: tuple[ast.Param, ...], given: Mapping[str, Value]) -> list[str]:
    """The parameters that have neither an argument nor a default."""
    return [p.name for p in params if p.name not in given and p.default is None]


def fit(
    frame: Frame,
    what: str,
    params: tuple[ast.Param, ...],
    given: Mapping[str, Value],
    arguments: Arguments,
    span: Span,
) -> bool:
    """Whether arguments by parameter have the types that are asked for; errors stand where they were written."""
    keywords = {name: arguments.places.get(name, span) for name in arguments.keywords}
    positional = [arguments.places.get(i, span) for i in range(len(arguments.positional))]
    where = by_parameter((p.name for p in params), positional, keywords)
    fits = [check_type(frame, p, given[p.name], what, where[p.name]) for p in params if p.name in given]
    return all(fits)  # each is reported
