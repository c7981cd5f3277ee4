"""The DARTS space: its size, its names, what is shared."""

from __future__ import annotations

from archir.analysis import cost
from archir.ir.graph import Call, Choice, Graph
from archir.ir.module import Module, choice_instances, join, shared_choices
from archir.passes import run_pipeline
from archir.sema import load


def weights(graph: Graph, path: str = "") -> list[str]:
    """Paths of all tensors of a graph's instances, each by its own walk over the IR."""
    found: list[str] = []
    types = graph.types()
    for node in graph.nodes:
        here = join(path, node.name)
        if isinstance(node, Call):
            found += weights(node.graph, here)
        elif isinstance(node, Choice):
            for e, edge in enumerate(node.edges):
                for c in edge.candidates:
                    found += weights(c.graph, f"{here}.{e}.{c.name}")
        else:
            found += [f"{here}.{w.name}" for w in node.primitive.weights(tuple(types[o] for o in node.operands))]
    return found


def relaxed() -> Module:
    return run_pipeline(load("darts"), "relax").module


def test_published_numbers() -> None:
    assert cost.parameters(relaxed()) == 1_930_618
    network = load("darts_v2")
    assert (cost.parameters(network), cost.macs(network)) == (3_349_342, 528_359_040)


def test_names_of_weights() -> None:
    paths = weights(relaxed().graph)
    assert len(paths) == len(set(paths))
    assert "cell.3.x.4.1.sep_conv_3x3.x.0.conv.weight" in paths
    assert "cell.2.x.2.0.skip.a.weight" in paths  # stride 2: a factorized reduction
    assert "s1.conv.weight" in paths
    assert "cell.2.x.2.0.skip.batch_norm.weight" not in paths  # no scale and shift while searching
    assert not any(a != b and b.startswith(f"{a}.") for a in paths[:400] for b in paths[:400])


def test_cells_share_choices_and_graphs() -> None:
    module = relaxed()
    assert list(shared_choices(module)) == [f"{cell}.x.{i}" for cell in ("normal", "reduce") for i in range(2, 6)]
    assert {p.name: p.shape for p in module.parameters}["arch.normal.x.5.alpha"] == (5, 8)
    assert len(module.parameters) == 8
    assert len(list(choice_instances(module.graph))) == len(module.gates) == 8 * 4
    cells = [n.graph for n in module.graph.nodes if isinstance(n, Call) and n.name.startswith("cell.")]
    assert [c.name for c in cells] == ["normal"] * 2 + ["reduce"] + ["normal"] * 2 + ["reduce"] + ["normal"] * 2
    assert cells[1] is not cells[0]  # the first cell's inputs come from the stem
    assert len({id(c) for c in load("darts", cells=20).graph.nodes[2:] if isinstance(c, Call)}) == 20
    assert len({id(c.graph) for c in load("darts", cells=20).graph.nodes if isinstance(c, Call)}) < 12


def test_parameters_of_the_net() -> None:
    small = load("darts", channels=4, cells=3, classes=7, image=(1, 16, 16))
    assert small.graph.inputs[0].type.shape == (1, 16, 16)
    assert small.graph.type.shape == (7,)
    assert len([n for n in small.graph.nodes if n.name.startswith("cell.")]) == 3
    assert load("darts", channels=4) != load("darts")
    assert load("darts", channels=16) == load("darts")
