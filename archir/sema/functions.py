"""Functions of numbers: `max`, `round_to`, ..."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from archir.sema.arguments import Arguments
from archir.sema.arithmetic import is_number
from archir.sema.context import Frame
from archir.sema.values import Value, kind_of
from archir.source import Span

Number = int | float


def round_to(value: Number, multiple: int) -> int:
    """`value` to the nearest multiple, never below nine tenths of it (MobileNetV2's channel rule)."""
    rounded = max(multiple, int(value + multiple / 2) // multiple * multiple)
    return rounded + multiple if rounded < 0.9 * value else rounded


@frozen
class NumberFunction:
    """A function of `least` to `most` numbers (None: any number of them), perhaps given as one list."""

    compute: Callable[..., Value]
    least: int
    most: int | None
    example: str
    takes_list: bool = False


FUNCTIONS: dict[str, NumberFunction] = {
    "max": NumberFunction(max, 2, None, "max(a, b)", True),
    "min": NumberFunction(min, 2, None, "min(a, b)", True),
    "round": NumberFunction(round, 1, 1, "round(a)"),
    "floor": NumberFunction(lambda value: int(value // 1), 1, 1, "floor(a)"),
    "ceil": NumberFunction(lambda value: int(-(-value // 1)), 1, 1, "ceil(a)"),
    "len": NumberFunction(len, 1, 1, "len([a, b])", True),
    "round_to": NumberFunction(round_to, 2, 2, "round_to(channels, 8)"),
}


def call_function(frame: Frame, name: str, arguments: Arguments, span: Span) -> Value:
    """The value of a function of numbers; POISON (reported) where it takes something else."""
    function, positional = FUNCTIONS[name], arguments.positional

    def refuse(why: str) -> Value:
        return frame.error("NAS302", f"`{name}` {why}", span, help=f"write `{function.example}`")

    if arguments.keywords:
        return refuse(f"has no parameter `{next(iter(arguments.keywords))}`")
    listed = len(positional) == 1 and isinstance(positional[0], tuple | range) and function.takes_list
    values = _numbers(positional[0]) if listed else positional
    if function.takes_list and (not values or (not listed and function.most == 1)):
        found = kind_of(positional[0]) if positional and not listed else "nothing"
        return refuse(f"takes a list, found {found}")
    wrong = next((v for v in values if not is_number(v)), None)
    if wrong is not None and name != "len":
        return refuse(f"takes numbers, found {kind_of(wrong)}")
    if not listed and not function.least <= len(values) <= (function.most or len(values)):
        wanted = f"{function.least} number{'s' if function.least > 1 else ''}"
        return refuse(f"takes {wanted}, found {len(values)}")
    try:
        return function.compute(*(positional if name == "len" or not listed else (values,)))
    except (ValueError, ArithmeticError) as error:
        return refuse(f"cannot be computed: {error}")


def _numbers(listed: tuple[Value, ...] | range) -> tuple[Value, ...]:
    """The values of a list; of a range, which may be long, its ends."""
    return (listed[0], listed[-1]) if isinstance(listed, range) and listed else tuple(listed)
