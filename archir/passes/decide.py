"""decide: some choices are read from learned values, the others are left a space.

y = concat(*choose adjacent 2 from c[2..6]); c[5] = cell(choose links from ...)
-->  y = concat(c[3], c[4])   (and no c[5]; what is chosen for c[2] to c[4] is open)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal, TypeAlias

from attrs import frozen, validators

from archir.analysis.cost_expression import derived_space
from archir.analysis.vital import vital_choices
from archir.diagnostics import fail
from archir.ir.graph import Call, Choice, Graph
from archir.ir.module import Form, Module, chooses, join, owner_of
from archir.ir.point import Point
from archir.passes.base import Pass, Rewrite, Values, option
from archir.passes.budget import LATENCY_HELP, TARGET_HELP, WITHIN_HELP, Wish, decided
from archir.passes.derive import kept_by_rule, probabilities
from archir.passes.fix import own_weights, partly_fixed
from archir.passes.rules import Rule
from archir.proposals.budget import WITHIN
from archir.space.space import space_of

Part: TypeAlias = Literal["windows", "stages", "cells", "vital"]


@frozen
class Decide(Pass):
    """Keeps what a rule makes of the coefficients of some choices; what is left is a space, to be searched again.

    H-DAS (Liu et al. 2021, section 3.2) decides so how many cells each stage has, and searches the stages again with
    these numbers. What no kept window needs goes. HourNAS (Yang et al. 2021, section 3.1) decides vital blocks first.
    The point of the network that is derived in the end holds what was decided, too, and is a point of the first space.

    choices: `windows`, those of `choose adjacent`; `stages`, all outside of cells; `cells`, all inside; `vital`, those
    that every path goes through (those that the pass `vital` searches).
    rule: as in `derive`; of windows it is always the strongest that stays. With a `target`, in a space of layers, a
    choice keeps less than its strongest operation where otherwise the others could not meet it; notes say so.
    """

    name: ClassVar[str] = "decide"
    summary: ClassVar[str] = "learned values decide some of the choices"
    takes: ClassVar[tuple[Form, ...]] = ("relaxed",)
    gives: ClassVar[Form | None] = "space"
    needs_values: ClassVar[bool] = True

    choices: Part = option("windows", "which choices are decided")
    rule: Rule = option("auto", "how values become what is kept")
    target: tuple[str, ...] = option((), TARGET_HELP)
    within: float = option(WITHIN, WITHIN_HELP, validator=validators.gt(0.0))
    latency: str = option("", LATENCY_HELP)

    def run(self, module: Module, values: Values | None) -> Rewrite:
        assert values is not None
        keys, every = decided_keys(module, self.choices), frozenset(v.key for v in space_of(module).variables)
        if not keys or keys == every:
            there = "all" if keys else "none"
            help_ = "run `derive`" if keys else f"leave `decide` out, or name others: {_OTHERS}"
            fail("NAS402", f"{there} of the choices of `{module.name}` are {_WORDS[self.choices]}", help=help_)
        point, notes = decided_point(module, values, self), tuple[str, ...]()
        if self.target:
            wish = Wish(self.target, self.latency, self.within)
            point, notes = decided(wish.of(derived_space(module)), probabilities(module, values, keys), wish)
        return Rewrite(partly_fixed(module, point, every - keys), own_weights(module), notes)


_WORDS = {"windows": "windows", "stages": "outside of cells", "cells": "inside of cells", "vital": "vital"}
_OTHERS = "`windows`, `stages`, `cells` or `vital`"


def decided_keys(module: Module, part: Part) -> frozenset[str]:
    """The shared names of the choices that are decided."""
    if part == "vital":
        return frozenset(key for key, found in vital_choices(module.base or module.graph).items() if found)
    return frozenset(_keys(module.graph, None, False, part))


def _keys(graph: Graph, tag: str | None, inside: bool, part: Part) -> Iterator[str]:
    inside = inside or graph.kind == "cell"
    for node in graph.nodes if chooses(graph) else ():
        if isinstance(node, Call):
            yield from _keys(node.graph, node.tag, inside, part)
        elif isinstance(node, Choice):
            if node.windows if part == "windows" else inside == (part == "cells"):
                yield join(owner_of(graph, tag), node.name)
            for candidate in (c for edge in node.edges for c in edge.candidates):
                yield from _keys(candidate.graph, None, inside, part)


def decided_point(module: Module, values: Values, how: Decide) -> Point:
    """What is kept of the choices that are decided, without those that no kept window needs."""
    kept = kept_by_rule(module, values, how.rule, only=decided_keys(module, how.choices))
    return space_of(module).without_closed(Point(tuple(kept.items())), rest_open=True)
