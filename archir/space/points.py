"""Points as text, and whether they belong to a module."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from archir.diagnostics import ArchirError, Diagnostic, fail
from archir.ir.graph import Amount
from archir.ir.module import Module
from archir.ir.point import Kept, Point
from archir.space.space import space_of
from archir.space.variables import Variable


def point_to_json(point: Point) -> str:
    """A point as JSON text, one choice a line."""
    rows = [f"  {json.dumps(key)}: {json.dumps([_row(k) for k in kept])}" for key, kept in point.choices]
    return "{\n" + ",\n".join(rows) + "\n}\n"


def point_rows(point: Point) -> dict[str, list[Any]]:
    """A point as what JSON knows: a list of [edge, operation] for each choice."""
    return {key: [_row(k) for k in kept] for key, kept in point.choices}


def _row(kept: Kept) -> list[Any]:
    return [kept.edge, kept.operation] if kept.coefficient is None else [kept.edge, kept.operation, kept.coefficient]


def point_from_json(text: str) -> Point:
    """The point of a JSON text; raises `ArchirError` NAS404 if it is none."""
    try:
        data = json.loads(text)
        return Point(tuple((str(key), tuple(_kept(row) for row in rows)) for key, rows in data.items()))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        fail(
            "NAS404",
            f"this is no point: {error}",
            help='a point looks like {"normal.x.2": [[0, "skip"], [1, "sep_conv_3x3"]]}',
        )


def _kept(row: Any) -> Kept:
    if not isinstance(row, list) or len(row) not in (2, 3) or not isinstance(row[0], int):
        raise ValueError(f"`{row}` is not [edge, operation]")
    return Kept(row[0], str(row[1]), float(row[2]) if len(row) == 3 else None)


def check_point(module: Module, point: Point) -> None:
    """Raises `ArchirError` NAS404 with everything in a point that the module's choices do not have."""
    problems = why_not(module, point)
    if problems:
        help_ = "a point fits every module with the same choices, at any size"
        raise ArchirError(*(Diagnostic("NAS404", p, help=help_) for p in problems))


def why_not(module: Module, point: Point) -> list[str]:
    """Why a point is not in a module's space, a sentence for each reason; none if it is."""
    space = space_of(module)
    choices = {v.key: v for v in space.variables}
    kept = dict(point.choices)
    opened = space.open_in(kept)
    problems = [f"`{key}` is no choice of `{module.name}`" for key in kept if key not in choices]
    for key, variable in choices.items():
        if key not in opened:
            closed = f"`{key}` is open only inside candidates that this point does not keep"
            problems += [closed] if key in kept else []
        else:
            problems += _misfits(variable, kept[key]) if key in kept else [f"nothing is said of choice `{key}`"]
    return problems


def _misfits(variable: Variable, kept: tuple[Kept, ...]) -> list[str]:
    key = variable.key
    found = []
    for k in kept:
        if not 0 <= k.edge < len(variable.slots):
            found.append(f"`{key}` has no edge {k.edge}")
        elif k.operation in variable.inactive[k.edge]:
            found.append(f"edge {k.edge} of `{key}` cannot keep `{k.operation}`, which is not active")
        elif k.operation in variable.zeros[k.edge]:
            found.append(
                f"edge {k.edge} of `{key}` cannot keep `{k.operation}`: an edge that carries zeros is not kept"
            )
        elif k.operation not in {slot.operation for slot in variable.slots[k.edge]}:
            found.append(f"edge {k.edge} of `{key}` has no candidate `{k.operation}`")
    if len({(k.edge, k.operation) for k in kept}) != len(kept):
        found.append(f"`{key}` keeps an operation twice")
    edges = {k.edge for k in kept}
    if not _within(variable.edges, len(edges)):
        found.append(f"`{key}` keeps {_count(len(edges), 'edge')}; the space allows {_words(variable.edges)}")
    found += [
        f"edge {e} of `{key}` has to stay, since `none` is not active there"
        for e in sorted(variable.staying)
        if e not in edges
    ]
    per_edge = [sum(k.edge == e for k in kept) for e in sorted(edges)]
    found += [
        f"`{key}` keeps {_count(n, 'operation')} on an edge; the space allows {_words(variable.operations)}"
        for n in per_edge
        if not _within(variable.operations, n)
    ]
    return found


def _within(amount: Amount, n: int) -> bool:
    return amount.least <= n and (amount.most is None or n <= amount.most)


def _words(amount: Amount) -> str:
    if amount.most is None:
        return f"{amount.least} or more"
    return str(amount.least) if amount.least == amount.most else f"{amount.least} to {amount.most}"


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def random_point(module: Module, random: Random) -> Point:
    """A point of the module's space, each equally likely."""
    return space_of(module).sample(random)
