"""sparsify: weak connections are exactly zero.

gate = p  -->  gate = normalize(relu(over_max(p) - threshold(t)));  objective: -weight * mean(log(threshold(t)))
"""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, frozen, validators

from archir.diagnostics import fail
from archir.ir.gates import Apply, Gate, Number, Parameter, added, is_sparse
from archir.ir.module import ArchitectureParameter, Form, GateOf, Module, Objective, choice_instances, shared_choices
from archir.ir.sampling import sampled_like, unsampled
from archir.passes.base import Pass, Rewrite, Values, option
from archir.passes.rules import engine_gates, is_masked, keeps_any


@frozen
class Sparsify(Pass):
    """The differentiable sparsification of EnTranNAS-DST (Yang et al. 2021, section 2.4, Eqs. 7 to 11).

    Each node has a learned threshold, the sigmoid of a parameter. A connection weaker than that part of the node's
    strongest is zero, and the strongest never is. What is left is normalised on each edge; a gate that samples
    samples from that. The objective pushes
    thresholds up: for each cell the mean over its nodes of -log(threshold), times `weight`.
    """

    name: ClassVar[str] = "sparsify"
    summary: ClassVar[str] = "learned thresholds make weak connections zero"
    takes: ClassVar[tuple[Form, ...]] = ("relaxed",)

    weight: float = option(0.1, "lambda of Eq. 11; 0 for no objective", validator=validators.ge(0.0))

    def run(self, module: Module, values: Values | None) -> Rewrite:
        choices = shared_choices(module)
        for key, gate in engine_gates(module).items():
            if is_masked(gate):
                help_ = "run `sparsify` before `mask`"
                fail("NAS402", f"the gate of `{key}` is masked already", span=choices[key].span, help=help_)
            if is_sparse(gate):
                help_ = "run `sparsify` once, before `transit`"
                fail("NAS402", f"the gate of `{key}` has zeros already", span=choices[key].span, help=help_)
            if not keeps_any(choices[key].keep):
                help_ = "run `widen{edges=some,ops=any}` before `relax`, or write `keep some edges any ops`"
                fail("NAS402", f"`{key}` cannot keep any set of connections", span=choices[key].span, help=help_)
        gates = {g.path: g.gate for g in module.gates}
        sparse = tuple(
            GateOf(i.path, _sparse(gates[i.path], threshold_of(i.key))) for i in choice_instances(module.graph)
        )
        thresholds = tuple(ArchitectureParameter(threshold_of(key), (), 0.0) for key in choices)
        objectives = module.objectives
        if self.weight and choices:
            objectives += (Objective("sparsity", _objective(self.weight, module)),)
        parameters = module.parameters + thresholds
        return Rewrite(evolve(module, parameters=parameters, gates=sparse, objectives=objectives))


def threshold_of(key: str) -> str:
    """The name of the threshold's parameter."""
    return f"arch.{key}.threshold"


def _sparse(p: Gate, name: str) -> Gate:
    above = Apply("-", (Apply("over_max", (unsampled(p),)), Apply("threshold", (Parameter(name),))))
    return sampled_like(p, Apply("normalize", (Apply("relu", (above,)),)))


def _objective(weight: float, module: Module) -> Gate:
    """-weight times the sum over cells of the mean over their nodes of log(threshold)."""
    cells: dict[str, dict[str, None]] = {}
    for instance in choice_instances(module.graph):
        cells.setdefault(instance.owner, {})[instance.key] = None
    logs = [
        Apply("mean", tuple(Apply("log", (Apply("threshold", (Parameter(threshold_of(key)),)),)) for key in of))
        for of in cells.values()
    ]
    return Apply("*", (Number(-weight), added(logs)))
