"""What the flat form holds besides graphs: literals, architecture parameters, clocks, noise, gates, objectives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn, cast

from archir.diagnostics import fail
from archir.ir.gates import CHAINS, GATE_FUNCTIONS, INFIX, Apply, Gate, Number, Parameter, Table
from archir.ir.module import DISTRIBUTIONS, PARAMETER_KINDS, PERIODS, ArchitectureParameter, Clock, Noise
from archir.ir.numbers import Numbers
from archir.limits import Limits, current_limits
from archir.sema.arithmetic import is_number
from archir.sema.suggest import did_you_mean
from archir.source import Span
from archir.syntax import ast

FLAT = "docs/language.md shows the flat form; `archir opt FILE` prints it"


def literal(e: ast.Expr) -> Any:
    """The value of a literal: a number, string, truth value, or tuple of them."""
    match e:
        case ast.Literal():
            return e.value
        case ast.Minus(value=ast.Literal(value=int() | float() as number)):
            return -number
        case ast.Name(text="true" | "false"):
            return e.text == "true"
        case ast.TupleOf() | ast.ListOf():
            return tuple(literal(item) for item in e.items)
    refuse(e.span, "a literal value")


def real(value: Any) -> float | None:
    """A literal's value as a float; None for what is no number, or too large for one."""
    try:
        return float(value) if is_number(value) else None
    except OverflowError:
        return None


def numbers(value: Any) -> Numbers | None:
    """A literal's value as a float, or nested tuples of them; None for what holds anything else."""
    if not isinstance(value, tuple):
        return real(value)
    found = tuple(map(numbers, value))
    return None if None in found else cast(Numbers, found)


def split(arguments: Iterable[ast.Argument]) -> tuple[list[ast.Expr], dict[str, ast.Expr]]:
    """The values without names, and those by name, each once; raises `ArchirError` at any other."""
    places: list[ast.Expr] = []
    named: dict[str, ast.Expr] = {}
    for a in arguments:
        if a.spread:
            refuse(a.span, "a value without a `*`")
        if a.name is None:
            places.append(a.value)
        elif a.name in named:
            fail("NAS302", f"`{a.name}` is given twice", span=a.span, help="leave one of them out")
        else:
            named[a.name] = a.value
    return places, named


def unnamed(arguments: Iterable[ast.Argument]) -> list[ast.Expr]:
    """The values of arguments that have no names; raises `ArchirError` at any other."""
    places, named = split(arguments)
    for name, value in named.items():
        refuse(value.span, f"a value without the name `{name}`")
    return places


def parameter_of(item: ast.Binding) -> ArchitectureParameter:
    """The architecture parameter of `parameter %name = normal(deviation, [...], start=0.0, kind=arch)`.

    `start` may be a table of its shape, too: `start=[[0.5, 0.0]]`.
    """
    match item.value:
        case ast.Call(callee=ast.Name(text="normal"), arguments=arguments):
            places, named = split(arguments)
            start, kind = named.pop("start", None), named.pop("kind", None)
            kinds = [k for k in PARAMETER_KINDS if kind is None or (isinstance(kind, ast.Name) and kind.text == k)]
            begin = 0.0 if start is None else numbers(literal(start))
            match [literal(e) for e in places]:
                case [deviation, tuple() as size] if not named and kinds:
                    spread = real(deviation)
                    if spread is not None and begin is not None:
                        return ArchitectureParameter(item.path, size, spread, begin, kinds[0])
    refuse(item.span, "`normal(deviation, [edges, operations])`")


def clock_of(item: ast.Binding) -> Clock:
    """The clock of `clock %name = epoch`."""
    for unit in PERIODS:
        if isinstance(item.value, ast.Name) and item.value.text == unit:
            return Clock(item.path, unit)
    refuse(item.span, f"one of {', '.join(PERIODS)}")


def noise_of(item: ast.Binding) -> Noise:
    """The noise of `noise %name = gumbel([...])`."""
    for distribution in DISTRIBUTIONS:
        match item.value:
            case ast.Call(callee=ast.Name(text=name), arguments=arguments) if name == distribution:
                match [literal(e) for e in unnamed(arguments)]:
                    case [tuple() as shape] if all(isinstance(n, int) for n in shape):
                        return Noise(item.path, shape, distribution)
    refuse(item.span, " or ".join(f"`{distribution}([edges, operations])`" for distribution in DISTRIBUTIONS))


def expression_of(e: ast.Expr) -> Gate:
    """A gate or an objective."""
    match e:
        case ast.Path():
            return Parameter(e.text)
        case ast.Literal() | ast.Minus() if isinstance(number := literal(e), int | float):
            return Number(number)
        case ast.ListOf():
            return _table(e)
        case ast.Arithmetic():
            for operator, _ in e.rest:
                if operator not in INFIX:
                    refuse(e.span, f"one of {' '.join(INFIX)} between two expressions")
            return _infix(e)
        case ast.Call(callee=ast.Name() as callee):
            if callee.text not in GATE_FUNCTIONS:
                named = [name for name in GATE_FUNCTIONS if name not in INFIX]
                near = did_you_mean(callee.text, named) or f"there is {', '.join(named)}"
                fail("NAS201", f"there is no gate function `{callee.text}`", span=e.span, help=near)
            return Apply(callee.text, tuple(map(expression_of, unnamed(e.arguments))))
    refuse(e.span, "a gate such as `softmax(%arch.normal.x.2.alpha)`")


def _infix(e: ast.Arithmetic) -> Gate:
    """`a + b - c`, from the left; `+` and `*` in a row take all that they stand between."""
    found, last, nested, limits = expression_of(e.first), "", 0, current_limits()
    for operator, operand in e.rest:
        argument = expression_of(operand)
        if operator == last and operator in CHAINS and isinstance(found, Apply):
            found = Apply(operator, (*found.arguments, argument))
        else:
            found, nested = Apply(operator, (found, argument)), nested + 1
        if nested > limits.nesting:
            message = f"signs change more than {limits.nesting} times in one expression"
            fail("NAS102", message, span=e.span, help=Limits.remedy("nesting"))
        last = operator
    return found


def _table(e: ast.ListOf) -> Table:
    rows = literal(e)
    even = all(isinstance(row, tuple) and len(row) == len(rows[0]) for row in rows)
    if not rows or not even or not all(real(n) is not None for row in rows for n in row):
        refuse(e.span, "a table of numbers such as `[[1, 2], [3, 4]]`")
    return Table(rows)


def refuse(span: Span, wanted: str) -> NoReturn:
    """Raises `ArchirError` NAS304: the flat form has something else in this place."""
    fail("NAS304", f"the flat form has {wanted} here", span=span, help=FLAT)
