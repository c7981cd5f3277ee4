"""depth_loss: stages are to be deep.

c.4 = cell(choose links from c.1, c.2 and c.3)  -->  value depth.c.4 = sum of share of edge * (depth of source + 1)
                                                     objective depth = -weight * mean of depth.c.i / i
"""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, frozen, validators

from archir.analysis.expected_depth import CellDepth, StageDepth, expected_depths
from archir.diagnostics import fail
from archir.ir.gates import Apply, Gate, Number, added
from archir.ir.module import Form, Module, Objective
from archir.passes.base import Pass, Rewrite, Values, option


@frozen
class DepthLoss(Pass):
    """The depth loss of H-DAS (Liu et al. 2021, Eqs. 2 and 4).

    For each stage the mean over its cells of depth / place, where cells are counted from 1: 1 for a chain. Where a
    stage chooses which adjacent cells give its output, the term of cell i is multiplied by 1 + i * b, with b the
    coefficient of the pair whose later cell it is. Minus the sum over stages, times `weight`, is descended.
    """

    name: ClassVar[str] = "depth_loss"
    summary: ClassVar[str] = "an objective that makes stages deep"
    takes: ClassVar[tuple[Form, ...]] = ("relaxed",)

    weight: float = option(1.0, "delta of Eq. 6", validator=validators.ge(0.0))

    def run(self, module: Module, values: Values | None) -> Rewrite:
        found = expected_depths(module)
        if not found:
            help_ = "it is for nets such as `hs_das`, where a `stage` calls cells; leave it out for others"
            fail("NAS402", f"`{module.name}` has no stages of cells", help=help_)
        if any(o.name == "depth" for o in module.objectives):
            fail("NAS402", f"`{module.name}` has a depth loss already", help="run `depth_loss` once")
        total = added(map(_of_stage, found))
        objective = Objective("depth", Apply("*", (Number(-self.weight), total)))
        named = (*module.values, *(value for stage in found for value in stage.values))
        return Rewrite(evolve(module, values=named, objectives=(*module.objectives, objective)))


def _of_stage(stage: StageDepth) -> Gate:
    terms = [_of_cell(cell, place) for place, cell in enumerate(stage.cells, start=1)]
    return Apply("/", (added(terms), Number(float(len(terms)))))


def _of_cell(cell: CellDepth, place: int) -> Gate:
    term: Gate = Apply("/", (cell.depth, Number(float(place))))
    if not cell.last_of:
        return term
    more = Apply("*", (Number(float(place)), added(cell.last_of)))
    return Apply("*", (term, Apply("+", (Number(1.0), more))))
