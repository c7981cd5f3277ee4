"""vital: only what no path can go around is searched; the rest is left out for now.

x.1 = choose ops from x.0   (vital)      -->  the same
x.2 = choose ops from x.1   (not vital)  -->  x.2 = choose ops from x.1 active skip
"""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, frozen

from archir.analysis.vital import vital_choices
from archir.diagnostics import fail
from archir.ir.graph import Choice, Edge, forwarded_input
from archir.ir.module import Form, Module, shared_choices
from archir.passes.active import Place, restricted
from archir.passes.base import Pass, Rewrite, Values


@frozen
class Vital(Pass):
    """The minimal supernet of HourNAS (Yang et al. 2021, section 3.1): the one that has only the vital blocks.

    A choice is vital if every path from the input to the output meets its weights, whatever is kept; residual
    shortcuts count as paths. Of the others only what hands its input on (skip) stays active: nothing of them is
    computed, and their candidates own no weights. A choice that has no such candidate stays as it is.

    The base stays whole: `decide{choices=vital}` reads the best operations of vital choices and opens the others
    again. `derive` gives the network of what is vital alone.
    """

    name: ClassVar[str] = "vital"
    summary: ClassVar[str] = "the minimal supernet: what is not vital is skipped until `decide`"
    takes: ClassVar[tuple[Form, ...]] = ("relaxed",)

    def run(self, module: Module, values: Values | None) -> Rewrite:
        if module.base is not None:
            help_ = "run `vital` behind `relax`, before `bottleneck`, and once"
            fail("NAS402", f"`{module.name}` has another form already for as long as the search lasts", help=help_)
        vital, active = vital_choices(module.graph), dict[Place, tuple[str, ...]]()
        for key, choice in shared_choices(module).items():
            if not vital.get(key, True):
                active |= {(key, e): names for e, names in enumerate(_skips(choice))}
        if not active or not any(vital.values()):
            why = "nothing can be left out" if any(vital.values()) else "no choice is vital"
            fail("NAS402", f"`{module.name}` has no vital stage: {why}", help="leave `vital` out, and search at once")
        return Rewrite(evolve(restricted(module, active), base=module.graph))


def _skips(choice: Choice) -> list[tuple[str, ...]]:
    """The names of what hands its input on, for each edge; none where an edge has no such candidate."""
    found = [_handed_on(edge) for edge in choice.edges]
    return found if all(found) else []


def _handed_on(edge: Edge) -> tuple[str, ...]:
    return tuple(c.name for _, c in edge.alternatives if forwarded_input(c.graph) is not None)
