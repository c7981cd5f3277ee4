"""The cost table as plain arrays, for losses and for sums over many points at once.

cost(point) = fixed + sum over choices of (F[choice] * kept).sum()
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from archir.analysis.conventions import DEFAULT
from archir.analysis.table import MEASURES, cost_table, refuse_sharing, shape_of
from archir.diagnostics import fail
from archir.ir.module import Module, shared_choices


@frozen(eq=False)
class CostArrays:
    """`fixed` is paid by every point; `of` holds, for each choice, F[edge, candidate].

    Both are whole numbers. A place without an active candidate is zero. What a candidate
    costs is that of all instances of its choice; a choice nested in it has an array of its own.
    """

    fixed: int
    of: Mapping[str, NDArray[np.int64]] = field(repr=False)


def cost_arrays(module: Module, measure: str = "macs", convention: str = DEFAULT) -> CostArrays:
    """One measure of a module (`params`, `macs` or `elements`) by what can be chosen.

    Candidates are in the order of their edge. Peak bytes are no measure here: they are the largest of several
    sums, so no table of numbers adds up to them (`archir.analysis.memory`).

    Raises:
        ArchirError: NAS201 for another measure or convention; NAS402 where a nested choice is shared by several
            candidates, so that no such table exists.
    """
    if measure not in MEASURES:
        fail("NAS201", f"there is no measure `{measure}`", help=f"use one of {', '.join(MEASURES)}")
    table = cost_table(module, convention)
    if not table.additive:
        refuse_sharing()
    choices, arrays = shared_choices(module), {}
    for row, costs in table.rows.items():
        edges = choices[row.key].edges
        arrays[row.key] = np.zeros(shape_of(choices[row.key]), np.int64)
        for e, edge in enumerate(edges):
            for k, candidate in edge.alternatives:
                arrays[row.key][e, k] = getattr(costs[e, candidate.name], measure)
    return CostArrays(getattr(table.fixed, measure), arrays)
