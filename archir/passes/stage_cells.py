"""stage_cells: each stage chooses cells of its own.

cell.3 = normal(cell.1, cell.2)  -->  cell.3 = normal@1(cell.1, cell.2)   (behind the first reduction)
"""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, frozen

from archir.diagnostics import fail
from archir.ir.module import Form, Module
from archir.ir.stages import has_own_cells, with_stage_tags
from archir.passes.base import Pass, Rewrite, Values


@frozen
class StageCells(Pass):
    """Cells between two reductions have choices of their own (Hc-DAS, Liu et al. 2021, section 3.1).

    Where the cells of a net share their choices, those of one stage go on sharing them, and each stage chooses by
    itself: of DARTS' two cells come three normal ones and two that reduce. A stage is the cells at one resolution;
    a cell that reduces belongs to the stage in front of it. Calls whose tag is that of one stage keep it.
    """

    name: ClassVar[str] = "stage_cells"
    summary: ClassVar[str] = "the cells of each stage have choices of their own"
    takes: ClassVar[tuple[Form, ...]] = ("space",)

    def run(self, module: Module, values: Values | None) -> Rewrite:
        if module.origin is not None and (module.origin.stage_cells or module.origin.point is not None):
            fail("NAS402", f"`{module.name}` is no longer as it was written", help="run `stage_cells` once, and first")
        graph, stages = with_stage_tags(module.graph)
        if not stages and has_own_cells(module.graph):
            return Rewrite(module)
        if not stages:
            help_ = "it is for nets of cells, such as `darts`; in a chain each choice is made by itself already"
            fail("NAS402", f"`{module.name}` calls no cells that choose", help=help_)
        origin = None if module.origin is None else evolve(module.origin, stage_cells=True)
        return Rewrite(evolve(module, graph=graph, origin=origin))
