"""Points as text, and whether they belong to a module."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import Any

from archir.diagnostics import ArchirError, Diagnostic, fail
from archir.ir.graph import Amount, Candidate, Choice
from archir.ir.module import Module, shared_choices
from archir.ir.point import Kept, Point
from archir.ops.zeros import gives_zeros


def is_none(candidate: Candidate) -> bool:
    """Whether a candidate gives zeros whatever it gets: an edge that carries it is not kept."""
    return gives_zeros(candidate.graph)


def point_to_json(point: Point) -> str:
    """A point as JSON text, one choice a line."""
    rows = [f"  {json.dumps(key)}: {json.dumps([_row(k) for k in kept])}" for key, kept in point.choices]
    return "{\n" + ",\n".join(rows) + "\n}\n"


def _row(kept: Kept) -> list[Any]:
    return [kept.edge, kept.operation] if kept.coefficient is None else [kept.edge, kept.operation, kept.coefficient]


def point_from_json(text: str) -> Point:
    """The point of a JSON text; raises `ArchirError` NAS404 if it is none."""
    try:
        data = json.loads(text)
        return Point(tuple((str(key), tuple(_kept(row) for row in rows)) for key, rows in data.items()))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        fail("NAS404", f"this is no point: {error}", help='a point looks like {"normal.x.2": [[0, "skip"], [1, "sep_conv_3x3"]]}')


def _kept(row: Any) -> Kept:
    if not isinstance(row, list) or len(row) not in (2, 3) or not isinstance(row[0], int):
        raise ValueError(f"`{row}` is not [edge, operation]")
    return Kept(row[0], str(row[1]), float(row[2]) if len(row) == 3 else None)


def check_point(module: Module, point: Point) -> None:
    """Raises `ArchirError` NAS404 with everything in a point that the module's choices do not have."""
    choices = shared_choices(module)
    problems = [f"`{key}` is no choice of `{module.name}`" for key, _ in point.choices if key not in choices]
    for key, choice in choices.items():
        kept = point.kept(key)
        problems += [f"nothing is said of choice `{key}`"] if kept is None else _misfits(key, choice, kept)
    if problems:
        help_ = "a point fits every module with the same choices, at any size"
        raise ArchirError(*(Diagnostic("NAS404", p, help=help_) for p in problems))


def _misfits(key: str, choice: Choice, kept: tuple[Kept, ...]) -> list[str]:
    found = []
    for k in kept:
        if not 0 <= k.edge < len(choice.edges):
            found.append(f"`{key}` has no edge {k.edge}")
        elif k.operation not in {c.name for c in choice.edges[k.edge].candidates}:
            found.append(f"edge {k.edge} of `{key}` has no candidate `{k.operation}`")
    edges = {k.edge for k in kept}
    if len({(k.edge, k.operation) for k in kept}) != len(kept):
        found.append(f"`{key}` keeps an operation twice")
    if choice.keep.edges is not None and not _within(choice.keep.edges, len(edges)):
        found.append(f"`{key}` keeps {len(edges)} edges; the space allows {_words(choice.keep.edges)}")
    per_edge = [sum(k.edge == e for k in kept) for e in edges]
    found += [
        f"`{key}` keeps {n} operations on an edge; the space allows {_words(choice.keep.operations)}"
        for n in per_edge
        if not _within(choice.keep.operations, n)
    ]
    return found


def _within(amount: Amount, n: int) -> bool:
    return amount.least <= n and (amount.most is None or n <= amount.most)


def _words(amount: Amount) -> str:
    if amount.most is None:
        return f"{amount.least} or more"
    return str(amount.least) if amount.least == amount.most else f"{amount.least} to {amount.most}"


def random_point(module: Module, random: Random) -> Point:
    """A point with every allowed count, edge and operation equally likely at its own step.

    Where every node keeps the same number of edges (DARTS) this is uniform over the space.
    """
    return Point(tuple((key, _random_kept(choice, random)) for key, choice in shared_choices(module).items()))


def _random_kept(choice: Choice, random: Random) -> tuple[Kept, ...]:
    names: Mapping[int, list[str]] = {
        e: [c.name for c in edge.candidates if choice.keep.edges is None or not is_none(c)]
        for e, edge in enumerate(choice.edges)
    }
    usable = [e for e, of_edge in names.items() if of_edge]
    edges = [0] if choice.keep.edges is None else random.sample(usable, _count(choice.keep.edges, len(usable), random))
    kept = []
    for e in sorted(edges):
        count = _count(choice.keep.operations, len(names[e]), random)
        kept += [Kept(e, name) for name in random.sample(names[e], max(1, count))]
    return tuple(kept)


def _count(amount: Amount, available: int, random: Random) -> int:
    most = available if amount.most is None else min(amount.most, available)
    return random.randint(min(amount.least, most), most)
