"""Gates that sample an operation for each edge, on every kind of space, against plain writings of the equations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from attrs import evolve
from torch import Tensor
from torch.nn import functional as nn

import archir
from archir.analysis.gates import evaluate_gates, evaluate_objective
from archir.analysis.readings import readings_of
from archir.ir.module import Module, choice_instances
from archir.ir.printer import print_flat
from archir.lowering.torch import PLAIN, Options, Supernet, to_torch
from archir.lowering.torch.execute import Gates
from archir.passes import Values, run_pipeline
from archir.passes.child import child_of
from archir.sema import load_source
from archir.show.strengths import strengths_of
from archir.source import Source
from tests.derived import images, point_of, values_of
from tests.small_space import small_space
from tests.unit.passes.test_levels import MIX, SIZES, random_values, with_values

TAU = 0.7
SAMPLED = ("gumbel_softmax", "gumbel_max")


def noise_of(net: Supernet) -> dict[str, Tensor]:
    wanted = {n.name for n in net.module.noises}
    return {name: b for name, b in net.named_buffers() if name in wanted}


def plain_mix(image: Tensor, t: Mapping[str, Tensor], gate: str, levels: int) -> Tensor:
    """The net of MIX with SNAS' relaxed samples, or GDAS' hard ones, of which only the drawn operation is computed."""
    x = [image, torch.sigmoid(image)]
    for i in range(2, 5):
        alpha, g = t[f"arch.mix.x.{i}.alpha"], t[f"arch.mix.x.{i}.noise"]
        total = torch.zeros_like(image)
        for j in range(i):
            kernel = t[f"mix.x.{i}.{j}.conv_3x3.conv.weight"]
            operations = [
                torch.zeros_like, lambda y: y, torch.sigmoid, lambda y, kernel=kernel: nn.conv2d(y, kernel, padding=1)
            ]  # fmt: skip
            logs = torch.log(torch.exp(alpha[j]) / torch.exp(alpha[j]).sum())
            powers = torch.exp((logs + g[j]) / TAU)
            soft = powers / powers.sum()
            if gate == "gumbel_max":
                k = int(soft.argmax())
                mixed = (soft[k] - soft[k].detach() + 1) * operations[k](x[j])
            else:
                mixed = sum(soft[k] * operations[k](x[j]) for k in range(4))
            if levels == 2:
                beta = torch.exp(t[f"arch.mix.x.{i}.beta"][:, 0])
                mixed = beta[j] / beta.sum() * mixed
            total = total + mixed
        x.append(total)
    return torch.cat(x[2:], 1)


@pytest.mark.parametrize("gate", SAMPLED)
@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_values_and_gradients_are_those_of_the_equations(seed: int, levels: int, gate: str) -> None:
    torch.manual_seed(seed)
    spec = f"relax{{gate={gate},levels={levels},temperature={TAU}}}"
    module = run_pipeline(load_source(Source("mix.nas", MIX)), spec).module
    net = with_values(module, random_values(module, seed))
    net.tick("step")
    image = torch.randn(3, 2, 4, 4, dtype=torch.float64)
    mix = torch.randn(3, 6, 4, 4, dtype=torch.float64)
    leaves = dict(net.named_parameters())
    found, wanted = net(image), plain_mix(image, leaves | noise_of(net), gate, levels)
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)
    ours, plain = (
        torch.autograd.grad((y * mix).sum(), list(leaves.values()), allow_unused=True) for y in (found, wanted)
    )
    idle = set()
    for name, a, b in zip(leaves, ours, plain, strict=True):
        if not name.startswith("arch."):
            assert (a is None) == (b is None), name  # what was not drawn has no gradient, rather than zeros
            idle |= {name} if a is None else set()
        zeros = torch.zeros_like(leaves[name])
        torch.testing.assert_close(
            zeros if a is None else a, zeros if b is None else b, rtol=1e-10, atol=1e-12, msg=name
        )
    assert bool(idle) == (gate == "gumbel_max")


def step(net: Supernet, x: Tensor, *, all_run: bool = False) -> dict[str, Tensor]:
    """Output and gradients at the noise that there is; with `all_run` all candidates are computed."""
    net.zero_grad()
    if all_run:
        values = net._gates.run(net._leaf_values())
        output, _ = net.run(Gates(tuple(v._replace(active=None) for v in values)), x)
    else:
        output = net(x)
    mix = torch.randn(output.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(1))
    (output * mix).sum().backward()
    found = {n: p.grad.clone() for n, p in net.named_parameters() if p.grad is not None}
    return found | {"output": output.detach()}


OPTIONS = {
    "defaults": Options(), "checkpoint": Options(checkpoint=True),
    **{name: evolve(PLAIN, **{name: True}) for name in ("prune", "share", "fold")},
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIONS)
def test_options_of_the_lowering_change_nothing(name: str) -> None:
    torch.manual_seed(2)
    space = run_pipeline(small_space(), "relax{gate=gumbel_max,levels=2,temperature=5.0}").module
    plain, net = to_torch(space, PLAIN).double(), to_torch(space, OPTIONS[name]).double()
    net.load_state_dict(plain.state_dict())
    for seed in range(3):  # another path each time, and nothing is built anew
        for n in (plain, net):
            torch.manual_seed(seed)
            n.tick("step")
        found, wanted = step(net, images(seed)), step(plain, images(seed))
        assert found.keys() == wanted.keys()
        for key, value in wanted.items():
            torch.testing.assert_close(found[key], value, rtol=1e-9, atol=1e-9, msg=key)
        every = step(plain, images(seed), all_run=True)
        for key, value in every.items():  # what did not run would have had no gradient either
            torch.testing.assert_close(wanted.get(key, torch.zeros_like(value)), value, rtol=1e-9, atol=1e-9, msg=key)
        assert len(every) > len(wanted)


@pytest.mark.parametrize("name", ["darts", "nasbench201", "hs_das", "hs_das_cells", "fbnet"])
def test_every_space_runs_one_operation_of_each_edge(name: str) -> None:
    torch.manual_seed(0)
    module = archir.apply(archir.load(name, **SIZES[name]), "relax{gate=gumbel_max,anneal=0.9999,each=step}")
    assert load_source(Source("flat", print_flat(module))) == module
    net = to_torch(module)
    net.tick("step")
    gates = {g.path: v for g, v in zip(module.gates, per_path(net), strict=True)}
    edges = {i.path: len(i.choice.edges) for i in choice_instances(module.graph)}
    assert {path: len(active) for path, active in gates.items()} == edges
    net(torch.randn(2, 3, 32, 32)).square().sum().backward()
    idle = [n for n, p in net.weights().items() if p.grad is None]
    assert len(idle) > len(net.weights()) / 3
    values = random_values(module, 3) | {c.name: np.asarray(7.0) for c in module.clocks}
    plain = archir.apply(archir.load(name, **SIZES[name]), "relax")
    assert point_of(run_pipeline(module, "derive", values).module) == point_of(
        run_pipeline(plain, "derive", {p.name: values[p.name] for p in plain.parameters}).module
    )


def per_path(net: Supernet) -> list[tuple[tuple[int, int], ...]]:
    """What is active of each choice, in the order of the module's gates."""
    from archir.analysis.axes import axes_by_name
    from archir.lowering.torch.gates import ChoiceGate, numbered

    axes = axes_by_name(net.module)
    _, places = numbered({g.path: ChoiceGate(g.gate, axes[g.path]) for g in net.module.gates})
    found = net._gates.run(net._leaf_values())
    active = [found[places[g.path]].active for g in net.module.gates]
    assert all(a is not None for a in active)
    return [a for a in active if a is not None]


def test_only_active_candidates_are_drawn() -> None:
    few = run_pipeline(small_space(), "restrict{to=((normal.x.2, 0, (skip, sep_conv_3x3)))}").module
    net = to_torch(run_pipeline(few, "relax{gate=gumbel_max}").module)
    place = next(i for i, g in enumerate(net.module.gates) if g.path == "c.0.x.2")
    drawn = set()
    for seed in range(20):
        torch.manual_seed(seed)
        net.tick("step")
        drawn |= {k for e, k in per_path(net)[place] if e == 0}
    names = [c.name for c in next(choice_instances(few.graph)).choice.edges[0].candidates]
    assert {names[k] for k in drawn} == {"skip", "sep_conv_3x3"}


def test_noise_is_drawn_at_steps_and_read_while_training_only() -> None:
    net = to_torch(run_pipeline(small_space(), "relax{gate=gumbel_max}").module).double()
    torch.manual_seed(4)
    net.tick("epoch")
    assert not any(g.any() for g in noise_of(net).values())
    net.tick("step")
    first = {name: g.clone() for name, g in noise_of(net).items()}
    x = images(0)
    once, again = net(x), net(x)
    assert torch.equal(once, again)
    net.eval()
    arrays = evaluate_gates(net.module, values_of(net))  # without noise
    for g, active in zip(net.module.gates, per_path(net), strict=True):
        assert sorted(active) == [tuple(place) for place in np.argwhere(arrays[g.path] > 0)]
    net.train()
    torch.manual_seed(4)
    net.tick("step")
    assert all(torch.equal(g, first[name]) for name, g in noise_of(net).items())
    net.tick("step")
    assert not any(torch.equal(g, first[name]) for name, g in noise_of(net).items())
    assert not noise_of(net).keys() & net.state_dict().keys()


def of(pipeline: str, seed: int = 1) -> tuple[Module, Values]:
    module = run_pipeline(small_space(), pipeline).module
    return module, random_values(module, seed) | {c.name: np.asarray(3.0) for c in module.clocks}


@pytest.mark.parametrize("gate", SAMPLED)
@pytest.mark.parametrize("measure", ["macs", "params"])
def test_the_expected_cost_is_that_of_the_probabilities(gate: str, measure: str) -> None:
    more = f"levels=2}},complexity_loss{{measure={measure}}}"
    plain, values = of(f"relax{{{more}")
    module, _ = of(f"relax{{gate={gate},temperature=5.0,{more}")
    wanted = evaluate_objective(plain, plain.objectives[0].value, values)
    assert evaluate_objective(module, module.objectives[0].value, values) == pytest.approx(wanted, rel=1e-12)
    net = with_values(module, values)
    for _ in range(2):
        net.tick("step")  # whatever was drawn
        assert net.objectives()["complexity"].item() == pytest.approx(wanted, rel=1e-12)
    assert strengths_of(module, values) == strengths_of(plain, values)
    assert readings_of(module) == readings_of(plain)


@pytest.mark.parametrize("gate", SAMPLED)
def test_what_is_derived_does_not_depend_on_the_draw(gate: str) -> None:
    free = "widen{edges=some,ops=any},relax"
    for behind, derive in (("", "derive"), (",sparsify", "derive{rule=nonzero}"), (",transit{engines=none}", "derive")):
        before = "relax" if derive == "derive" else free
        plain, values = of(f"{before}{{levels=2}}{behind}")
        module, _ = of(f"{before}{{gate={gate},levels=2}}{behind}")
        found, wanted = (run_pipeline(m, derive, values).module for m in (module, plain))
        assert point_of(found) == point_of(wanted), behind
        ours, theirs = child_of(module, [derive]), child_of(plain, [derive])
        assert ours is not None
        assert theirs is not None
        assert ours.module.gates == theirs.module.gates
    assert plain.noises == ()
    assert module.noises == ()  # all cells run what is kept: nothing is drawn


@pytest.mark.parametrize("gate", SAMPLED)
@pytest.mark.parametrize("tempers", ["samples", "probabilities"])
def test_samples_go_with_the_other_passes(gate: str, tempers: str) -> None:
    sampled = f"relax{{gate={gate},temperature=2.0,anneal=0.9,tempers={tempers}}}"
    for behind in ("sparsify,transit{rule=nonzero}", "mask", "share_features", "bottleneck{ratio=2}"):
        module, values = of(f"widen{{edges=some,ops=any}},{sampled},{behind}")
        values = {name: abs(v) + 0.01 if "mask" in name else v for name, v in values.items()}  # all of them open
        net = with_values(module, values)
        net.tick("step")
        net(images(0)).square().sum().backward()
        assert any(p.grad is not None and p.grad.any() for p in net.architecture().values()), behind
        rule = "mask" if behind == "mask" else "nonzero"
        assert run_pipeline(module, f"derive{{rule={rule}}}", values).module.form == "network"
