"""One broken module for each invariant of the table."""

from __future__ import annotations

import time

import pytest
from attrs import evolve

from archir.diagnostics import ArchirError
from archir.ir.gates import Apply, Parameter
from archir.ir.graph import Amount, Call, Candidate, Choice, Edge, Graph, Keep, Operation, Value, WeightMask, adjacent
from archir.ir.invariants import GRAPH_INVARIANTS
from archir.ir.module import ArchitectureParameter, Clock, GateOf, Module, Objective
from archir.ir.module_invariants import MODULE_INVARIANTS
from archir.ir.types import TensorType
from archir.ir.verifier import MOST_REPORTED, distinct_graphs, verify
from archir.ops.conv import Conv
from archir.ops.layout import Concat, Zero
from archir.ops.pointwise import Add, Mul, Relu

T = TensorType((4, 8, 8))
U = TensorType((8, 8, 8))
CONV = Conv(out=4, k=3, pad=1)

skip = Graph("skip", "block", (Value("x", T),), (), "x", T)
none = Graph("none", "block", (Value("x", T),), (Operation("zero", Zero(), ("x",), T),), "zero", T)
conv = Graph("conv3", "block", (Value("x", T),), (Operation("conv", CONV, ("x",), T),), "conv", T)


BOTH = Keep(Amount(2, 2))
ONE = Amount(1, 1)


def choice(name: str = "y", sources: tuple[str, ...] = ("a", "b"), keep: Keep = BOTH) -> Choice:
    candidates = (Candidate("none", none), Candidate("skip", skip), Candidate("conv", conv))
    return Choice(name, tuple(Edge(source, candidates) for source in sources), keep, T)


def cell(*nodes, name: str = "normal", output: str = "y", type_: TensorType = T) -> Graph:
    return Graph(name, "cell", (Value("a", T), Value("b", T)), nodes or (choice(),), output, type_)


def net(*nodes, output: str, type_: TensorType = T) -> Graph:
    return Graph("tiny", "net", (Value("image", T),), nodes, output, type_)


def calls(*graphs: Graph) -> Graph:
    nodes = [Call(f"cell.{i}", graph, (f"cell.{i - 1}" if i else "image", "image")) for i, graph in enumerate(graphs)]
    return net(*nodes, output=nodes[-1].name)


ALPHA = "arch.normal.y.alpha"
GATE = Apply("softmax", (Parameter(ALPHA),))
NORMAL = cell()
SPACE = Module("tiny", "space", calls(NORMAL, NORMAL))
RELAXED = evolve(
    SPACE,
    form="relaxed",
    parameters=(ArchitectureParameter(ALPHA, (2, 3), 1e-3),),
    gates=(GateOf("cell.0.y", GATE), GateOf("cell.1.y", GATE)),
)
NETWORK = Module("tiny", "network", calls(cell(Operation("y", Add(), ("a", "b"), T))))


SPARSITY = Objective("sparsity", Apply("mean", (Parameter(ALPHA),)))
CANDIDATES = choice().edges[0].candidates


def at_home(*edges: Edge) -> Module:
    return space(Choice("y", edges, BOTH, T))


def space(*nodes, output: str = "y", type_: TensorType = T) -> Module:
    """A space whose one cell holds the given nodes."""
    return Module("tiny", "space", calls(cell(*nodes, output=output, type_=type_)))


def op(name: str, primitive, *operands: str, type_: TensorType = T) -> Operation:
    return Operation(name, primitive, operands, type_)


def masked(node: Operation, start: float = 0.01) -> Operation:
    return evolve(node, mask=WeightMask(0.005, start))


def with_candidate(graph: Graph, name: str = "odd") -> Module:
    return space(Choice("y", (Edge("a", (Candidate("skip", skip), Candidate(name, graph))),), Keep(None), T))


def active(*names: str) -> Module:
    whole = choice()
    return space(evolve(whole, edges=(evolve(whole.edges[0], active=names), whole.edges[1])))


def keeps(edges: Amount | None, operations: Amount = ONE) -> Module:
    return space(choice(keep=Keep(edges, operations)))


BROKEN: dict[str, tuple[tuple[Module, str], ...]] = {
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
    "active": (
        (
            active("conv", "none"),
            "in `normal`, choice `y`, edge 0: what is active is not some of its candidates in order",
        ),
        (active("gone"), "in `normal`, choice `y`, edge 0: what is active is not some of its candidates in order"),
        (active(), "in `normal`, choice `y`, edge 0: no candidate is listed as active"),
        (active("none", "skip", "conv"), "in `normal`, choice `y`, edge 0: all candidates are listed as active"),
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
            "`cell.0.y` and `cell.1.y` share the choice `normal.y`, but not its edges, candidates and keep",
        ),
        (
            Module("tiny", "space", calls(NORMAL, cell(choice(keep=Keep(Amount(1, 1)))))),
            "`cell.0.y` and `cell.1.y` share the choice `normal.y`, but not its edges, candidates and keep",
        ),
    ),
    "no choices": ((evolve(SPACE, form="network"), "`cell.0.y` is a choice, but a network has none left"),),
    "no gates": (
        (evolve(NETWORK, objectives=(SPARSITY,)), "`sparsity` is an objective, but a network has none"),
        (evolve(NETWORK, base=NORMAL), "only a relaxed module has a base, but this is a network"),
        (evolve(RELAXED, form="space"), "`cell.0.y` has a gate, but a space has none"),
        (
            evolve(NETWORK, parameters=RELAXED.parameters),
            f"`{ALPHA}` is something that gates read, but a network has no gates",
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
            "the gate of `cell.1.y` reads `arch.beta`, which is no architecture parameter and no clock",
        ),
        (
            evolve(RELAXED, parameters=(ArchitectureParameter(ALPHA, (2, 4), 1e-3),)),
            f"`{ALPHA}` has the shape (2, 4), but the choice `cell.0.y` needs (2, 3), (2, 1) or ()",
        ),
    ),
    "parameters": (
        (
            evolve(RELAXED, parameters=RELAXED.parameters * 2),
            f"there are 2 architecture parameters or clocks called `{ALPHA}`",
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
    ),
    "weight masks": (
        (space(masked(op("y", Add(), "a", "b"))), "in `normal`, `y = add(...)` has a mask, but no kernel"),
        (
            space(masked(op("y", CONV, "a"), start=float("nan"))),
            "in `normal`, `y = conv(...)` has a mask whose threshold or start is no finite number",
        ),
    ),
    "no weight masks": (
        (evolve(NETWORK, graph=calls(cell(masked(op("y", CONV, "a"))))), "in `normal`, `y` has a mask on its weights"),
        (space(masked(op("z", CONV, "a")), choice()), "in `normal`, `z` has a mask on its weights"),
    ),
    "objectives": (
        (evolve(RELAXED, objectives=(SPARSITY, SPARSITY)), "among the objectives, the name `sparsity` occurs twice"),
    ),
    "base": (
        (
            evolve(RELAXED, base=calls(NORMAL, cell(choice(keep=Keep(Amount(1, 1)))))),
            "the choice `cell.1.y` is not the same in the base",
        ),
        (evolve(RELAXED, base=calls(NORMAL)), "the choice `cell.1.y` is not the same in the base"),
    ),
}


@pytest.mark.parametrize(
    "module", [SPACE, RELAXED, NETWORK, space(choice(keep=Keep(Amount(0, None), Amount(1, None))))]
)
def test_sound_modules_pass(module: Module) -> None:
    verify(module)


def test_each_invariant_has_a_broken_module() -> None:
    rows = [row.name for row in (*GRAPH_INVARIANTS, *MODULE_INVARIANTS)]
    assert sorted(BROKEN) == sorted(rows)


@pytest.mark.parametrize(
    ("row", "module", "message"),
    [(row, module, message) for row, cases in BROKEN.items() for module, message in cases],
)
def test_broken_modules_are_told_apart(row: str, module: Module, message: str) -> None:
    with pytest.raises(ArchirError) as caught:
        verify(module)
    found = caught.value.diagnostics
    assert message in [d.message for d in found]
    assert all(d.code == "NAS405" and d.help for d in found)
    assert all(d.notes[0].startswith(f"invariant `{row}`: ") for d in found if d.message == message)


def test_all_faults_are_reported_at_once_up_to_a_bound() -> None:
    with pytest.raises(ArchirError) as caught:
        verify(space(op("z", Relu(), "p"), op("y", Relu(), "q")))
    assert len(caught.value.diagnostics) == 2
    many = [op(f"z.{i}", Relu(), "p") for i in range(50)]
    with pytest.raises(ArchirError) as caught:
        verify(space(*many, op("y", Relu(), "a")))
    assert len(caught.value.diagnostics) == MOST_REPORTED


def test_a_shared_graph_is_looked_at_once() -> None:
    assert [graph.name for graph in distinct_graphs(SPACE.graph)].count("normal") == 1
    # 22 levels of two calls each are four million instances, and 23 graphs.
    deep = cell(op("y", Relu(), "a"))
    for level in range(22):
        deep = Graph(
            f"g{level}", "cell", deep.inputs, (Call("p", deep, ("a", "b")), Call("y", deep, ("p", "b"))), "y", T
        )
    start = time.perf_counter()
    verify(Module("deep", "network", calls(deep)))
    assert time.perf_counter() - start < 0.5


def test_a_long_chain_does_not_overflow() -> None:
    nodes = [op(f"n.{i}", Relu(), f"n.{i - 1}" if i else "image") for i in range(5000)]
    verify(Module("chain", "network", net(*nodes, output="n.4999")))
