"""transit: most cells run only what would be derived now.

gate of a transit cell = p  -->  gate = top_edges(p, 2)
"""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from attrs import evolve, frozen

from archir.diagnostics import fail
from archir.ir.gates import Apply, Gate, parameters_of, unmasked
from archir.ir.module import ChoiceInstance, Form, GateOf, Module, choice_instances
from archir.passes.base import Pass, Rewrite, Values, option
from archir.passes.rules import Rule, check_rule, engine_gates, rule_gate

Engines: TypeAlias = Literal["first", "last", "half", "all", "none"] | tuple[int, ...]


@frozen
class Transit(Pass):
    """The engine and transit cells of EnTranNAS (Yang et al. 2021, section 2.2, Eq. 6).

    Of the cells that share their choices, the engines run whole and learn; the others run what a rule (that of
    `derive`) keeps now, which is taken again in each step. Eq. 6 sums what is kept; with `coefficients` it keeps
    the engine's coefficients, as constants.

    engines: `first`, `last` or `all` of the cells of one kind; `half`, the first half of them, one at least; or
    their places among the cells of their kind, counted from 0; `none` is the derived network inside the supernet.
    """

    name: ClassVar[str] = "transit"
    summary: ClassVar[str] = "cells that are no engine run what would be derived now"
    takes: ClassVar[tuple[Form, ...]] = ("relaxed",)

    engines: Engines = option("first", "which cells of a kind run whole")
    rule: Rule = option("auto", "what the others run")
    coefficients: bool = option(False, "the others keep the engine's coefficients")

    def run(self, module: Module, values: Values | None) -> Rewrite:
        instances: dict[str, list[ChoiceInstance]] = {}
        for instance in choice_instances(module.graph):
            instances.setdefault(instance.key, []).append(instance)
        learning = engine_gates(module)
        check_rule(self.rule, learning)
        gates = {g.path: g.gate for g in module.gates}
        for key, of in instances.items():
            whole = self._engines(key, of)
            for place, instance in enumerate(of):
                if place not in whole:
                    how = self.rule, self.coefficients
                    gates[instance.path] = transit_gate(instance, learning[key], *how)
        return Rewrite(_as_read(evolve(module, gates=tuple(GateOf(g.path, gates[g.path]) for g in module.gates))))

    def _engines(self, key: str, of: list[ChoiceInstance]) -> range | tuple[int, ...]:
        count = len(of)
        match self.engines:
            case "all":
                return range(count)
            case "none":
                return range(0)
            case "first":
                return range(1)
            case "last":
                return range(count - 1, count)
            case "half":
                return range(max(1, count // 2))
            case places:
                if not any(0 <= place < count for place in places):
                    help_ = f"it is in {count} cell{'s' if count > 1 else ''}, counted from 0"
                    fail("NAS402", f"no engine is left for `{key}`", span=of[0].choice.span, help=help_)
                return places


def _as_read(module: Module) -> Module:
    """The module without noise and clocks that nothing reads any more: what is kept is not sampled."""
    expressions = (*(g.gate for g in module.gates), *(v.value for v in module.values))
    expressions += tuple(o.value for o in module.objectives)
    read = {name for expression in expressions for name in parameters_of(expression)}
    clocks = tuple(clock for clock in module.clocks if clock.name in read)
    return evolve(module, clocks=clocks, noises=tuple(noise for noise in module.noises if noise.name in read))


def transit_gate(instance: ChoiceInstance, learning: Gate, rule: Rule, coefficients: bool) -> Gate:
    """What a rule keeps now of a choice whose engine has the gate `learning`."""
    kept = rule_gate(rule, instance.key, instance.choice, learning)
    if not coefficients:
        return kept
    return Apply("detach", (learning if rule == "nonzero" else Apply("*", (kept, unmasked(learning))),))
