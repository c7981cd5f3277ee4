"""Latency tables: blocks and where they stand, tables as text and as costs."""

from __future__ import annotations

import numpy as np
import pytest

import archir
from archir.analysis.blocks import Place, blocks_of
from archir.analysis.latency import Timing, latency_arrays, latency_from_csv, latency_to_csv, rest_of
from archir.analysis.vital import vital_choices
from archir.diagnostics import ArchirError
from archir.ir.module import choice_instances
from archir.ir.types import TensorType
from archir.passes import run_pipeline
from tests.unit.analysis.test_cost import NESTED, load

PAIR = """
candidates mine = conv_3x3: conv(k=3) | skip: identity
cell twice(x) { return choose mine from x keep 1 op }
net pair(image: tensor[4, 8, 8]) {
  x = relu(twice(twice(image)))
  x = twice(max_pool(x, k=2, stride=2))
  return x |> global_avg_pool |> linear(10)
}
block identity(x) { return x }
"""


def test_blocks_of_a_chain() -> None:
    module = archir.load("fbnet")
    blocks = blocks_of(module)
    chosen = [b for b in blocks if b.place.choice]
    assert len(chosen) == 6 * 8 + 16 * 9
    assert {b.count for b in blocks} == {1}
    assert [b.place.operation for b in blocks if not b.place.choice] == [
        "fbnet.x", "fbnet.conv_bn_relu", "fbnet.global_avg_pool", "fbnet.linear",
    ]  # fmt: skip
    assert blocks[0].place.input == "3x224x224"
    assert len({b.graph for b in chosen}) < len(chosen) / 1.8  # layers of a stage are alike


def test_blocks_of_shared_cells_are_counted_by_input() -> None:
    module = load(PAIR)
    found = {b.place: b.count for b in blocks_of(module)}
    assert sum(1 for _ in choice_instances(module.graph)) == 3
    assert found == {
        Place("twice.choose", 0, "conv_3x3", "4x8x8"): 2,
        Place("twice.choose", 0, "skip", "4x8x8"): 2,
        Place("", 0, "pair.x.relu", "4x8x8"): 1,
        Place("", 0, "pair.x_1.max_pool", "4x8x8"): 1,
        Place("twice.choose", 0, "conv_3x3", "4x4x4"): 1,
        Place("twice.choose", 0, "skip", "4x4x4"): 1,
        Place("", 0, "pair.global_avg_pool", "4x4x4"): 1,
        Place("", 0, "pair.linear", "4"): 1,
    }


@pytest.mark.parametrize("name", ["fbnet", "fbnet_k7", "mnasnet", "efficientnet", "nasbench201"])
def test_every_candidate_at_every_instance_is_counted(name: str) -> None:
    module = archir.load(name)
    counted: dict[tuple[str, int, str], int] = {}
    for block in blocks_of(module):
        if block.place.choice:
            key = block.place.choice, block.place.edge, block.place.operation
            counted[key] = counted.get(key, 0) + block.count
    expected: dict[tuple[str, int, str], int] = {}
    for i in choice_instances(module.graph):
        for e, edge in enumerate(i.choice.edges):
            for c in edge.candidates:
                expected[i.key, e, c.name] = expected.get((i.key, e, c.name), 0) + 1
    assert counted == expected


def test_a_table_is_a_cost_table() -> None:
    module = load(PAIR)
    times = {b.place: 0.25 * (n + 1) for n, b in enumerate(blocks_of(module))}
    text = latency_to_csv(Timing(p, 1, t, 0.125) for p, t in times.items())
    assert latency_from_csv(text) == times
    arrays = latency_arrays(module, latency_from_csv(text))
    by_name = {(p.operation, p.input): t for p, t in times.items()}
    conv = 2 * by_name["conv_3x3", "4x8x8"] + by_name["conv_3x3", "4x4x4"]
    skip = 2 * by_name["skip", "4x8x8"] + by_name["skip", "4x4x4"]
    assert arrays.of["twice.choose"].tolist() == [[conv * 1e6, skip * 1e6]]
    fixed = sum(t for p, t in times.items() if not p.choice)
    assert arrays.fixed == 1e6 * fixed
    assert latency_arrays(module, times | {rest_of(module): -0.5}).fixed == 1e6 * (fixed - 0.5)
    assert latency_from_csv(latency_to_csv([Timing(rest_of(module), 1, -0.5, 0.0)])) == {rest_of(module): -0.5}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column `choice`"),
        ("choice,edge,operation,input\n", "no column `milliseconds`"),
        ("choice,edge,operation,input,milliseconds\nn.x,0,relu,3x8x8,fast\n", "line 2 of the latency table: could not"),
        (
            "choice,edge,operation,input,milliseconds\nn.x,0,relu,3x8x8,-1\n",
            "line 2 of the latency table: `-1.0` is no",
        ),
        ("choice,edge,operation,input,milliseconds\nn.x,0,relu,3x8x8,nan\n", "`nan` is no time"),
        ("choice,edge,operation,input,milliseconds\nn.x,one,relu,3x8x8,1\n", "line 2 of the latency table: invalid"),
        ("choice,edge,operation,input,milliseconds\nn.x,0\n", "line 2 of the latency table: float()"),
        (2 * "choice,edge,operation,input,milliseconds\n", "line 2 of the latency table: invalid"),
        ("choice,edge,operation,input,milliseconds\n" + 2 * ",,n.x,3,1\n", "line 3 of the latency table has the place"),
    ],
)
def test_texts_that_are_no_table(text: str, said: str) -> None:
    with pytest.raises(ArchirError) as caught:
        latency_from_csv(text)
    (found,) = caught.value.diagnostics
    assert (found.code, said in found.message) == ("NAS408", True), found.message


def test_a_table_of_other_sizes_is_refused() -> None:
    table = {b.place: 1.0 for b in blocks_of(load(PAIR))}
    with pytest.raises(ArchirError, match=r"no `conv_3x3` at 4x16x16 \(edge 0 of `twice.choose`"):
        latency_arrays(load(PAIR.replace("4, 8, 8", "4, 16, 16")), table)
    with pytest.raises(ArchirError, match=r"no `pair.linear` at 4 \(what every network runs"):
        latency_arrays(load(PAIR), {p: t for p, t in table.items() if p.operation != "pair.linear"})


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (load(NESTED), "has a choice in its candidate `inner`"),
        (archir.load("hs_das_cells"), "leaves out cells"),
        (archir.load("darts"), "takes several values"),
    ],
)
def test_blocks_that_cannot_be_timed_alone(module, said: str) -> None:
    with pytest.raises(ArchirError, match=said):
        blocks_of(module)


def test_a_table_holds_for_what_is_left_when_choices_are_decided() -> None:
    """What was a candidate is a block that all networks run, and takes as long."""
    space = archir.load("fbnet", image=TensorType((3, 32, 32)), width=0.25)
    table = {b.place: float(n + 1) for n, b in enumerate(blocks_of(space))}
    minimal = run_pipeline(space, "relax,vital").module
    values = {p.name: np.arange(float(np.prod(p.shape))).reshape(p.shape) for p in minimal.parameters}
    left = run_pipeline(minimal, "decide{choices=vital}", values).module
    whole, rest = latency_arrays(space, table), latency_arrays(left, table)
    vital = {key for key, found in vital_choices(space.graph).items() if found}
    assert rest.of.keys() == whole.of.keys() - vital
    for key, of in rest.of.items():
        assert (of == whole.of[key]).all()
    assert rest.fixed == whole.fixed + sum(int(whole.of[key][0, -1]) for key in vital)  # the last one is the strongest
