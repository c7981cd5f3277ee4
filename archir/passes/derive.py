"""derive: a point is read from learned values, and applied.

x[2] = sum of gate[e, k] * k(x[e])  -->  x[2] = sep_conv_3x3(x[0]) + skip(x[1])
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from attrs import evolve, frozen, validators
from numpy.typing import NDArray

from archir.analysis.axes import axes_of
from archir.analysis.gates import evaluate_gate
from archir.diagnostics import fail
from archir.ir.gates import unmasked
from archir.ir.module import Form, Module, shared_choices
from archir.ir.point import Kept, Point
from archir.passes.base import Pass, Rewrite, Values, option
from archir.passes.budget import LATENCY_HELP, TARGET_HELP, WITHIN_HELP, Wish, most_probable, searched_space
from archir.passes.fix import applied
from archir.passes.rules import Rule, check_rule, engine_gates, is_masked, rule_gate, settled
from archir.proposals.budget import WITHIN
from archir.space.space import space_of


@frozen
class Derive(Pass):
    """Keeps what a rule makes of the coefficients.

    top_edges (DARTS, Liu et al. 2019, section 2.4): an edge is as strong as its largest coefficient that is not
    `none`'s; as many edges stay as the space says, each with its strongest operation.
    argmax: every edge keeps its strongest operation; where that is `none`, the edge goes.
    nonzero (EnTranNAS-DST, Eq. 10): all that is above zero stays.
    mask (HM-NAS, Yan et al. 2019, section 3.3): what its masks leave stays. A choice of which they leave nothing keeps
    the strongest operation of its strongest edge by the coefficients before masks, and a note says so.
    auto: top_edges where the space says how many edges stay, argmax where any number may.
    Of the windows of `choose adjacent` the strongest stays, whatever the rule (H-DAS, Eq. 3).
    With `coefficients`, what stays is multiplied by its coefficient (before masks), as it was in the supernet.
    Where gates mix proposals (`propose`), the coefficients are those of the strongest proposal.

    With a `target`, in a space of layers (`archir propose`), the most probable network that costs as much is kept:
    where that of the strongest operations misses it, as few as possible are exchanged. Notes say what it costs.
    """

    name: ClassVar[str] = "derive"
    summary: ClassVar[str] = "the learned values are read as a point, which is applied"
    takes: ClassVar[tuple[Form, ...]] = ("relaxed",)
    gives: ClassVar[Form | None] = "network"
    needs_values: ClassVar[bool] = True

    rule: Rule = option("auto", "how values become a point")
    coefficients: bool = option(False, "the coefficients stay, as constants")
    target: tuple[str, ...] = option((), TARGET_HELP)
    within: float = option(WITHIN, WITHIN_HELP, validator=validators.gt(0.0))
    latency: str = option("", LATENCY_HELP)

    def run(self, module: Module, values: Values | None) -> Rewrite:
        assert values is not None
        point = derived_point(module, values, self)
        notes = _kept_masked(module, values, point)
        if self.target:
            if self.coefficients:
                fail("NAS402", "coefficients are no part of a budget", help="leave out `coefficients` or `target`")
            wish = Wish(self.target, self.latency, self.within)
            budget = wish.of(searched_space(module))
            point, notes = most_probable(budget, probabilities(module, values), wish)
        return evolve(applied(module, point), notes=notes)


def derived_point(module: Module, values: Values, how: Derive | None = None) -> Point:
    """What a relaxed module's learned values keep of each choice."""
    how = how or Derive()
    kept = kept_by_rule(module, values, how.rule, coefficients=how.coefficients)
    return space_of(module).without_closed(Point(tuple(kept.items())))


def kept_by_rule(
    module: Module, values: Values, rule: Rule, *, coefficients: bool = False, only: frozenset[str] | None = None
) -> dict[str, tuple[Kept, ...]]:
    """What a rule keeps of each choice, or of those with the keys `only`, open or not."""
    gates = engine_gates(module)
    check_rule(rule, gates)
    kept: dict[str, tuple[Kept, ...]] = {}
    for key, choice in shared_choices(module).items():
        if only is not None and key not in only:
            continue
        axes, gate = axes_of(choice), gates[key]
        stays = evaluate_gate(rule_gate(rule, key, choice, gate), values, axes)
        weight = evaluate_gate(unmasked(gate), values, axes)
        kept[key] = tuple(
            Kept(int(e), choice.edges[e].candidates[k].name, float(weight[e, k]) if coefficients else None)
            for e, k in np.argwhere(stays > 0)
        )
    return kept


def probabilities(module: Module, values: Values, only: frozenset[str] | None = None) -> dict[str, NDArray[np.float64]]:
    """The coefficients of each choice (those with the keys `only`), those of the strongest proposal."""
    choices = shared_choices(module)
    return {
        key: evaluate_gate(settled(gate), values, axes_of(choices[key])).astype(np.float64)
        for key, gate in engine_gates(module).items()
        if only is None or key in only
    }


def _kept_masked(module: Module, values: Values, point: Point) -> tuple[str, ...]:
    """A note for each choice that keeps what its masks would take out."""
    kept, choices = dict(point.choices), shared_choices(module)
    notes = []
    for key, gate in engine_gates(module).items():
        if key not in kept or not is_masked(gate):
            continue
        choice, left = choices[key], evaluate_gate(gate, values, axes_of(choices[key]))
        names = [[c.name for c in edge.candidates] for edge in choice.edges]
        against = [k for k in kept[key] if not left[k.edge, names[k.edge].index(k.operation)] > 0]
        if against:
            words = " and ".join(f"`{k.operation}` on edge {k.edge}" for k in against)
            notes.append(f"the masks of `{key}` leave too little; it keeps its strongest: {words}")
    return tuple(notes)
