"""restrict and partition: which edges are split in which order, and what parts are to all else."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import archir
from archir.analysis.arrays import cost_arrays
from archir.analysis.bounds import bounds
from archir.analysis.cost import macs, parameters
from archir.analysis.cost_expression import cost_expression
from archir.analysis.expected import cost_of, expected
from archir.analysis.gates import evaluate_objective
from archir.cli.main import run
from archir.diagnostics import ArchirError
from archir.ir.graph import Edge
from archir.ir.module import Module, choice_instances, shared_choices
from archir.passes import run_branches, run_pipeline
from archir.passes.fix import fixed
from archir.passes.partition import Partition
from archir.passes.weights import former_path
from archir.sema import load_source
from archir.sema.specialize import print_source
from archir.source import Source
from archir.space.membership import find_point
from archir.space.space import space_of
from tests.derived import point_of
from tests.small_space import small_space

DARTS = archir.load("darts", cells=3, channels=4)


def edge(module: Module, key: str, e: int) -> Edge:
    return shared_choices(module)[key].edges[e]


def units(module: Module = DARTS, **options: object) -> tuple[tuple[tuple[str, int], ...], ...]:
    return Partition(**options).units(module)  # type: ignore[arg-type]


def test_nodes_of_cells_are_split_together() -> None:
    assert units(at=1) == (
        (("normal.x.3", 0), ("normal.x.3", 1), ("normal.x.3", 2)),
        (("reduce.x.3", 0), ("reduce.x.3", 1), ("reduce.x.3", 2)),
    )
    assert [len(units(at=n)[0]) for n in range(4)] == [2, 3, 4, 5]
    assert units(at=0, order="reverse") == units(at=3)
    assert units(at=0, of=("reduce",)) == ((("reduce.x.2", 0), ("reduce.x.2", 1)),)
    assert units(at=5, pair=False) == ((("reduce.x.3", 0), ("reduce.x.3", 1), ("reduce.x.3", 2)),)
    with pytest.raises(ArchirError, match="there is no node 4 to split"):
        units(at=4)
    with pytest.raises(ArchirError, match="there is no cell or choice `norm`"):
        units(of=("norm",))


def test_edges_are_split_one_by_one() -> None:
    assert units(by="edge", at=2) == ((("normal.x.3", 0),), (("reduce.x.3", 0),))
    assert units(by="edge", at=0, order="reverse") == ((("normal.x.5", 4),), (("reduce.x.5", 4),))
    orders = {tuple(units(by="edge", at=n, order="random", seed=s)[0][0] for n in range(14)) for s in range(5)}
    assert len(orders) == 5
    assert all(len(set(order)) == 14 for order in orders)
    for normal, reduce in (units(by="edge", at=n, order="random", seed=3) for n in range(14)):
        assert normal[0][0].replace("normal", "reduce") == reduce[0][0]
    assert units(by="edge", at=4, order="random", seed=1) == units(by="edge", at=4, order="random", seed=1)


def test_the_supernets_of_the_paper() -> None:
    """4, 8, 16 and 32 parts for DARTS cells; each is what the one before left."""
    two = (("max_pool_3x3", "avg_pool_3x3", "skip"), ("sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5"))
    counts, module = [], archir.apply(DARTS, "relax")
    for node in range(4):
        groups = tuple((key, e, two) for unit in units(at=node) for key, e in unit)
        parts = Partition(at=node, groups=groups).parts(module, None)
        counts.append(len(parts))
        module = parts[-1].module
    assert counts == [4, 8, 16, 32]
    active = {tuple(c.name for _, c in e.alternatives) for i in choice_instances(module.graph) for e in i.choice.edges}
    assert active == {("none", *two[1])}
    sizes = [space_of(m).size for m in (DARTS, module)]
    assert sizes[1] * 7**16 == sizes[0] * 4**16


def test_each_operation_is_a_group_of_its_own() -> None:
    parts = run_branches(archir.load("nasbench201", cells=1), "partition{by=edge}")
    assert [edge(p.module, "normal.x.1", 0).active for p in parts] == [
        ("none",), ("skip",), ("conv_1x1",), ("conv_3x3",), ("avg_pool_3x3",)
    ]  # fmt: skip
    few = small_space()
    found = [edge(p.module, "reduce.x.2", 0).active for p in run_branches(few, "partition{by=edge}")]
    assert found == [("none", name) for name in ("skip", "max_pool_3x3", "sep_conv_3x3", "dil_conv_3x3")]
    with pytest.raises(ArchirError, match="1,728 parts are more than 1,000"):
        run_branches(archir.load("darts12", cells=3, channels=4), "partition{at=1}")


def test_a_pipeline_goes_on_with_each_part_or_with_one() -> None:
    pipeline = "relax,partition{by=edge,of=(normal.x.2)},partition{by=edge,of=(normal.x.2),at=1},sample"
    found = run_branches(small_space(), pipeline)
    assert len(found) == 4 * 4
    assert len({m.module.history for m in found}) == 16
    for branch in found[::5]:
        assert run_pipeline(small_space(), ",".join(branch.module.history)) == branch
    with pytest.raises(ArchirError, match="`partition` gives 4 modules, and one is wanted here"):
        run_pipeline(small_space(), pipeline)
    assert len(run_branches(small_space(), pipeline.replace("at=1", "at=1,part=2"))) == 4


def test_parts_are_printed_or_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["opt", "nasbench201", "--set", "cells=1", "-p", "partition{by=edge}"]
    assert run([*words, "-o", str(tmp_path / "part.nas")]) == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == [f"part.{i}.nas" for i in range(5)]
    assert run(words) == 0
    printed = capsys.readouterr().out
    written = [(tmp_path / f"part.{i}.nas").read_text() for i in range(5)]
    assert printed == "\n".join(written)
    for i, part in enumerate(run_branches(archir.load("nasbench201", cells=1), "partition{by=edge}")):
        assert archir.load(tmp_path / f"part.{i}.nas") == part.module


RESTRICT = (
    "restrict{to=((normal.x.2,0,(none,sep_conv_3x3)),(normal.x.3,1,(skip,sep_conv_3x3)),(reduce,all,(skip,none)))}"
)


def test_costs_are_those_of_active_candidates() -> None:
    space = archir.apply(small_space(), f"restrict{{to=((normal.x.3,all,(skip,sep_conv_3x3)))}},{RESTRICT}")
    costs = [cost_of(space, point) for point in space_of(space).enumerate()]
    whole = small_space()
    assert costs == [cost_of(whole, point) for point in space_of(space).enumerate()]
    found = bounds(space)["macs"]
    values = [c.macs for c in costs]
    assert (found.min, found.max, found.mean) == (min(values), max(values), Fraction(sum(values), len(values)))
    assert macs(space) < macs(whole)
    assert parameters(space) < parameters(whole)

    relaxed = archir.apply(space, "relax{affine=true}")
    arrays = cost_arrays(space, "macs").of
    for key, choice in shared_choices(space).items():
        for e, here in enumerate(choice.edges):
            off = set(range(len(here.candidates))) - {k for k, _ in here.alternatives}
            assert not arrays[key][e, sorted(off)].any()
    alphas = {p.name: np.random.default_rng(0).normal(size=p.shape) for p in relaxed.parameters}
    ones = {key: np.ones(array.shape) for key, array in arrays.items()}
    assert expected(space, ones)["macs"] == cost_arrays(space).fixed + sum(a.sum() for a in arrays.values())
    value = evaluate_objective(relaxed, cost_expression(relaxed, "macs"), alphas)
    assert found.min <= value
    low = {name: np.where(np.arange(5) == 3, -1e9, a) for name, a in alphas.items()}  # without the separable one
    assert evaluate_objective(relaxed, cost_expression(relaxed, "macs"), low) < value


def test_a_home_begins_with_the_weights_of_an_active_candidate() -> None:
    relaxed = archir.apply(small_space(), "restrict{to=((normal.x.2, 0, (none, skip)))},relax")
    weights = run_pipeline(relaxed, "share_features").weights
    assert former_path(weights, "c.0.shared.x.0.sep_conv_3x3") == "c.0.x.3.0.sep_conv_3x3"
    assert former_path(weights, "c.0.shared.x.0.skip") == "c.0.x.2.0.skip"


def test_where_no_edge_can_go_each_keeps_its_strongest() -> None:
    text = "use ops\ncandidates few = none | skip | conv_3x3: relu_conv_bn(k=3)\n"
    text += "net n(image: tensor[4, 8, 8]) {\n  x = choose few from image and few from image keep all edges\n"
    relaxed = archir.apply(load_source(Source("n.nas", text + "  return x\n}\n")), "relax")
    values = {p.name: np.array([[9.0, 0.0, 1.0]] * 2) for p in relaxed.parameters}
    with pytest.raises(ArchirError, match=r"`argmax` cannot derive `n\.x`"):
        archir.apply(relaxed, "derive{rule=argmax}", values)
    part = archir.apply(relaxed, "restrict{to=((all, all, (skip, conv_3x3)))}")
    kept = point_of(archir.apply(part, "derive{rule=argmax}", values)).kept("n.x") or ()
    assert [(k.edge, k.operation) for k in kept] == [(0, "conv_3x3"), (1, "conv_3x3")]


def test_a_network_is_found_in_the_part_that_it_belongs_to() -> None:
    space = archir.apply(small_space(), RESTRICT)
    network = archir.apply(space, "sample{seed=3}")
    assert find_point(space, network) == find_point(small_space(), network)
    strangers, whole = 0, small_space()
    for seed in range(8):
        other = archir.apply(whole, f"sample{{seed={seed}}}")
        if "sep_conv_3x3" in str([kept for key, kept in find_point(whole, other).choices if "reduce" in key]):
            strangers += 1
            with pytest.raises(ArchirError, match="which is not active"):
                find_point(space, other)
    assert strangers


def test_what_is_derived_keeps_active_candidates_and_its_text() -> None:
    relaxed = archir.apply(small_space(), f"relax,{RESTRICT}")
    for seed in range(5):
        source = np.random.default_rng(seed)
        values = {p.name: source.normal(size=p.shape) for p in relaxed.parameters}
        network = archir.apply(relaxed, "derive", values)
        point = point_of(network)
        for key, kept in point.choices:
            for k in kept:
                assert k.operation in [c.name for _, c in edge(relaxed, key, k.edge).alternatives]
        text = load_source(Source("net", print_source(network)))
        assert find_point(small_space(), text) == point


def test_an_edge_without_its_none_has_to_stay() -> None:
    module = archir.apply(archir.load("nasbench201", cells=1), "relax,restrict{to=((all,all,(skip,conv_3x3)))}")
    assert space_of(module).size == 2**6
    values = {p.name: np.zeros(p.shape) for p in module.parameters}
    values["arch.normal.x.3.alpha"][:, 0] = 9.0  # `none`, which is not active
    network = archir.apply(module, "derive", values)
    assert {k.operation for _, kept in point_of(network).choices for k in kept} == {"skip"}
    point = space_of(archir.load("nasbench201", cells=1)).unrank(5**6 - 1)  # keeps nothing
    with pytest.raises(ArchirError, match=r"edge 0 of `normal\.x\.1` has to stay, since `none` is not active there"):
        fixed(module, point)


def test_an_edge_of_any_operations_may_go_without_its_none() -> None:
    """There is what `none` stands for where an edge keeps no operation, so it is nobody's alternative."""
    text = """
use ops
candidates few = none | skip | conv_3x3: relu_conv_bn(k=3)
net n(image: tensor[4, 8, 8]) { return choose few from [image, relu(image)] keep any edges any ops }
"""
    whole = load_source(Source("n", text))
    module = archir.apply(whole, "restrict{to=((n, all, (skip, conv_3x3)))}")
    assert space_of(module).size == space_of(whole).size == (2**2) ** 2


def test_the_base_is_restricted_too() -> None:
    module = archir.apply(small_space(), f"relax,bottleneck{{ratio=2}},{RESTRICT}")
    assert module.base is not None
    assert module == archir.apply(small_space(), f"relax,{RESTRICT},bottleneck{{ratio=2}}")


def test_chains_and_windows_are_split_like_other_nodes() -> None:
    chain = archir.load("fbnet")
    parts = run_branches(chain, "partition{at=2}")
    assert sum(space_of(p.module).size for p in parts) == space_of(chain).size
    rows = archir.load("hs_das_cells")
    (window,) = [key for key, c in shared_choices(rows).items() if c.windows][:1]
    windows = run_branches(rows, f"partition{{of=({window})}}")
    assert sum(space_of(p.module).size for p in windows) == space_of(rows).size


def test_restrictions_narrow_one_another(tmp_path: Path) -> None:
    file = tmp_path / "active.json"
    file.write_text(json.dumps({"normal.x.2": [["none", "skip", "sep_conv_3x3"], None]}))
    both = archir.apply(small_space(), f'restrict{{to=((normal, all, (skip, none, max_pool_3x3))),file="{file}"}}')
    assert edge(both, "normal.x.2", 0).active == ("none", "skip")
    assert edge(both, "normal.x.2", 1).active == ("none", "skip", "max_pool_3x3")
    with pytest.raises(ArchirError, match=r"edge 0 of `normal\.x\.2` has no active candidate `sep_conv_3x3`"):
        archir.apply(both, f'restrict{{file="{file}"}}')
    assert archir.apply(both, "restrict{to=((normal.x.2, 0, (skip, none)))}") == both
