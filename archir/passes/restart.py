"""restart: weights begin anew."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from archir.ir.module import FORMS, Form, Module, homes
from archir.passes.base import Pass, Rewrite, Values
from archir.passes.weights import Fresh


@frozen
class Restart(Pass):
    """All weights, their statistics and what their optimiser knows are those of a net that was never trained.

    Architecture parameters stay as they are; those that `relax` makes begin anew by themselves.
    """

    name: ClassVar[str] = "restart"
    summary: ClassVar[str] = "weights begin anew"
    takes: ClassVar[tuple[Form, ...]] = FORMS

    def run(self, module: Module, values: Values | None) -> Rewrite:
        shared = (new.partition(".")[0] for _, new in homes(module.graph))
        return Rewrite(module, {name: Fresh() for name in (*(n.name for n in module.graph.nodes), *shared)})
