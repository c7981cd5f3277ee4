"""The least, the largest and the mean cost over all points of a space, exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from attrs import frozen

from archir.analysis.conventions import DEFAULT
from archir.analysis.cost import Cost
from archir.analysis.expected import cost_of
from archir.analysis.table import MEASURES, CostTable, cost_table, refuse_sharing
from archir.diagnostics import fail
from archir.ir.module import Module
from archir.space.space import Part, Space, space_of

SMALL = 20_000
"""Spaces of at most this many points are enumerated where a cost is not additive."""


@frozen
class Bounds:
    """Least, largest and mean cost over all points of a space, exactly."""

    min: int
    max: int
    mean: Fraction


def bounds(module: Module, convention: str = DEFAULT) -> dict[str, Bounds]:
    """Least, largest and mean `params`, `macs` and `elements` of the points of a space.

    Nothing is enumerated where costs add up; where a choice is open behind several alternatives they do not,
    and spaces of more than `SMALL` points raise `ArchirError` NAS402. Raises NAS404 for an empty space.
    """
    table, space = cost_table(module, convention), space_of(module)
    if not space.size:
        fail("NAS404", "the space is empty: no point keeps what is asked for", help="ask a `choose` to keep less")
    if table.additive:
        return {measure: _added(table, space, measure) for measure in MEASURES}
    if space.size > SMALL:
        refuse_sharing()
    costs = [cost_of(module, point, convention) for point in space.enumerate()]
    values = {m: [getattr(cost, m) for cost in costs] for m in MEASURES}
    return {m: Bounds(min(v), max(v), Fraction(sum(v), len(v))) for m, v in values.items()}


def known_bounds(module: Module, convention: str = DEFAULT) -> dict[str, Bounds] | None:
    """The `bounds` of a space, or None where there are no points, or too many to enumerate and no other way."""
    space = space_of(module)
    if not space.size or (space.size > SMALL and not cost_table(module, convention).additive):
        return None
    return bounds(module, convention)


def _added(table: CostTable, space: Space, measure: str) -> Bounds:
    least = most = getattr(table.fixed, measure)
    mean = Fraction(least)
    costs = {row.key: of for row, of in table.rows.items()}
    for part in space.parts:
        low, high, summed = part.diagram.totals(list(_weights(part, costs, measure)))
        least, most, mean = least + low, most + high, mean + Fraction(summed, part.diagram.size)
    return Bounds(least, most, mean)


def _weights(part: Part, costs: Mapping[str, Mapping[tuple[int, str], Cost]], measure: str) -> Iterator[int]:
    for key, slot in part.slots:
        yield getattr(costs[key][slot.edge, slot.operation], measure)
