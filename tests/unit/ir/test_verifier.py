"""What the verifier passes, how much it reports, and how long it takes."""

from __future__ import annotations

import time

import pytest

from archir.diagnostics import ArchirError
from archir.ir.graph import Amount, Call, Graph, Keep
from archir.ir.module import Module
from archir.ir.verifier import MOST_REPORTED, distinct_graphs, verify
from archir.ops.pointwise import Relu
from tests.unit.ir.small_modules import NETWORK, RELAXED, SPACE, T, calls, cell, choice, net, op, space


@pytest.mark.parametrize(
    "module", [SPACE, RELAXED, NETWORK, space(choice(keep=Keep(Amount(0, None), Amount(1, None))))]
)
def test_sound_modules_pass(module: Module) -> None:
    verify(module)


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
