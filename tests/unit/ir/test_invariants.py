"""One broken module for each invariant of graphs."""

from __future__ import annotations

import pytest
from attrs import evolve

from archir.ir.graph import Amount, Call, Candidate, Choice, Edge, Graph, Keep, Value, adjacent
from archir.ir.invariants import GRAPH_INVARIANTS
from archir.ir.module import Module
from archir.ops.conv import Conv
from archir.ops.layout import Concat
from archir.ops.pointwise import Add, Mul, Relu
from tests.unit.ir.small_modules import (
    CANDIDATES,
    CONV,
    NORMAL,
    Broken,
    T,
    U,
    active,
    assert_told,
    at_home,
    calls,
    cases,
    choice,
    conv,
    keeps,
    masked,
    net,
    none,
    op,
    skip,
    space,
    with_candidate,
)

BROKEN: Broken = {
    "names": (
        (space(op("y", Relu(), "a"), op("y", Relu(), "b")), "in `normal`, the name `y` occurs twice"),
        (space(op("a", Relu(), "b"), output="a"), "in `normal`, the name `a` occurs twice"),
        (space(op("y z", Relu(), "a"), output="y z"), "in `normal`, `y z` is not a dotted name"),
        (
            space(op("y", Relu(), "a"), op("y.0.z", Relu(), "a")),
            "in `normal`, `y` owns the weights below it, so nothing else may be called `y.0.z`",
        ),
    ),
    "order": (
        (
            space(op("y", Relu(), "z"), op("z", Relu(), "a")),
            "in `normal`, `y` reads `z`, which is not computed before it",
        ),
        (space(choice(sources=("a", "q"))), "in `normal`, `y` reads `q`, which is not computed before it"),
        (space(op("z", Relu(), "a")), "`normal` returns `y`, which it does not compute"),
    ),
    "operations": (
        (space(op("y", Mul(), "a")), "in `normal`, `y = mul(...)` takes 2 operands, found 1"),
        (space(op("y", Concat())), "in `normal`, `y = concat(...)` takes at least one operand, found 0"),
        (
            space(op("z", Conv(out=8, pad=0), "a", type_=U), op("y", Add(), "a", "z")),
            "in `normal`, `y = add(...)` does not fit its operands: cannot add tensor[4, 8, 8] and tensor[8, 8, 8]",
        ),
        (
            space(op("z", Relu(), "a", type_=U), op("y", Relu(), "b")),
            "in `normal`, `z = relu(...)` gives tensor[4, 8, 8], but tensor[8, 8, 8] is stated",
        ),
        (space(op("y", Conv(out=4, k=3), "a")), "in `normal`, `y = conv(...)` has attributes that are not filled in"),
    ),
    "weight masks": (
        (space(masked(op("y", Add(), "a", "b"))), "in `normal`, `y = add(...)` has a mask, but no kernel"),
        (
            space(masked(op("y", CONV, "a"), start=float("nan"))),
            "in `normal`, `y = conv(...)` has a mask whose threshold or start is no finite number",
        ),
    ),
    "calls": (
        (
            Module("tiny", "space", net(Call("y", NORMAL, ("image",)), output="y")),
            "in `tiny`, `y = normal(...)` takes 2 operands, found 1",
        ),
        (
            Module(
                "tiny",
                "space",
                net(op("z", Conv(out=8, pad=0), "image", type_=U), Call("y", NORMAL, ("image", "z")), output="y"),
            ),
            "in `tiny`, `y = normal(...)` takes tensor[4, 8, 8] as `b`, but `z` is tensor[8, 8, 8]",
        ),
    ),
    "output": (
        (
            space(op("y", Relu(), "a"), type_=U),
            "`normal` returns `y`, which is tensor[4, 8, 8], but tensor[8, 8, 8] is stated",
        ),
    ),
    "kind": (
        (
            Module("tiny", "space", evolve(calls(NORMAL), kind="cells")),
            "`tiny` is a `cells`, which is none of net, stage, cell, block",
        ),
    ),
    "edges": (
        (space(Choice("y", (), Keep(Amount(0, None)), T)), "in `normal`, choice `y` has no edges"),
        (
            space(Choice("y", (Edge("a", ()),), Keep(Amount(0, None), Amount(0, None)), T)),
            "in `normal`, choice `y` has no candidates on edge 0",
        ),
        (with_candidate(conv, "skip"), "in `normal`, choice `y`, edge 0: the name `skip` occurs twice"),
    ),
    "active": (
        (
            active("conv", "none"),
            "in `normal`, choice `y`, edge 0: what is active is not some of its candidates in order",
        ),
        (active("gone"), "in `normal`, choice `y`, edge 0: what is active is not some of its candidates in order"),
        (active(), "in `normal`, choice `y`, edge 0: no candidate is listed as active"),
        (active("none", "skip", "conv"), "in `normal`, choice `y`, edge 0: all candidates are listed as active"),
    ),
    "windows": (
        (
            space(evolve(choice(sources=("a",), keep=Keep(None)), slots=2), op("z", Relu(), "y.0"), output="z"),
            "in `normal`, choice `y` fills 2 slots by one kept edge, but its candidates are no windows",
        ),
        (
            space(
                op("x", Relu(), "a"),
                adjacent("y", ("a", "b", "x"), 2, T),
                adjacent("z", ("a", "b", "x"), 2, T),
                op("sum", Add(), "y.0", "z.0"),
                output="sum",
            ),
            "in `normal`, two choices of windows could leave out `x`",
        ),
    ),
    "candidates": (
        (
            space(Choice("y", (Edge(("a", "b"), (Candidate("skip", skip),)),), Keep(None), T)),
            "in `normal`, choice `y`, edge 0, candidate `skip` has 1 inputs instead of 2",
        ),
        (
            with_candidate(evolve(NORMAL, output="a", nodes=())),
            "in `normal`, choice `y`, edge 0, candidate `odd` has 2 inputs instead of one",
        ),
        (
            with_candidate(Graph("wide", "block", (Value("x", U),), (op("z", Conv(out=4, pad=0), "x"),), "z", T)),
            "in `normal`, choice `y`, edge 0, candidate `odd` takes tensor[8, 8, 8], but `a` is tensor[4, 8, 8]",
        ),
        (
            with_candidate(
                Graph("wide", "block", (Value("x", T),), (op("z", Conv(out=8, pad=0), "x", type_=U),), "z", U)
            ),
            "in `normal`, choice `y`, edge 0, candidate `odd` gives tensor[8, 8, 8], but tensor[4, 8, 8] is needed",
        ),
    ),
    "homes": (
        (
            at_home(Edge("a", CANDIDATES, "home"), Edge("b", CANDIDATES, "home")),
            "in `normal`, choice `y`, edge 1 shares the weights of `home`, but not the source `a`",
        ),
        (
            at_home(Edge("a", CANDIDATES, "home"), Edge("a", (Candidate("skip", none),), "home")),
            "in `normal`, choice `y`, edge 1 shares `home` with other candidates of one name",
        ),
        (
            at_home(Edge("a", CANDIDATES, "y.home"), Edge("b", CANDIDATES)),
            "in `normal`, `y` owns the weights below it, so nothing else may be called `y.home`",
        ),
    ),
    "keep": (
        (
            space(evolve(choice(), slots=3), op("z", Add(), "y.0", "y.1"), output="z"),
            "in `normal`, choice `y` fills 3 slots, so it keeps that many edges, with one operation each",
        ),
        (keeps(Amount(3, 3)), "in `normal`, choice `y` keeps 3 edges, but at most 2 can stay"),
        (keeps(Amount(2, 1)), "in `normal`, choice `y` keeps 2 to 1 edges, which is no range"),
        (keeps(Amount(2, 2), Amount(4, None)), "in `normal`, choice `y` keeps 4 operations, but at most 3 can stay"),
        (keeps(None), "in `normal`, choice `y` has 2 edges, so its `keep` must say how many of them stay"),
    ),
}


def test_each_invariant_has_a_broken_module() -> None:
    assert sorted(BROKEN) == sorted(row.name for row in GRAPH_INVARIANTS)


@pytest.mark.parametrize(("row", "module", "message"), cases(BROKEN))
def test_broken_modules_are_told_apart(row: str, module: Module, message: str) -> None:
    assert_told(row, module, message)
