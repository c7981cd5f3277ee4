"""Small modules, sound and broken, and how a broken one is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from attrs import evolve

from archir.diagnostics import ArchirError
from archir.ir.gates import Apply, Parameter
from archir.ir.graph import Amount, Call, Candidate, Choice, Edge, Graph, Keep, Operation, Value, WeightMask
from archir.ir.module import ArchitectureParameter, GateOf, Module
from archir.ir.types import TensorType
from archir.ir.verifier import verify
from archir.ops.conv import Conv
from archir.ops.layout import Zero
from archir.ops.pointwise import Add

Broken = Mapping[str, Iterable[tuple[Module, str]]]
"""For each invariant by its name modules that break it, and what is said of them."""


def cases(broken: Broken) -> list[tuple[str, Module, str]]:
    """The rows of a table, one by one."""
    return [(row, module, message) for row, of in broken.items() for module, message in of]


def assert_told(row: str, module: Module, message: str) -> None:
    """The verifier says this of a module, and which invariant it breaks."""
    with pytest.raises(ArchirError) as caught:
        verify(module)
    found = caught.value.diagnostics
    assert message in [d.message for d in found]
    assert all(d.code == "NAS405" and d.help for d in found)
    assert all(d.notes[0].startswith(f"invariant `{row}`: ") for d in found if d.message == message)


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
