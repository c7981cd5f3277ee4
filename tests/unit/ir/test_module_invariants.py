"""One broken module for each invariant of modules as a whole."""

from __future__ import annotations

import pytest
from attrs import evolve

from archir.ir.gate_invariants import GATE_INVARIANTS
from archir.ir.graph import Amount, Keep
from archir.ir.module import Module
from archir.ir.module_invariants import MODULE_INVARIANTS
from archir.ops.pointwise import Relu
from tests.unit.ir.small_modules import (
    CONV,
    NETWORK,
    NORMAL,
    RELAXED,
    SPACE,
    Broken,
    active,
    assert_told,
    calls,
    cases,
    cell,
    choice,
    masked,
    net,
    op,
    space,
)

BROKEN: Broken = {
    "form": ((evolve(SPACE, form="spaces"), "`tiny` has the form `spaces`, which is none of space, relaxed, network"),),
    "reserved": (
        (
            Module("tiny", "network", net(op("arch.y", Relu(), "image"), output="arch.y")),
            "`arch.y` is a name below `arch`, where architecture parameters live",
        ),
    ),
    "agreement": (
        (
            Module("tiny", "space", calls(NORMAL, active("skip").graph.nodes[0].graph)),
            "`cell.0.y` and `cell.1.y` share the choice `normal.y`, but not edges, candidates, active sets and keep",
        ),
        (
            Module("tiny", "space", calls(NORMAL, cell(choice(keep=Keep(Amount(1, 1)))))),
            "`cell.0.y` and `cell.1.y` share the choice `normal.y`, but not edges, candidates, active sets and keep",
        ),
    ),
    "no choices": ((evolve(SPACE, form="network"), "`cell.0.y` is a choice, but a network has none left"),),
    "no weight masks": (
        (evolve(NETWORK, graph=calls(cell(masked(op("y", CONV, "a"))))), "in `normal`, `y` has a mask on its weights"),
        (space(masked(op("z", CONV, "a")), choice()), "in `normal`, `z` has a mask on its weights"),
    ),
    "base": (
        (
            evolve(RELAXED, base=calls(NORMAL, cell(choice(keep=Keep(Amount(1, 1)))))),
            "the choice `cell.1.y` is not the same in the base",
        ),
        (evolve(RELAXED, base=calls(NORMAL)), "the choice `cell.1.y` is not the same in the base"),
    ),
}


def test_each_invariant_has_a_broken_module() -> None:
    assert sorted(BROKEN) == sorted(row.name for row in MODULE_INVARIANTS if row not in GATE_INVARIANTS)


@pytest.mark.parametrize(("row", "module", "message"), cases(BROKEN))
def test_broken_modules_are_told_apart(row: str, module: Module, message: str) -> None:
    assert_told(row, module, message)
