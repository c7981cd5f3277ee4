"""complexity_loss: networks are to be small.

objective complexity = weight * expected cost / unit
"""

from __future__ import annotations

from typing import ClassVar, Literal

from attrs import evolve, frozen, validators

from archir.analysis.cost_expression import cost_expression
from archir.analysis.gates import evaluate_objective
from archir.diagnostics import fail
from archir.ir.gates import Apply, Gate, Number
from archir.ir.module import Form, Module, Objective
from archir.passes.base import Pass, Rewrite, Values, option


@frozen
class ComplexityLoss(Pass):
    """The complexity loss of H-DAS (Liu et al. 2021, Eq. 5), of any relaxed module.

    The expected multiply-adds, parameters or activation elements of the network: each candidate's cost, and that of
    the cells that a window needs, times its coefficient. It is counted in `unit`s; 0 stands for what is expected
    where all architecture parameters are alike, so that the objective starts at about `weight`.
    """

    name: ClassVar[str] = "complexity_loss"
    summary: ClassVar[str] = "an objective that makes networks small"
    takes: ClassVar[tuple[Form, ...]] = ("relaxed",)

    weight: float = option(1.0, "gamma of Eq. 6", validator=validators.ge(0.0))
    measure: Literal["macs", "params", "elements"] = option("macs", "what is counted")
    unit: float = option(0.0, "how much of it counts as one", validator=validators.ge(0.0))

    def run(self, module: Module, values: Values | None) -> Rewrite:
        if any(o.name == "complexity" for o in module.objectives):
            fail("NAS402", f"`{module.name}` has a complexity loss already", help="run `complexity_loss` once")
        cost = cost_expression(module, self.measure)
        unit = self.unit or _at_the_start(module, cost)
        objective = Objective("complexity", Apply("*", (Number(self.weight / unit), cost)))
        return Rewrite(evolve(module, objectives=(*module.objectives, objective)))


def _at_the_start(module: Module, cost: Gate) -> float:
    """The cost where architecture parameters and clocks are zero."""
    import numpy as np  # a tenth of a second; only who counts needs it

    leaves = {p.name: np.zeros(p.shape) for p in module.parameters} | {c.name: np.zeros(()) for c in module.clocks}
    found = evaluate_objective(module, cost, leaves)
    if found <= 0:
        help_ = "count something else: `measure=params`; or leave `complexity_loss` out"
        fail("NAS402", f"the networks of `{module.name}` cost nothing", help=help_)
    return found
