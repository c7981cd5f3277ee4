"""One broken module for each invariant of gates, and of what reads them."""

from __future__ import annotations

import pytest
from attrs import evolve

from archir.ir.gate_invariants import GATE_INVARIANTS
from archir.ir.gates import Apply, Parameter
from archir.ir.module import ArchitectureParameter, Clock, GateOf, Module, NamedValue, Noise, Objective
from tests.unit.ir.small_modules import ALPHA, GATE, NETWORK, NORMAL, RELAXED, Broken, assert_told, cases

NOISE = Noise("arch.noise", (2, 3))
NOISY = evolve(
    RELAXED,
    noises=(NOISE,),
    gates=tuple(GateOf(g.path, Apply("+", (g.gate, Parameter(NOISE.name)))) for g in RELAXED.gates),
)
SPARSITY = Objective("sparsity", Apply("mean", (Parameter(ALPHA),)))


def value(name: str, reads: str) -> NamedValue:
    return NamedValue(name, Apply("mean", (Parameter(reads),)))


BROKEN: Broken = {
    "no gates": (
        (evolve(NETWORK, objectives=(SPARSITY,)), "`sparsity` is an objective, but a network has none"),
        (evolve(NETWORK, base=NORMAL), "only a relaxed module has a base, but this is a network"),
        (evolve(RELAXED, form="space"), "`cell.0.y` has a gate, but a space has none"),
        (
            evolve(NETWORK, parameters=RELAXED.parameters),
            f"`{ALPHA}` is something that gates read, but a network has no gates",
        ),
        (
            evolve(NETWORK, values=(value("share", ALPHA),)),
            "`share` is a value that objectives read, but a network has none",
        ),
    ),
    "gated": (
        (evolve(RELAXED, gates=RELAXED.gates[:1]), "the choice `cell.1.y` has no gate instead of one"),
        (evolve(RELAXED, gates=RELAXED.gates + RELAXED.gates[1:]), "the choice `cell.1.y` has 2 gates instead of one"),
        (evolve(RELAXED, gates=(*RELAXED.gates, GateOf("cell.2.y", GATE))), "`cell.2.y` has a gate, but is no choice"),
    ),
    "functions": (
        (
            evolve(RELAXED, gates=(RELAXED.gates[0], GateOf("cell.1.y", Apply("soft_max", (Parameter(ALPHA),))))),
            "the gate of `cell.1.y` applies `soft_max`, which is no gate function",
        ),
        (
            evolve(RELAXED, gates=(RELAXED.gates[0], GateOf("cell.1.y", Apply("softmax", (GATE, GATE))))),
            "the gate of `cell.1.y` gives `softmax` 2 arguments instead of 1",
        ),
        (
            evolve(RELAXED, objectives=(Objective("empty", Apply("mean", ())),)),
            "the objective `empty` gives `mean` 0 arguments instead of 1 or more",
        ),
    ),
    "reads": (
        (
            evolve(RELAXED, gates=(RELAXED.gates[0], GateOf("cell.1.y", Parameter("arch.beta")))),
            "the gate of `cell.1.y` reads `arch.beta`, which is no architecture parameter, clock or noise",
        ),
        (
            evolve(RELAXED, gates=(RELAXED.gates[0], GateOf("cell.1.y", Parameter("cell.0.y")))),
            "the gate of `cell.1.y` reads `cell.0.y`, which is no architecture parameter, clock or noise",
        ),
        (
            evolve(RELAXED, values=(value("first", "second"), value("second", "cell.0.y"))),
            "the value `first` reads `second`, which is no parameter, clock, gate or value before it",
        ),
        (
            evolve(RELAXED, values=(value("same", "same"),)),
            "the value `same` reads `same`, which is no parameter, clock, gate or value before it",
        ),
        (
            evolve(RELAXED, objectives=(Objective("odd", Parameter("cell.2.y")),)),
            "the objective `odd` reads `cell.2.y`, which is no parameter, clock, gate or value before it",
        ),
        (
            evolve(NOISY, objectives=(Objective("odd", Apply("mean", (Parameter(NOISE.name),))),)),
            "the objective `odd` reads `arch.noise`, which is no parameter, clock, gate or value before it",
        ),
    ),
    "shapes": (
        (
            evolve(RELAXED, parameters=(ArchitectureParameter(ALPHA, (2, 4), 1e-3),)),
            f"`{ALPHA}` has the shape (2, 4), but the choice `cell.0.y` needs (2, 3), (2, 1) or ()",
        ),
        (
            evolve(NOISY, noises=(Noise("arch.noise", (3, 3)),)),
            "`arch.noise` has the shape (3, 3), but the choice `cell.0.y` needs (2, 3), (2, 1) or ()",
        ),
    ),
    "parameters": (
        (
            evolve(RELAXED, parameters=RELAXED.parameters * 2),
            f"there are 2 architecture parameters, clocks or noises called `{ALPHA}`",
        ),
        (
            evolve(RELAXED, parameters=(*RELAXED.parameters, ArchitectureParameter("arch.b", (2, 3), 0.0))),
            "no gate reads `arch.b`",
        ),
        (
            evolve(RELAXED, parameters=(ArchitectureParameter(ALPHA, (2, 3), float("nan")),)),
            f"the deviation of `{ALPHA}` is nan, which is none",
        ),
        (
            evolve(
                RELAXED,
                parameters=(ArchitectureParameter("alpha", (2, 3), 1e-3),),
                gates=tuple(GateOf(g.path, Apply("softmax", (Parameter("alpha"),))) for g in RELAXED.gates),
            ),
            "gates read `alpha`, whose name does not start with `arch.`",
        ),
        (
            evolve(RELAXED, parameters=(ArchitectureParameter(ALPHA, (2, 3), 0.0, float("inf")),)),
            f"`{ALPHA}` starts at inf, which is no finite number",
        ),
        (
            evolve(RELAXED, parameters=(ArchitectureParameter(ALPHA, (2, 3), 0.0, 0.0, "masks"),)),
            f"`{ALPHA}` is of the kind `masks`, which is none of arch, arch_masks",
        ),
        (
            evolve(RELAXED, clocks=(Clock("arch.epochs", "epoch"),)),
            "no gate reads `arch.epochs`",
        ),
        (
            evolve(RELAXED, clocks=(Clock("arch.days", "day"),)),
            "the clock `arch.days` counts `day`, which is none of epoch, step",
        ),
        (evolve(RELAXED, noises=(NOISE,)), "no gate reads `arch.noise`"),
        (
            evolve(NOISY, noises=(NOISE, NOISE)),
            "there are 2 architecture parameters, clocks or noises called `arch.noise`",
        ),
        (
            evolve(NOISY, noises=(Noise("arch.noise", (2, 3), "white"),)),
            "the noise `arch.noise` is `white`, which is none of gumbel",
        ),
    ),
    "objectives": (
        (evolve(RELAXED, objectives=(SPARSITY, SPARSITY)), "among the objectives, the name `sparsity` occurs twice"),
        (
            evolve(RELAXED, values=(value("cell.0.y", ALPHA),)),
            "among what objectives read, the name `cell.0.y` occurs twice",
        ),
        (
            evolve(RELAXED, values=(value("share", ALPHA), value("share", ALPHA))),
            "among what objectives read, the name `share` occurs twice",
        ),
    ),
}


def test_each_invariant_has_a_broken_module() -> None:
    assert sorted(BROKEN) == sorted(row.name for row in GATE_INVARIANTS)


@pytest.mark.parametrize(("row", "module", "message"), cases(BROKEN))
def test_broken_modules_are_told_apart(row: str, module: Module, message: str) -> None:
    assert_told(row, module, message)
