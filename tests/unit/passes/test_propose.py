"""Proposals as gates, against Eqs. 5 to 10 of HourNAS written out, and networks that meet a budget."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from attrs import evolve

import archir
from archir.analysis.arrays import cost_arrays
from archir.analysis.bounds import bounds
from archir.analysis.cost_expression import cost_expression
from archir.analysis.expected import cost_of, expected
from archir.analysis.gates import evaluate_gates, evaluate_objective
from archir.diagnostics import ArchirError
from archir.ir.gates import Apply, Parameter
from archir.ir.module import GateOf, Module, choice_instances, shared_choices
from archir.ir.printer import print_flat
from archir.ir.verifier import verify
from archir.lowering.torch import Supernet, to_torch
from archir.passes import run_pipeline
from archir.passes.base import Values
from archir.proposals.propose import proposals_of
from archir.proposals.targets import parse_targets
from archir.sema import load_source
from archir.source import Source
from archir.space.points import check_point
from archir.space.space import space_of
from tests.derived import point_of
from tests.small_chain import OTHERS, VITAL, small_chain
from tests.small_space import small_space

TARGETS = ("macs=50%", "params=50%")
SPEC = 'propose{target=("macs=50%", "params=50%"), m=3, slope=2.0, seed=4}'
TEMPERED = "relax{temperature=5.0, anneal=0.9, each=step}"
SAMPLED = "relax{gate=gumbel_max, tempers=probabilities, temperature=5.0, anneal=0.9, each=step}"
SOFT = run_pipeline(small_chain(), f"{TEMPERED},{SPEC}").module
HARD = run_pipeline(small_chain(), f"{SAMPLED},{SPEC}").module
FEWER = f"({OTHERS[1]}, 0, (skip, mbconv_k3_e1, mbconv_k5_e3)), ({VITAL[1]}, 0, (mbconv_k3_e3, mbconv_k5_e1))"
SOME = f"restrict{{to=({FEWER})}}"
RESTRICTED = run_pipeline(small_chain(), f"{SOME},{TEMPERED},{SPEC}").module


def drawn(module: Module, seed: int, *, sharp: float = 1.0, steps: float = 3.0) -> Values:
    random = np.random.default_rng(seed)
    found = {p.name: sharp * random.normal(size=p.shape) for p in module.parameters}
    return found | {clock.name: np.array(steps) for clock in module.clocks}


def softmax(x: np.ndarray, there: np.ndarray | None = None) -> np.ndarray:
    powers = np.where(np.ones_like(x) if there is None else there, np.exp(x), 0.0)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def existing(module: Module, key: str) -> np.ndarray:
    (edge,) = shared_choices(module)[key].edges
    return np.array([[edge.active is None or c.name in edge.active for c in edge.candidates]])


@pytest.mark.parametrize("module", [SOFT, RESTRICTED], ids=["whole", "restricted"])
@pytest.mark.parametrize("seed", range(3))
def test_probabilities_are_those_of_eq_9(module: Module, seed: int) -> None:
    values, tau = drawn(module, seed), 5.0 * 0.9**3
    pi = softmax(values["arch.pi"] / tau)[0]
    found = evaluate_gates(module, values)
    net = loaded(module, values)
    torch_found = net._gates.run(net._leaf_values())
    for key, path, place in zip(shared_choices(module), found, range(6), strict=True):
        theta, there = values[f"arch.{key}.theta"], existing(module, key)
        wanted = sum(pi[i] * softmax(theta[i] / tau, there) for i in range(3))
        np.testing.assert_allclose(np.where(there, found[path], 0.0), wanted, rtol=1e-12)
        np.testing.assert_allclose(torch_found[place].coefficients.detach().numpy(), wanted, rtol=1e-5)


def loaded(module: Module, values: Values) -> Supernet:
    net = to_torch(module)
    net.load_state_dict({k: torch.as_tensor(np.array(v)).float() for k, v in values.items()}, strict=False)
    return net


@pytest.mark.parametrize("module", [SOFT, HARD, RESTRICTED], ids=["softmax", "gumbel_max", "restricted"])
@pytest.mark.parametrize("seed", range(3))
def test_the_objective_is_eq_6_weighted_by_pi(module: Module, seed: int) -> None:
    """R is the expected cost at temperature 0.2; T and M are the target and the largest cost of the space."""
    values, space = drawn(module, seed), small_chain()
    if module is RESTRICTED:
        space = run_pipeline(space, SOME).module
    pi, total = softmax(values["arch.pi"] / (5.0 * 0.9**3))[0], 0.0
    found = proposals_of(space, parse_targets(TARGETS), {m: cost_arrays(space, m) for m in ("macs", "params")}, 1)
    for i in range(3):
        keys = shared_choices(space)
        p = {k: softmax(values[f"arch.{k}.theta"][i] / 0.2, existing(module, k)) for k in keys}
        of = expected(space, p)
        rows = zip(("macs", "params"), found.targets, found.costs.most, strict=True)
        total += pi[i] * sum(abs(of[m] - t) / most for m, t, most in rows)
    assert evaluate_objective(module, module.objectives[0].value, values) == pytest.approx(2.0 * total, rel=1e-9)
    assert loaded(module, values).objectives()["budget"].item() == pytest.approx(2.0 * total, rel=1e-4)


def test_theta_starts_where_propose_finds_it_and_pi_is_even() -> None:
    space = small_chain()
    tables = {m: cost_arrays(space, m) for m in ("macs", "params")}
    found = proposals_of(space, parse_targets(TARGETS), tables, 3, seed=4)
    starts = {p.name: (p.start, p.deviation) for p in SOFT.parameters}
    assert starts.pop("arch.pi") == (0.0, 0.0)
    for n, layer in enumerate(found.layers):
        start, deviation = starts.pop(f"arch.{layer.key}.theta")
        wide = len(layer.operations)
        np.testing.assert_allclose(np.array(start)[:, layer.edge], found.theta[:, n, :wide], atol=5e-5)
        assert deviation == 0.0
    assert not starts
    net = to_torch(SOFT)
    started = net.architecture()[f"arch.{VITAL[0]}.theta"].detach()
    np.testing.assert_allclose(started[1, 0], found.theta[1, 1, :4], atol=1e-4)


@pytest.mark.parametrize("gate", ["softmax", "gumbel_max"])
def test_weights_of_edges_stay_what_they_are(gate: str) -> None:
    """With two levels the edges' softmax multiplies the mixture, or what is drawn from it, and learns."""
    relaxed = f"relax{{gate={gate},levels=2,affine=true}}"
    module = run_pipeline(archir.load("nasbench201", cells=1), f'{relaxed},propose{{target=("macs=50%",), m=2}}').module
    values = drawn(module, 2)
    pi, theta = softmax(values["arch.pi"])[0], softmax(values["arch.normal.x.2.theta"])
    edges = softmax(values["arch.normal.x.2.beta"][:, 0])[:, None]
    drawn_or_all = theta[pi.argmax()] if gate == "gumbel_max" else np.einsum("i,ieo->eo", pi, theta)
    if gate == "gumbel_max":
        drawn_or_all = drawn_or_all == drawn_or_all.max(axis=1, keepdims=True)
    path = next(i.path for i in choice_instances(module.graph) if i.key == "normal.x.2")
    np.testing.assert_allclose(evaluate_gates(module, values)[path], drawn_or_all * edges, rtol=1e-12)
    torch.manual_seed(0)
    net = loaded(module, values).train()
    net.tick("step")
    net(torch.randn(2, 3, 32, 32)).square().sum().backward()
    beta = net.architecture()["arch.normal.x.3.beta"].grad
    assert beta is not None
    assert beta.abs().sum() > 0


def test_it_is_text_that_is_read_back() -> None:
    for module in (SOFT, HARD, RESTRICTED):
        text = print_flat(module)
        assert load_source(Source("flat.nas", text)) == module
        assert "start=[[[" in text


def test_a_draw_takes_all_its_operations_from_one_proposal() -> None:
    """Thetas so long that each draws one network only; pi at even odds of 1 : 2 : 5."""
    values = drawn(HARD, 0, sharp=1e4) | {"arch.pi": 5.0 * 0.9**3 * np.log([[1.0, 2.0, 5.0]])}
    net = loaded(HARD, values).train()
    keys = list(shared_choices(HARD))
    networks = [tuple(int(values[f"arch.{k}.theta"][i].argmax()) for k in keys) for i in range(3)]
    counts: Counter[tuple[int, ...]] = Counter()
    torch.manual_seed(0)
    with torch.no_grad():
        for _ in range(800):
            net.clocks()["arch.steps"].fill_(2.0)
            net.tick("step")
            counts[tuple(int(v.coefficients.argmax()) for v in net._gates.run(net._leaf_values()))] += 1
    assert set(counts) == set(networks)
    shares = np.array([counts[n] for n in networks]) / 800
    np.testing.assert_allclose(shares, np.array([1, 2, 5]) / 8, atol=4 * np.sqrt(0.25 / 800))


def test_only_what_was_drawn_runs_and_proposals_learn() -> None:
    torch.manual_seed(1)
    net = to_torch(HARD).train()
    net.tick("step")
    net(torch.randn(4, 3, 8, 8)).square().sum().backward()
    active = [value.active for value in net._gates.run(net._leaf_values())]
    assert all(pairs is not None and len(pairs) == 1 for pairs in active)
    pi = net.architecture()["arch.pi"].grad
    assert pi is not None
    assert pi.abs().sum() > 0
    chosen = {i for i in range(3) if net.architecture()[f"arch.{VITAL[0]}.theta"].grad[i].abs().sum() > 0}
    assert len(chosen) == 1


@pytest.mark.parametrize("module", [SOFT, HARD], ids=["softmax", "gumbel_max"])
def test_derived_is_the_strongest_proposal(module: Module) -> None:
    """Two proposals that agree outvote the strongest one in the mixture, and do not in what is derived."""
    values = {**drawn(module, 5)}
    for key in shared_choices(module):
        theta = np.zeros_like(values[f"arch.{key}.theta"])
        theta[0, 0, 0] = 9.0
        theta[1:, 0, 1] = 9.0
        values[f"arch.{key}.theta"] = theta
    values["arch.pi"] = np.array([[0.2, 0.0, 0.1]])
    point = point_of(run_pipeline(module, "derive", values).module)
    assert {of[0].operation for _, of in point.choices} == {"mbconv_k3_e1"}


@pytest.mark.parametrize("pipeline", [f"{SAMPLED},{SPEC}", TEMPERED])
@pytest.mark.parametrize("seed", range(4))
def test_a_network_with_a_target_costs_as_much(pipeline: str, seed: int) -> None:
    """Of proposals and of any other probabilities; what fits already stays as it is."""
    space = small_chain()
    module = run_pipeline(space, pipeline).module
    values = drawn(module, seed)
    rewrite = run_pipeline(module, 'derive{target=("macs=60%", "params=70%")}', values)
    point = point_of(rewrite.module)
    check_point(space, point)
    cost, tables = cost_of(space, point), {m: cost_arrays(space, m) for m in ("macs", "params")}
    wanted = proposals_of(space, parse_targets(("macs=60%", "params=70%")), tables, 1).targets
    assert abs(cost.macs / wanted[0] - 1) <= 0.02
    assert abs(cost.params / wanted[1] - 1) <= 0.02
    assert f"macs={cost.macs:,} (" in rewrite.notes[0]
    again = run_pipeline(module, f'derive{{target=("macs={cost.macs}", "params={cost.params}")}}', values)
    assert abs(cost_of(space, point_of(again.module)).macs / cost.macs - 1) <= 0.02
    free = point_of(run_pipeline(module, "derive", values).module)
    own = cost_of(space, free)
    fits = run_pipeline(module, f'derive{{target=("macs={own.macs}", "params={own.params}")}}', values)
    assert point_of(fits.module) == free
    assert len(fits.notes) == 1


def test_vital_operations_keep_the_strongest_where_the_budget_allows() -> None:
    minimal = run_pipeline(small_chain(), "relax,vital").module
    rich = run_pipeline(minimal, 'decide{choices=vital, target=("macs=90%",)}', liking(minimal, 1.0, 1.0))
    assert not rich.notes


def liking(minimal: Module, *strengths: float) -> Values:
    """The largest operations of vital choices are the strongest, so strong in each."""
    values = {p.name: np.zeros(p.shape) for p in minimal.parameters}
    for key, strength in zip(VITAL, strengths, strict=False):
        values[f"arch.{key}.alpha"][0] = strength * np.array([0.0, 3.0, 2.0, 4.0])
    return values


@pytest.mark.parametrize(
    ("share", "strengths"), [(0.03, (1.0, 1.0, 1.0)), (0.08, (0.2, 2.0)), (0.08, (2.0, 0.2)), (0.13, (0.2, 2.0))]
)
def test_vital_operations_are_decided_so_that_the_budget_can_be_met(share: float, strengths: tuple[float, ...]) -> None:
    """With little to spend, as many of the strongest stay as leave a network that fits: not one more could."""
    space, minimal = small_chain(), run_pipeline(small_chain(), "relax,vital").module
    values, found = liking(minimal, *strengths), bounds(space)["macs"]
    amount = round(found.min + (found.max - found.min) * share)
    target = f'target=("macs={amount}",)'
    poor = run_pipeline(minimal, f"decide{{choices=vital, {target}}}", values)
    assert any("keeps `mbconv_k" in note for note in poor.notes)
    left = run_pipeline(poor.module, TEMPERED).module
    point = point_of(run_pipeline(left, f"derive{{{target}}}", drawn(left, 0)).module)
    check_point(space, point)
    assert abs(cost_of(space, point).macs / amount - 1) <= 0.05
    kept = {key: of[0].operation for key, of in point.choices}
    names = [c.name for c in shared_choices(space)[VITAL[0]].edges[0].candidates]
    for key in VITAL:  # one better operation alone, and no network would fit
        alpha = values[f"arch.{key}.alpha"][0]
        for better in names:
            if alpha[names.index(better)] > alpha[names.index(kept[key])]:
                rows = ", ".join(f"({k}, 0, ({better if k == key else kept[k]},))" for k in VITAL)
                restricted = run_pipeline(space, f"restrict{{to=({rows})}}").module
                near = [abs(cost_of(restricted, p).macs / amount - 1) for p in space_of(restricted).enumerate()]
                assert min(near) > 0.05


def test_a_space_of_few_networks_has_fewer_proposals() -> None:
    two = "restrict{to=((all, all, (skip, mbconv_k3_e1, mbconv_k3_e3)),)}"
    few = run_pipeline(small_chain(), f"{two},{TEMPERED}").module
    rewrite = run_pipeline(few, 'propose{target=("macs=10%",), m=40}')
    (count,) = {p.shape[0] for p in rewrite.module.parameters if p.name.endswith("theta")}
    assert 1 <= count < 40
    assert f"{count} proposal" in rewrite.notes[0]
    assert "of 40 were found" in rewrite.notes[0]


def test_expected_costs_of_gates_are_under_the_mixture() -> None:
    values = drawn(HARD, 7)
    pi = softmax(values["arch.pi"] / (5.0 * 0.9**3))[0]
    p = {
        key: sum(pi[i] * softmax(values[f"arch.{key}.theta"][i] / (5.0 * 0.9**3)) for i in range(3))
        for key in shared_choices(HARD)
    }
    wanted = expected(small_chain(), p)["macs"]  # type: ignore[arg-type]
    assert evaluate_objective(HARD, cost_expression(HARD), values) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(
    ("space", "pipeline", "code", "said"),
    [
        (small_chain(), f"{TEMPERED},{SPEC},{SPEC}", "NAS402", "the gate of `x_1.0.0` has no softmax of an alpha"),
        (small_space(), f"relax,{SPEC}", "NAS402", "`none` on edge 0"),
        (small_chain(), 'relax,propose{target=("macs=1",)}', "NAS407", "no network of the space has macs=1"),
        (small_chain(), "relax,propose{target=(macs,)}", "NAS406", "`macs` is no target"),
        (small_chain(), "relax,propose{target=()}", "NAS406", "there is no target"),
        (small_chain(), "relax,propose", "NAS401", "needs the option `target`"),
        (small_chain(), 'relax,derive{target=("latency=5ms",)}', "NAS406", "needs a latency table"),
        (small_chain(), 'relax,derive{target=("macs=50%",),coefficients=true}', "NAS402", "coefficients are no part"),
    ],
)
def test_what_is_wrong_is_said(space: Module, pipeline: str, code: str, said: str) -> None:
    relaxed = run_pipeline(space, "relax").module
    with pytest.raises(ArchirError) as caught:
        run_pipeline(space, pipeline, drawn(relaxed, 0))
    (found,) = caught.value.diagnostics
    assert found.code == code
    assert said in found.message
    assert found.help


def test_a_mixture_reads_a_row_and_a_table_for_each_proposal() -> None:
    name = f"arch.{VITAL[0]}.theta"
    gates = {g.path: g.gate for g in SOFT.gates}
    path = "x_1.1.0"
    wrong = [
        Apply("mix", (Parameter(name), Parameter(name))),
        Apply("mix", (Parameter("arch.pi"), Parameter("arch.pi"))),
        Apply("softmax", (Parameter(name),)),
        Parameter("arch.pi"),
    ]
    for gate in wrong:
        broken = evolve(SOFT, gates=tuple(GateOf(p, gate if p == path else g) for p, g in gates.items()))
        with pytest.raises(ArchirError, match=r"has the shape .* but the choice `x_1\.1\.0` needs"):
            verify(broken)
    parameters = tuple(evolve(p, start=(0.5,)) if p.name == "arch.pi" else p for p in SOFT.parameters)
    with pytest.raises(ArchirError, match="starts at a table of another"):
        verify(evolve(SOFT, parameters=parameters))
