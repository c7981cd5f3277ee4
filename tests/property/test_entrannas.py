"""EnTranNAS: what is derived is what the supernet ran, over random parameters."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from archir.ir.module import Module, shared_choices
from archir.lowering.torch import Supernet, to_torch
from archir.passes import run_pipeline
from archir.search.carry import carried, fitting
from archir.sema import load_source
from archir.source import Source
from tests.derived import images, inherited, point_of, randomize_statistics, values_of
from tests.small_space import small_space

SEEDS = range(12)
SPARSE = "widen,relax{deviation=1.5,temperature=2.0,anneal=0.9},sparsify"


def relaxed(pipeline: str, seed: int) -> tuple[Module, Supernet]:
    torch.manual_seed(seed)
    module = run_pipeline(small_space(), pipeline).module
    net = to_torch(module).double()
    with torch.no_grad():
        for name, parameter in net.architecture().items():
            if name.endswith("threshold"):
                parameter.normal_(0.0, 2.0)
    randomize_statistics(net)
    net.tick("epoch")
    net.tick("epoch")
    return module, net


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("extra", ["", ",share_features", ",transit{rule=nonzero,coefficients=true}"])
@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize("training", [True, False])
def test_with_coefficients_the_derived_network_is_the_supernet(
    seed: int, extra: str, levels: int, training: bool
) -> None:
    module, net = relaxed(SPARSE.replace("relax{", f"relax{{levels={levels},") + extra, seed)
    rewrite = run_pipeline(module, "derive{rule=nonzero,coefficients=true}", values_of(net))
    derived = inherited(rewrite, net)
    x = images(seed)
    torch.testing.assert_close(derived.train(training)(x), net.train(training)(x), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_node_keeps_a_connection_and_the_derived_are_the_active_ones(seed: int) -> None:
    module, net = relaxed(SPARSE, seed)
    gates = dict(zip([g.path for g in module.gates], module.gates, strict=True))
    point = point_of(run_pipeline(module, "derive{rule=nonzero}", values_of(net)).module)
    program = net._gates.run(net._leaf_values())
    for path, number in (("c.0.x.2", 0), ("c.0.x.3", 1), ("c.1.x.2", 2), ("c.1.x.3", 3)):
        kind = "normal" if path.startswith("c.0") else "reduce"
        choice = shared_choices(module)[f"{kind}.{path[4:]}"]
        active = {(e, choice.edges[e].candidates[k].name) for e, k in program[number].active or ()}
        kept = point.kept(f"{kind}.{path[4:]}")
        assert path in gates
        assert kept
        assert {(k.edge, k.operation) for k in kept} == active
        assert not any(operation == "none" for _, operation in active)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize("extra", ["", ",share_features"])
def test_the_derived_paths_inside_the_supernet_are_the_derived_network(seed: int, levels: int, extra: str) -> None:
    module, net = relaxed(f"relax{{deviation=1.0,levels={levels}}}{extra}", seed)
    child = to_torch(run_pipeline(module, "transit{engines=none}").module).double()
    child.load_state_dict(net.state_dict())
    derived = inherited(run_pipeline(module, "derive", values_of(net)), net)
    x = images(seed)
    torch.testing.assert_close(child.eval()(x), derived.eval()(x), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(child.train()(x), derived.train()(x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "extra", ["", ",share_features", ",share_features,bottleneck{ratio=2}", ",bottleneck{ratio=2}"]
)
def test_transit_cells_run_without_the_engines_gradient_and_leave_other_weights_alone(extra: str) -> None:
    _, net = relaxed("relax{deviation=1.0}" + extra + ",transit", 3)
    net(images(0)).square().sum().backward()
    without = [n for n, p in net.weights().items() if p.grad is None]
    assert without, "what no transit cell keeps has no gradient"
    assert all(n.startswith(("c.2", "c.3")) for n in without), "the first normal and the reducing cell are engines"
    assert all(p.grad is not None and p.grad.any() for p in net.architecture().values())
    moved = {n: a.grad.clone() for n, a in net.architecture().items() if a.grad is not None}
    with torch.no_grad():  # another path: nothing is built anew
        for a in net.architecture().values():
            a.copy_(-a)
    before = set(without)
    net.zero_grad()
    net(images(0)).square().sum().backward()
    after = {n for n, p in net.weights().items() if p.grad is None}
    assert before != after
    assert any(not torch.equal(moved[n], a.grad) for n, a in net.architecture().items() if a.grad is not None)


@pytest.mark.parametrize(
    ("engines", "whole"),
    [("first", {0}), ("last", {3}), ("half", {0}), ("all", {0, 2, 3}), ("(0, 2)", {0, 3}), ("(1,)", {2})],
)
def test_engines(engines: str, whole: set[int]) -> None:
    space = run_pipeline(small_space(), "relax").module
    if engines == "(1,)":  # the reducing cell is alone of its kind
        with pytest.raises(Exception, match=r"no engine is left for `reduce.x.2`"):
            run_pipeline(space, f"transit{{engines={engines}}}")
        return
    module = run_pipeline(space, f"transit{{engines={engines}}}").module
    found = {int(g.path[2]) for g in module.gates if str(g.gate).startswith("softmax")}
    assert found == whole | {1}


def test_weights_are_inherited_by_path() -> None:
    torch.manual_seed(0)
    module = run_pipeline(small_space(), "relax").module
    net = to_torch(module)
    rewrite = run_pipeline(module, "share_features")
    shared = to_torch(rewrite.module)
    state, own = net.state_dict(), shared.state_dict()
    found = fitting(carried(state, own, [rewrite.weights]), own)
    assert set(found) == set(own)
    name = "c.0.shared.x.0.sep_conv_3x3.x.0.conv.weight"
    assert torch.equal(found[name], state["c.0.x.2.0.sep_conv_3x3.x.0.conv.weight"])


def test_shared_features_count_one_set_of_weights_for_each_source() -> None:
    module = run_pipeline(small_space(), "relax,share_features").module
    names = {
        n.partition("sep_conv")[0] for n in to_torch(module).state_dict() if "sep_conv" in n and n.startswith("c.0")
    }
    assert names == {"c.0.shared.x.0.", "c.0.shared.x.1.", "c.0.x.3.2."}, "x.2 goes to one node alone"


def test_bottleneck_divides_channels_and_derived_networks_have_all() -> None:
    module = run_pipeline(small_space(), "relax,share_features,bottleneck{ratio=2}").module
    state = to_torch(module).state_dict()
    assert state["c.0.shared.x.0.sep_conv_3x3.x.0.conv.weight"].shape == (2, 1, 3, 3)
    assert state["c.0.squeeze.x.0.weight"].shape == (2, 4, 1, 1)
    assert state["c.0.restore.x.2.weight"].shape == (4, 2, 1, 1)
    values = {p.name: np.random.default_rng(0).normal(size=p.shape) for p in module.parameters}
    plain = run_pipeline(small_space(), "relax").module
    assert run_pipeline(module, "derive", values).module.graph == run_pipeline(plain, "derive", values).module.graph


def test_the_temperature_falls_with_the_epochs_and_is_part_of_the_state() -> None:
    module, net = relaxed("relax{temperature=5.0,anneal=0.5}", 0)
    assert net.state_dict()["arch.epochs"] == 1.0
    sharp = to_torch(module).double()
    sharp.load_state_dict(net.state_dict())
    x = images(0)
    torch.testing.assert_close(sharp(x), net(x))
    net.tick("step")
    torch.testing.assert_close(sharp(x), net(x))
    net.tick("epoch")
    assert not torch.allclose(sharp(x), net(x))


def test_the_objective_of_sparsity() -> None:
    module, net = relaxed("widen,relax,sparsify{weight=0.3}", 1)
    raw = {n: p for n, p in net.architecture().items() if n.endswith("threshold")}
    assert len(raw) == 4
    by_cell = [
        torch.stack([-torch.sigmoid(t).log() for n, t in raw.items() if f".{kind}." in n]).mean()
        for kind in ("normal", "reduce")
    ]
    torch.testing.assert_close(net.objectives(), {"sparsity": 0.3 * (by_cell[0] + by_cell[1])})
    assert "sparsity" in [o.name for o in module.objectives]


def test_the_objective_tells_imported_cells_apart() -> None:
    text = "use darts\nnet n(image: tensor[3, 32, 32]) { return darts.darts(image, channels=4, cells=3, stem=1) }\n"
    module = run_pipeline(load_source(Source("imported.nas", text)), "widen,relax,sparsify{weight=1.0}").module
    (objective,) = module.objectives
    for kind in ("normal", "reduce"):
        logs = ", ".join(f"log(threshold(%arch.darts.{kind}.x.{i}.threshold))" for i in range(2, 6))
        assert f"mean({logs})" in str(objective.value)
