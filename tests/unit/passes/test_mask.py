"""The pass mask on the spaces and with the passes that there are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from attrs import evolve

from archir import load
from archir.analysis.axes import axes_of
from archir.analysis.cost import macs, parameters
from archir.analysis.gates import evaluate_gate
from archir.diagnostics import ArchirError
from archir.ir.gates import unmasked
from archir.ir.graph import Choice, Operation
from archir.ir.module import Module, choice_instances, shared_choices, weight_masks
from archir.ir.primitive import MASK
from archir.ir.printer import print_flat
from archir.ir.verifier import distinct_graphs
from archir.lowering.flatten import flatten
from archir.lowering.onnx import check_onnx, to_onnx
from archir.lowering.torch import Supernet, to_torch
from archir.ops import PRIMITIVES
from archir.ops.pointwise import Scale
from archir.passes import run_pipeline
from archir.passes.rules import engine_gates
from archir.search.carry import carried, fitting
from archir.sema import load_source
from archir.sema.specialize import print_source
from archir.source import Source
from tests.derived import assert_same, images, inherited, point_of, values_of
from tests.emitted import check_equal, compiled
from tests.masked import child, derive, masked
from tests.small_space import small_space
from tests.unit.lowering.test_torch_rows import EXAMPLES

SPACES = {
    "hmnas": {"channels": 2, "cells": 3},
    "darts": {"channels": 2, "cells": 3},
    "nasbench201": {"channels": 2, "cells": 1},
    "hs_das": {"channels": 2, "cells": 3},
    "hs_das_cells": {"channels": 2},
    "fbnet": {"classes": 10},
}


@pytest.fixture(params=SPACES, scope="module")
def space(request: pytest.FixtureRequest) -> Module:
    return load(request.param, **SPACES[request.param])


def test_masks_have_the_shapes_of_what_they_mask(space: Module) -> None:
    before = run_pipeline(space, "widen,relax").module
    module = run_pipeline(before, "mask").module
    shapes = {p.name: p.shape for p in module.parameters if p.kind == "arch_masks"}
    assert all(p.start == 0.01 and p.deviation == 0.0 for p in module.parameters if p.kind == "arch_masks")
    gates = {g.path: g.gate for g in module.gates}
    for instance in choice_instances(module.graph):
        choice, gate = instance.choice, gates[instance.path]
        edges, most = len(choice.edges), max(len(e.candidates) for e in choice.edges)
        own = {name.rpartition(".")[2] for name in shapes if name.rpartition(".")[0] == f"arch.{instance.key}"}
        if choice.slots > 1:  # it can lose nothing
            assert own == set()
            assert unmasked(gate) == gate
            continue
        assert own == ({"mask", "edge_mask"} if edges > 1 else {"mask"})
        assert shapes[f"arch.{instance.key}.mask"] == (edges, most)
        assert shapes.get(f"arch.{instance.key}.edge_mask", (edges, 1)) == (edges, 1)
    assert [unmasked(g.gate) for g in module.gates] == [g.gate for g in before.gates]
    operations = [n for g in distinct_graphs(module.graph) for n in g.nodes if isinstance(n, Operation)]
    assert {n.primitive.name for n in operations if n.mask is not None} <= {"conv", "linear"}
    assert all(n.mask is not None for n in operations if n.primitive.name in ("conv", "linear"))


def test_masks_cost_nothing_and_are_read_back(space: Module) -> None:
    before = run_pipeline(space, "widen,relax").module
    module = run_pipeline(before, "mask").module
    assert (parameters(module), macs(module)) == (parameters(before), macs(before))
    assert load_source(Source("flat.nas", print_flat(module))) == module


def test_no_tensor_of_a_primitive_is_called_like_a_mask() -> None:
    for primitive, inputs in EXAMPLES:  # one of each
        assert not any(w.name.endswith(MASK) for w in primitive.resolve(inputs).weights(inputs))
    assert all("mask" not in {f.name for f in cls.__attrs_attrs__} for cls in PRIMITIVES.values())


def random_masks(module: Module, seed: int) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)
    return {
        p.name: draw.normal(size=p.shape) if p.kind == "arch" else draw.choice([0.004, 0.006], size=p.shape)
        for p in module.parameters
    }


@pytest.mark.parametrize("seed", range(3))
def test_what_is_kept_is_what_masks_leave(space: Module, seed: int) -> None:
    module = run_pipeline(space, "widen,relax{levels=2},mask").module
    values = random_masks(module, seed)
    rewrite = run_pipeline(module, "derive{rule=mask,coefficients=true}", values)
    point = point_of(rewrite.module)
    gates = engine_gates(module)
    for key, choice in shared_choices(module).items():
        kept = point.kept(key)
        if kept is None:  # behind a window that is not kept
            continue
        axes = axes_of(choice)
        coefficients = evaluate_gate(gates[key], values, axes) * axes.kept()
        found = {(k.edge, k.operation): k.coefficient for k in kept}
        if choice.windows:
            assert len(found) == 1
        elif choice.slots > 1:
            assert len({e for e, _ in found}) == choice.slots
        elif coefficients.any():
            names = [[c.name for c in edge.candidates] for edge in choice.edges]
            wanted = {(int(e), names[e][k]): coefficients[e, k] for e, k in np.argwhere(coefficients > 0)}
            assert found == pytest.approx(wanted)
        else:
            assert len(found) == 1
            assert any(f"`{key}`" in note for note in rewrite.notes)


@pytest.mark.parametrize("name", ["nasbench201", pytest.param("hs_das", marks=pytest.mark.slow)])
def test_whole_spaces_run_masked_and_derived(name: str) -> None:
    """Masks in cells of a NAS-Bench-201 net, and in cells that choose their inputs."""
    net = masked(load(name, **SPACES[name]), "widen,relax,mask", 1, closed=0.1)
    x = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    net(x).square().sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    rewrite = derive(net)
    derived = inherited(rewrite, net)
    assert torch.isfinite(derived.eval()(x)).all()
    kernels = {n: p for n, p in derived.named_parameters() if p.dim() > 1}
    state = net.state_dict()
    for path, kernel in kernels.items():
        assert torch.equal(kernel == 0, state[f"{path}_mask"] < 0.005), path
    if name == "nasbench201":
        assert not rewrite.notes
        assert_same(derived, net, x, 1e-9)


ENTRANNAS = "relax{temperature=5.0,anneal=0.9},share_features,bottleneck{ratio=2},transit,"


def test_masks_behind_the_passes_of_entrannas_and_the_usual_rule() -> None:
    """Transit cells follow the masked engine, homes are masked once, the derived network has the base's channels."""
    net = masked(small_space(), f"{ENTRANNAS}mask", 3, closed=0.2)
    module = net.module
    assert module.base is not None
    assert dict(weight_masks(module.base)).keys() <= dict(weight_masks(module.graph)).keys()
    assert sum("shared.x.0.sep_conv_3x3.x.0.conv.weight_mask" in n for n in net.state_dict()) == 4
    net(images(0)).square().sum().backward()
    masks = net.trainables()["arch_masks"]
    assert all(m.grad is not None for m in masks.values())
    first = [g.gate for g in module.gates if g.path.startswith("c.0")]
    later = [str(g.gate) for g in module.gates if g.path.startswith("c.2")]
    assert later == [f"top_edges({gate}, 2)" for gate in first]
    rewrite = derive(net, "derive{rule=top_edges,coefficients=true}")
    kept = dict(point_of(rewrite.module).choices)
    assert all(len({k.edge for k in of}) == 2 for of in kept.values())
    plain = to_torch(run_pipeline(small_space(), "sample").module)
    derived = to_torch(rewrite.module).double()
    assert derived.state_dict()["c.0.x.0.conv.weight"].shape == plain.state_dict()["c.0.x.0.conv.weight"].shape
    own = derived.state_dict()
    found = fitting(carried(net.state_dict(), own, [rewrite.weights]), own)
    assert torch.equal(found["s.conv.weight"] == 0, net.state_dict()["s.conv.weight_mask"] < 0.005)
    assert not any("sep_conv_3x3" in path and path.endswith("conv.weight") for path in found), "of other sizes"


def test_the_usual_rule_takes_the_strongest_of_what_is_not_masked() -> None:
    module = run_pipeline(small_space(), "relax,mask{weights=false}").module
    values = random_masks(module, 0)
    alpha, mask, edges = (values[f"arch.normal.x.3.{n}"] for n in ("alpha", "mask", "edge_mask"))
    alpha[:] = [[0, 1, 2, 3, 4]] * 3
    mask[:], edges[:] = 0.01, [[0.01], [0.0], [0.01]]
    mask[0, 4] = 0.0
    rewrite = run_pipeline(module, "derive", values)
    kept = point_of(rewrite.module).kept("normal.x.3") or ()
    assert [(k.edge, k.operation) for k in kept] == [(0, "sep_conv_3x3"), (2, "dil_conv_3x3")]


def test_where_two_edges_must_stay_a_masked_one_may_and_a_note_says_so() -> None:
    module = run_pipeline(small_space(), "relax,mask{weights=false}").module
    values = random_masks(module, 0)
    values["arch.normal.x.2.edge_mask"][:] = [[0.01], [0.0]]
    values["arch.normal.x.2.mask"][:] = 0.01
    notes = run_pipeline(module, "derive", values).notes
    assert any(n.startswith("the masks of `normal.x.2` leave too little") and "edge 1" in n for n in notes)


def test_points_and_samples_of_a_masked_supernet_have_masked_weights() -> None:
    net = masked(small_space(), "relax,mask", 0, closed=0.3)
    rewrite = run_pipeline(net.module, "sample{seed=3}")
    derived = inherited(rewrite, net)
    assert all(n.mask is None for g in distinct_graphs(rewrite.module.graph) for n in g.nodes if hasattr(n, "mask"))
    state = net.state_dict()
    for path, kernel in derived.named_parameters():
        if kernel.dim() > 1:
            assert torch.equal(kernel, state[path] * (state[f"{path}_mask"] >= 0.005))


def trained(net: Supernet) -> tuple[Module, Supernet]:
    rewrite = derive(net)
    return rewrite.module, inherited(rewrite, net)


def test_source_and_onnx_carry_coefficients_and_zeros() -> None:
    net = masked(small_space(), "widen,relax{levels=2},mask", 4, closed=0.2, dtype=torch.float32)
    module, model = trained(net)
    scales = [s.primitive for s in flatten(module).steps if isinstance(s.primitive, Scale)]
    assert len(scales) > 10
    assert all(0 < s.factor < 1 for s in scales)
    x = images(4, torch.float32)
    wanted = net.eval()(x).detach()
    torch.testing.assert_close(model.eval()(x), wanted, rtol=1e-5, atol=1e-5)
    for simplify in (True, False):
        exported = to_onnx(module, model.state_dict(), simplify=simplify)
        assert check_onnx(exported, x, wanted) < 1e-4 * max(1.0, float(wanted.abs().max()))
    emitted = compiled(check_equal(module))
    emitted.load_state_dict(model.state_dict())
    torch.testing.assert_close(emitted.eval()(x), wanted, rtol=1e-4, atol=1e-4)
    zeros = [n for n, t in emitted.state_dict().items() if t.dim() > 1 and (t == 0).any()]
    assert len(zeros) > 20


def test_printed_networks_keep_coefficients() -> None:
    net = masked(small_space(), "widen,relax{levels=2},mask", 4, closed=0.2)
    module, _ = trained(net)
    again = load_source(Source("net.nas", print_source(module)))
    mine, theirs = ([s.primitive for s in flatten(m).steps] for m in (module, again))
    assert mine == theirs


def test_what_has_no_choice_has_masks_on_weights_alone() -> None:
    text = "net n(image: tensor[3, 8, 8]) { return image |> conv(4, k=3) |> global_avg_pool |> linear(4) }\n"
    plain = evolve(load_source(Source("n.nas", text)), form="relaxed")
    module = run_pipeline(plain, "mask").module
    assert not module.parameters
    assert [path for path, _ in weight_masks(module.graph)] == ["conv.weight", "linear.weight"]
    assert not any(isinstance(n, Choice) for n in module.graph.nodes)


def test_values_of_masks_are_asked_for() -> None:
    net = masked(small_space(), "widen,relax,mask", 0, closed=0.0)
    values = dict(values_of(net))
    del values["arch.normal.x.2.mask"]
    with pytest.raises(ArchirError, match=r"there is no value for the architecture parameter `arch.normal.x.2.mask`"):
        run_pipeline(net.module, "derive{rule=mask}", values)


def test_what_is_decided_and_what_stays_open_keep_the_zeros_of_masks() -> None:
    net = masked(load("hs_das", **SPACES["hs_das"]), "relax,mask", 0, closed=0.3)
    rewrite = run_pipeline(net.module, "decide{choices=stages}", values_of(net))
    again = to_torch(run_pipeline(rewrite.module, "relax").module).double()
    state, kernels = net.state_dict(), {n: w for n, w in again.weights().items() if w.dim() > 1}
    found = carried(state, kernels, [rewrite.weights])
    assert any(".x.2.0.sep_conv_3x3" in n for n in kernels), "what stays open"
    assert found.keys() == kernels.keys()
    assert all(torch.equal(t, state[n] * (state[f"{n}_mask"] >= 0.005)) for n, t in found.items())


RESTRICT = "restrict{to=((all, all, (skip, sep_conv_3x3)))}"


@pytest.mark.parametrize("order", [f"{RESTRICT},mask", f"mask,{RESTRICT}"])
def test_masks_of_what_is_restricted(order: str) -> None:
    net = masked(small_space(), f"widen,relax,{order}", 7, closed=0.1)
    assert not any("dil_conv" in name for name in net.trainables()["masks"])
    assert {f"{path}_mask" for path, _ in weight_masks(net.module.graph)} == net.trainables()["masks"].keys()
    rewrite = derive(net)
    kept = {k.operation for _, of in point_of(rewrite.module).choices for k in of}
    assert kept == {"skip", "sep_conv_3x3"}
    assert_same(inherited(rewrite, net), child(net), images(7), 1e-9)


def test_the_base_of_a_bottleneck_is_masked_too() -> None:
    plain = run_pipeline(small_space(), "relax,mask").module
    for pipeline in ("relax,mask,bottleneck{ratio=2}", "relax,bottleneck{ratio=2},mask"):
        assert run_pipeline(small_space(), pipeline).module.base == plain.graph
