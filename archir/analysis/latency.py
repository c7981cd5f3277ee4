"""A latency table: the milliseconds of each block of a space, as a CSV file, and as a cost table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import NoReturn

import numpy as np
from attrs import frozen

from archir.analysis.arrays import CostArrays
from archir.analysis.blocks import Place, blocks_of
from archir.analysis.table import shape_of
from archir.diagnostics import fail
from archir.ir.module import Module, shared_choices

COLUMNS = ("choice", "edge", "operation", "input", "count", "milliseconds", "spread")
NANOSECONDS = 10**6  # in a millisecond
REST = "rest"
"""The operation of the line that says what networks take beyond their blocks; below zero if blocks take more."""


@frozen
class Timing:
    """What one run of a block takes: the median in milliseconds, and the distance between its quartiles."""

    place: Place
    count: int
    milliseconds: float
    spread: float


def latency_to_csv(timings: Iterable[Timing]) -> str:
    """A table as text, one place a line."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for t in timings:
        edge = t.place.edge if t.place.choice else ""
        row = (t.place.choice, edge, t.place.operation, t.place.input, t.count)
        rows.writerow((*row, f"{t.milliseconds:.6f}", f"{t.spread:.6f}"))
    return out.getvalue()


def latency_from_csv(text: str) -> dict[Place, float]:
    """Milliseconds by place; columns may stand in any order, others are not read.

    Raises:
        ArchirError: NAS408 if the text is no latency table.
    """
    found: dict[Place, float] = {}
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        missing = [c for c in COLUMNS[:4] + COLUMNS[5:6] if c not in (reader.fieldnames or ())]
        if missing:
            _refuse(f"this is no latency table: it has no column `{missing[0]}`")
        for row in reader:
            place = Place(row["choice"], int(row["edge"] or 0), row["operation"], row["input"])
            milliseconds = float(row["milliseconds"])
            if not isfinite(milliseconds) or (milliseconds < 0 and place.operation != REST):
                _refuse(f"line {reader.line_num} of the latency table: `{milliseconds}` is no time")
            if place in found:
                _refuse(f"line {reader.line_num} of the latency table has the place of another line")
            found[place] = milliseconds
    except (ValueError, TypeError, csv.Error) as error:
        _refuse(f"line {reader.line_num} of the latency table: {error}")
    return found


def rest_of(module: Module) -> Place:
    """Where the rest stands in the table of a space."""
    return Place("", 0, REST, "+".join("x".join(map(str, v.type.shape)) for v in module.graph.inputs))


def latency_arrays(module: Module, table: Mapping[Place, float]) -> CostArrays:
    """The cost table in nanoseconds; the rest, if the table has one, is paid by every network.

    The table of a space is that of what is left of it, too, when some choices are decided.

    Raises:
        ArchirError: NAS408 if the table has no time for a block of this space at its input; NAS402 as `blocks_of`.
    """
    choices = shared_choices(module)
    kept = {(f"{p.choice}.{p.edge}.{p.operation}", p.input): time for p, time in table.items() if p.choice}
    fixed = round(table.get(rest_of(module), 0.0) * NANOSECONDS)
    arrays = {key: np.zeros(shape_of(choice), np.int64) for key, choice in choices.items()}
    for block in blocks_of(module):
        place = block.place
        time = table.get(place, None if place.choice else kept.get((place.operation, place.input)))
        if time is None:
            where = f"edge {place.edge} of `{place.choice}`" if place.choice else "what every network runs"
            _refuse(f"the latency table has no `{place.operation}` at {place.input} ({where})")
        nanoseconds = block.count * round(time * NANOSECONDS)
        if place.choice:
            names = [c.name for c in choices[place.choice].edges[place.edge].candidates]
            arrays[place.choice][place.edge, names.index(place.operation)] += nanoseconds
        else:
            fixed += nanoseconds
    return CostArrays(fixed, arrays)


def _refuse(message: str) -> NoReturn:
    fail("NAS408", message, help="measure this space, at these settings: `archir measure SPACE -o latency.csv`")
