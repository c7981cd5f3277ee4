"""Restricted supernets: what is not active is not there, and all else is as if its coefficient were zero."""

from __future__ import annotations

import pytest
import torch
from attrs import evolve
from torch import Tensor

import archir
from archir.analysis.cost import parameters
from archir.analysis.gates import evaluate_objective
from archir.ir.gates import Apply, Number, Parameter, Table
from archir.ir.module import Module, Objective, shared_choices
from archir.lowering.torch import PLAIN, Options, Supernet, to_torch
from archir.passes import former_path, run_pipeline
from archir.search.carry import carried, carried_slots
from archir.sema import load_source
from archir.source import Source
from tests.small_space import small_space

RESTRICT = (
    "restrict{to=((normal.x.2,0,(none,sep_conv_3x3)),(normal.x.3,1,(none,skip)),(reduce,all,(skip,dil_conv_3x3)))}"
)
NEVER = -1e9
"""An alpha whose softmax is exactly zero."""


def inactive(module: Module) -> list[tuple[str, int, int, str]]:
    return [
        (key, e, k, candidate.name)
        for key, choice in shared_choices(module).items()
        for e, edge in enumerate(choice.edges)
        for k, candidate in enumerate(edge.candidates)
        if candidate.name not in [c.name for _, c in edge.alternatives]
    ]


def gradients(supernet: Supernet, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    output = supernet(images)
    output.square().sum().backward()
    return output.detach(), {n: p.grad for n, p in supernet.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("options", [Options(), PLAIN], ids=["default", "plain"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "relax"),
        ("relax,share_features", ""),
        ("relax", "bottleneck{ratio=2}"),
        ("widen,relax", "sparsify"),
        ("relax", "share_features"),
        ("relax", "mask{init=1.0}"),
        ("relax", "transit"),
        ("relax,transit{engines=none,rule=top_edges}", ""),
    ],
)
def test_it_computes_what_the_whole_computes_without_the_others(before: str, after: str, options: Options) -> None:
    space = small_space()
    whole = archir.apply(space, ",".join(filter(None, (before, after))))
    part = archir.apply(space, ",".join(filter(None, (before, RESTRICT, after))))
    torch.manual_seed(0)
    theirs = to_torch(whole, options).double()
    off = inactive(part)
    assert off
    with torch.no_grad():
        for alpha in theirs.architecture().values():
            alpha.normal_()
        for key, e, k, _ in off:
            theirs.architecture()[f"arch.{key}.alpha"][e, k] = NEVER
    mine = to_torch(part, options).double()
    state = theirs.state_dict()
    mine.load_state_dict({name: state[name] for name in mine.state_dict()})
    images = torch.randn(4, 3, 8, 8, dtype=torch.float64)
    found, slopes = gradients(mine, images)
    expected, others = gradients(theirs, images)
    assert (found - expected).abs().max() <= 1e-9
    assert slopes
    for name, slope in slopes.items():
        assert (slope - others[name]).abs().max() <= 1e-9 * max(1.0, float(others[name].abs().max())), name


def test_what_is_not_active_owns_nothing_and_all_else_keeps_its_name_and_shape() -> None:
    whole, part = (to_torch(archir.apply(small_space(), p)) for p in ("relax", f"relax,{RESTRICT}"))
    gone = {(key, e, name) for key, e, _, name in inactive(part.module)}
    cells = {"normal": ("c.0", "c.2", "c.3"), "reduce": ("c.1",)}
    below = {
        f"{path}.{key.partition('.')[2]}.{e}.{name}." for key, e, name in gone for path in cells[key.partition(".")[0]]
    }
    expected = {n: t.shape for n, t in whole.state_dict().items() if not any(n.startswith(b) for b in below)}
    assert {n: t.shape for n, t in part.state_dict().items()} == expected
    assert len(expected) < len(whole.state_dict())
    state = whole.state_dict()
    weights = run_pipeline(whole.module, RESTRICT).weights
    inherited = carried(state, expected, [weights])
    assert inherited.keys() == expected.keys()
    assert all(torch.equal(tensor, state[name]) for name, tensor in inherited.items())
    slots = {name: {"momentum_buffer": tensor} for name, tensor in state.items()}
    assert carried_slots(slots, expected, [weights]) == {name: slots[name] for name in expected}
    assert sum(p.numel() for p in part.weights().values()) == parameters(part.module) < parameters(whole.module)


def test_a_home_begins_with_the_weights_of_the_first_edge_that_is_active() -> None:
    module = archir.apply(small_space(), "relax,restrict{to=((normal.x.2, 0, (none, skip)))}")
    weights = run_pipeline(module, "share_features").weights
    assert (
        former_path(weights, "c.0.shared.x.0.sep_conv_3x3.x.0.conv.weight") == "c.0.x.3.0.sep_conv_3x3.x.0.conv.weight"
    )
    assert (
        former_path(weights, "c.1.shared.x.0.sep_conv_3x3.x.0.conv.weight") == "c.1.x.2.0.sep_conv_3x3.x.0.conv.weight"
    )


Y, ALPHA = Parameter("y"), Parameter("arch.n.y.alpha")
OBJECTIVES = {
    "edges": Apply("dot", (Apply("per_edge", (Y, ALPHA)), Apply("shares", (Apply("relu", (ALPHA,)),)))),
    "entropy": Apply("dot", (Y, Apply("log", (Y,)))),
    "cost": Apply("dot", (Y, Table(((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))))),
    "level": Apply("mean", (Y, Apply("*", (Number(2.0), ALPHA)))),
    "spread": Apply("mean", (Apply("softmax", (ALPHA,)),)),
    "share": Apply("dot", (Apply("normalize", (Apply("relu", (ALPHA,)),)), Y)),
}


def test_objectives_run_over_active_candidates() -> None:
    """As if the others had not been written."""

    def objectives(candidates: str, restrict: str) -> Supernet:
        text = f"candidates c = {candidates}\nnet n(image: tensor[4, 8, 8]) {{\n"
        text += "  x = relu(image)\n  y = choose c from [image, x] keep 1 edge\n"
        text += "  return y |> global_avg_pool |> linear(2)\n}\n"
        module = archir.apply(load_source(Source("n", text)), f"relax{restrict}")
        small = module.parameters[0].shape == (2, 2)
        table = Table(((1.0, 3.0), (4.0, 6.0))) if small else OBJECTIVES["cost"].arguments[1]
        values = {**OBJECTIVES, "cost": Apply("dot", (Parameter("y"), table))}
        return to_torch(evolve(module, objectives=tuple(Objective(n, v) for n, v in values.items()))).double()

    few = objectives("a: relu | c: sigmoid", "")
    part = objectives("a: relu | b: swish | c: sigmoid", ",restrict{to=((all, all, (a, c)))}")
    alpha = torch.tensor([[0.4, -0.3], [1.2, 0.1]], dtype=torch.float64)
    with torch.no_grad():
        few.architecture()["arch.n.y.alpha"].copy_(alpha)
        part.architecture()["arch.n.y.alpha"].copy_(torch.stack([alpha[:, 0], torch.full((2,), 7.0), alpha[:, 1]], 1))
    for name, value in few.objectives().items():
        found = part.objectives()[name]
        assert found.item() == pytest.approx(value.item(), rel=1e-12), name
        for net in (few, part):
            arrays = {n: p.detach().numpy() for n, p in net.architecture().items()}
            objective = next(o.value for o in net.module.objectives if o.name == name)
            assert evaluate_objective(net.module, objective, arrays) == pytest.approx(value.item(), rel=1e-12)
        slopes = [torch.autograd.grad(net.objectives()[name], [*net.architecture().values()])[0] for net in (few, part)]
        torch.testing.assert_close(slopes[1][:, [0, 2]], slopes[0], rtol=1e-12, atol=1e-12)
        assert not slopes[1][:, 1].any()


def test_windows_can_be_restricted() -> None:
    text = """net n(image: tensor[4, 8, 8]) {
  a[0] = image
  for i in 1..4 { a[i] = conv(a[i - 1], k=3) }
  return concat(*choose adjacent 2 from a[0..4]) |> global_avg_pool |> linear(2)
}"""
    part = archir.apply(load_source(Source("n", text)), "relax,restrict{to=((n, 0, (window_0, window_1)))}")
    mine, whole = to_torch(part).double(), to_torch(archir.apply(load_source(Source("n", text)), "relax")).double()
    with torch.no_grad():
        (alpha,) = whole.architecture().values()
        alpha[0, 2] = NEVER
    mine.load_state_dict(whole.state_dict())  # what stands behind the choice belongs to the net
    images = torch.randn(2, 4, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(mine(images), whole(images), rtol=1e-12, atol=1e-12)
    mine(images).sum().backward()
    assert mine.get_parameter("a.3.weight").grad is None  # only window_2 needs it
