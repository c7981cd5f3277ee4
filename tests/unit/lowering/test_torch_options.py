from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from attrs import evolve
from torch import Tensor
from torch.nn import functional as F

import archir
from archir.ir.types import TensorType
from archir.lowering.torch import PLAIN, Options, call_with, to_torch
from archir.lowering.torch.depthwise import depthwise
from archir.lowering.torch.execute import Gates
from archir.lowering.torch.flat import Compute
from archir.lowering.torch.gates import GateValue
from archir.lowering.torch.instance import Plans
from archir.lowering.torch.norm import Running, normalise_batch
from archir.lowering.torch.plan import Activity, Normalise, Run
from archir.ops.conv import Conv
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Relu, Sigmoid
from archir.search.optimizers import build_optimizer, set_rate
from archir.search.phases import SGD, Adam
from benchmarks.reference_darts import Darts, copy_into
from tests.build import Builder, candidates, identity, net, relaxed, searched_cell, tensor

LAST = torch.channels_last


def test_the_reference_of_the_benchmark_is_the_same_net(root: Path) -> None:
    image = TensorType((3, 16, 16))
    module = archir.apply(archir.load(root / "spaces" / "darts.nas", image=image, channels=4, cells=3), "relax")
    torch.manual_seed(0)
    ours, reference = to_torch(module).double(), Darts(channels=4, cells=3).double()
    weights = {n: t for n, t in ours.state_dict().items() if not n.startswith("arch.")}
    with torch.no_grad():
        for alpha in ours.architecture().values():
            alpha.normal_()
    alphas = {
        kind: [p for n, p in ours.architecture().items() if n.startswith(f"arch.{kind}.")]
        for kind in ("normal", "reduce")
    }
    copy_into(reference, weights, alphas)
    images = torch.randn(3, 3, 16, 16, dtype=torch.float64)
    found, expected = ours(images), reference(images)
    assert (found - expected).abs().max() <= 1e-9
    found.square().sum().backward()
    expected.square().sum().backward()
    for mine, other in zip(ours.weights().values(), reference.weights(), strict=True):
        assert mine.grad is not None
        assert other.grad is not None
        assert (mine.grad - other.grad).abs().max() <= 1e-9 * max(1.0, float(other.grad.abs().max()))
    for kind, alpha in reference.alphas.items():
        grads = [p.grad for n, p in ours.architecture().items() if n.startswith(f"arch.{kind}.")]
        torch.testing.assert_close(torch.cat(grads), alpha.grad, rtol=1e-9, atol=1e-9)  # type: ignore[arg-type]


def test_the_reference_has_as_many_weights_as_published() -> None:
    assert sum(p.numel() for p in Darts(channels=16, cells=8).weights()) == 1_930_618


DENSE = Activity(None, False)

# What is computed, and how often --------------------------------------------------------------------------------------


def runs(plans: Plans, kind: str, activity: Activity = DENSE) -> int:
    """How many steps of one primitive the plan of a cell has."""
    mixtures = len(plans.flat[True].mixtures)
    steps = [step for step, _ in plans.at((activity,) * mixtures, training=True).steps]
    values = [plans.flat[True].values[step.target] for step in steps if isinstance(step, Run | Normalise)]
    return sum(isinstance(value, Compute) and value.primitive.name == kind for value in values)


def test_what_owns_no_weights_runs_once_for_each_source() -> None:
    x = tensor(4, 8, 8)
    cell = searched_cell(x, x, 4, nodes=4)
    shared, plain = Plans(cell, Options()), Plans(cell, PLAIN)
    # 14 edges; 5 of the nodes are sources
    assert [runs(plain, k) for k in ("max_pool", "avg_pool", "zero")] == [14, 14, 14]
    assert [runs(shared, k) for k in ("max_pool", "avg_pool", "zero")] == [5, 5, 0]
    assert runs(plain, "relu") == 2 + 14 * 6
    assert runs(shared, "relu") == 2 + 5 + 14 * 2, "once for each source, and inside separable convolutions"
    assert runs(shared, "batch_norm") == 2 + 5 * 2 + 14 * 6


def test_what_is_not_active_is_not_in_the_plan() -> None:
    x = tensor(4, 8, 8)
    plans = Plans(searched_cell(x, x, 4), Options())
    only = Activity(((0, 4), (1, 3)), True)  # sep_conv_3x3 and skip
    assert runs(plans, "conv", only) == 2 + 2 * 4
    assert runs(plans, "max_pool", only) == 0
    assert plans.at((only, only), training=True) is plans.at((only, only), training=True), "planned once"
    nothing = Activity((), True)
    assert runs(plans, "conv", nothing) == 0
    assert runs(plans, "relu", nothing) == 0


def test_plans_are_forgotten_when_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archir.lowering.torch.instance._PLANS", 3)
    x = tensor(4, 8, 8)
    plans = Plans(searched_cell(x, x, 4), Options())
    for k in range(8):
        one = Activity(((0, k),), True)
        plans.at((one, one), training=True)
    assert len(plans._known) == 3


# Traps ------------------------------------------------------------------------------------------------------------


def test_a_folded_coefficient_gives_the_right_gradient_of_the_input() -> None:
    """An expanded (stride 0) weight in channels last gives a wrong one in PyTorch 2.14 on a CPU."""
    torch.manual_seed(0)
    x = torch.randn(4, 8, 6, 6).contiguous(memory_format=LAST).requires_grad_()
    coefficient = torch.tensor([[0.3]], requires_grad=True)
    running = Running(torch.zeros(8), torch.ones(8), torch.tensor(0))
    row = Gates((GateValue(coefficient, None, False),)).row(0, 0, 0, 8)
    assert row.is_contiguous()
    found, _ = normalise_batch(x, row, None, (running,), BatchNorm(affine=False))
    expected = 0.3 * F.batch_norm(x, None, None, training=True)
    weighting = torch.randn_like(found)
    mine = torch.autograd.grad((found * weighting).sum(), [x, coefficient])
    (wanted,) = torch.autograd.grad((expected * weighting).sum(), x)
    torch.testing.assert_close(mine[0], wanted, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(mine[1].item(), ((expected / 0.3) * weighting).sum().item(), rtol=1e-4, atol=1e-4)


def test_an_expanded_scale_is_refused() -> None:
    running = Running(torch.zeros(8), torch.ones(8), torch.tensor(0))
    with pytest.raises(AssertionError):
        normalise_batch(torch.randn(2, 8, 4, 4), torch.tensor(0.3).expand(8), None, (running,), BatchNorm())


def ending(name: str, x: TensorType):  # type: ignore[no-untyped-def]
    b = Builder(name, "block", x=x)
    return b.done(b.op("y", {"relu": Relu(), "sigmoid": Sigmoid()}[name], "x"))


@pytest.mark.parametrize("first", ["skip", "sigmoid", "relu"])
def test_sums_do_not_write_into_what_others_read(first: str) -> None:
    x = tensor(2, 4, 4)
    some = {"skip": identity(x), "sigmoid": ending("sigmoid", x), "relu": ending("relu", x)}
    b = Builder("n", "net", image=x)
    y = b.choose("y", [("image", {first: some[first]} | some)])
    lowered = to_torch(relaxed(b.done(y))).double()
    image = torch.randn(2, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    before = image.detach().clone()
    ones = GateValue(torch.ones(1, 3), ((0, 0), (0, 1), (0, 2)), True)
    output, _ = lowered.run(Gates((ones,)), image)
    expected = image + torch.sigmoid(image) + torch.relu(image)
    torch.testing.assert_close(output, expected)
    assert image.equal(before)
    weighting = torch.randn_like(output)
    mine, wanted = (torch.autograd.grad((o * weighting).sum(), image)[0] for o in (output, expected))
    torch.testing.assert_close(mine, wanted)


# Formats, copies, checkpoints -----------------------------------------------------------------------------------------


def test_either_format_may_be_given() -> None:
    torch.manual_seed(0)
    images = torch.randn(2, 3, 16, 16, dtype=torch.float64)
    for options in (Options(), PLAIN):
        lowered = to_torch(relaxed(net()), options).double().eval()
        expected = lowered(images)
        torch.testing.assert_close(lowered(images.contiguous(memory_format=LAST)), expected, rtol=0, atol=1e-12)
        other = copy.deepcopy(lowered).to(memory_format=LAST)
        torch.testing.assert_close(other(images), expected, rtol=0, atol=1e-12)


def test_a_copy_owns_what_it_reads() -> None:
    lowered = to_torch(relaxed(net())).eval()
    twin = copy.deepcopy(lowered)
    own = {t.data_ptr() for t in [*lowered.parameters(), *lowered.buffers()]}
    for part in twin.modules():
        for table, name in getattr(part, "_tables", {}).values():
            assert table[name].data_ptr() not in own


def saved_bytes(run, images: Tensor) -> int:  # type: ignore[no-untyped-def]
    seen: dict[int, int] = {}

    def keep(t: Tensor) -> Tensor:
        seen[t.untyped_storage().data_ptr()] = t.untyped_storage().nbytes()
        return t

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        run(images)
    return sum(seen.values())


def test_checkpoints_keep_less_and_move_statistics_once() -> None:
    torch.manual_seed(0)
    images = torch.randn(8, 3, 16, 16)
    module = relaxed(net())
    whole, less = to_torch(module), to_torch(module, Options(checkpoint=True))
    less.load_state_dict(whole.state_dict())
    assert saved_bytes(less, images) < 0.3 * saved_bytes(whole, images)
    less(images).sum().backward()
    assert less.state_dict()["stem.batch_norm.num_batches_tracked"] == 2
    assert {int(b) for n, b in less.named_buffers() if n.endswith("batches_tracked")} == {2}


def test_calls_with_other_tensors_reach_every_weight() -> None:
    torch.manual_seed(0)
    lowered = to_torch(relaxed(net(), deviation=1.0)).double()
    images = torch.randn(2, 3, 16, 16, dtype=torch.float64)
    tensors = {n: p.detach().clone().requires_grad_() for n, p in lowered.named_parameters()}
    buffers = {n: b.clone() for n, b in lowered.named_buffers()}
    found = torch.autograd.grad(call_with(lowered, tensors | buffers, images).square().sum(), list(tensors.values()))
    lowered(images).square().sum().backward()
    for (name, p), gradient in zip(lowered.named_parameters(), found, strict=True):
        assert p.grad is not None
        torch.testing.assert_close(gradient, p.grad, rtol=0, atol=1e-12, msg=name)
    for name, buffer in lowered.named_buffers():
        torch.testing.assert_close(buffers[name], buffer, rtol=0, atol=0, msg=name)


# Inactive parameters and the optimiser --------------------------------------------------------------------------------


@pytest.mark.parametrize("description", [SGD(0.1), SGD(0.1, momentum=0.0), Adam(0.1)])
def test_the_optimiser_does_not_touch_what_did_not_run(description: SGD | Adam) -> None:
    torch.manual_seed(0)
    x = tensor(4, 8, 8)
    b = Builder("n", "net", image=x)
    lowered = to_torch(relaxed(b.done(b.choose("y", [("image", candidates(x))]))))
    weights = lowered.weights()
    optimizer = build_optimizer(description, weights)
    set_rate(optimizer, 0.1)
    images = torch.randn(2, 4, 8, 8)
    for step, k in enumerate((4, 4, 6, 7, 4)):  # one path at a time
        before = {n: p.detach().clone() for n, p in weights.items()}
        state = {n: {s: t.clone() for s, t in optimizer.state.get(p, {}).items()} for n, p in weights.items()}
        gate = GateValue(lowered.architecture()["arch.n.y.alpha"], ((0, k),), False)
        output, _ = lowered.run(Gates((gate,)), images)
        optimizer.zero_grad()
        torch.autograd.backward(output.square().sum(), inputs=list(weights.values()))
        optimizer.step()
        path = f"y.0.{list(candidates(x))[k]}."
        for name, p in weights.items():
            assert (p.grad is not None) == name.startswith(path), (step, name)
            assert p.equal(before[name]) != name.startswith(path), (step, name)
            if not name.startswith(path):
                assert all(t.equal(state[name][s]) for s, t in optimizer.state.get(p, {}).items())


# Depthwise convolutions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(8, 8), (7, 9), (5, 6)])
@pytest.mark.parametrize("k", [(3, 3), (5, 5), (7, 7), (1, 7), (2, 4)])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2), (2, 2), (1, 3), (3, 3), ((1, 2), (1, 2))])
@pytest.mark.parametrize("last", [True, False])
def test_depthwise_convolutions_equal_the_library(size, k, stride, dilation, last) -> None:  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    x_type = tensor(3, *size)
    p = Conv(k=k, stride=stride, dilation=dilation, groups=3)
    full = p.resolve((x_type,))
    assert full.pad is not None
    reach = [d * (side - 1) + 1 for side, d in zip(p.k, p.dilation, strict=True)]
    if any(r > n + 2 * pad for r, n, pad in zip(reach, size, full.pad, strict=True)):
        return  # a kernel larger than the map
    run = depthwise(full, (x_type,))
    if run is None:
        assert p.k[1] <= 3 or any(pad % d for pad, d in zip(full.pad, p.dilation, strict=True)) or p.stride != (1, 1)
        return
    x = torch.randn(2, 3, *size, dtype=torch.float64)
    x = x.contiguous(memory_format=LAST) if last else x
    inputs = [x.requires_grad_(), torch.randn(3, 1, *p.k, dtype=torch.float64, requires_grad=True)]
    found = run(*inputs)
    expected = F.conv2d(*inputs, None, p.stride, full.pad, p.dilation, 3)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    weighting = torch.randn_like(expected)
    mine, wanted = (torch.autograd.grad((o * weighting).sum(), inputs) for o in (found, expected))
    for a, b in zip(mine, wanted, strict=True):
        assert a.shape == b.shape
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("k", "stride", "dilation"), [(5, 1, 1), (3, 1, 2), (5, 2, 2)])
def test_depthwise_convolutions_have_second_derivatives(k: int, stride: int, dilation: int) -> None:
    x_type = tensor(2, 5, 6)
    run = depthwise(Conv(k=k, stride=stride, dilation=dilation, groups=2).resolve((x_type,)), (x_type,))
    assert run is not None
    inputs = (
        torch.randn(1, 2, 5, 6, dtype=torch.float64, requires_grad=True),
        torch.randn(2, 1, k, k, dtype=torch.float64, requires_grad=True),
    )
    assert torch.autograd.gradgradcheck(run, inputs)


def test_options_of_a_supernet_are_known() -> None:
    options = evolve(PLAIN, fold=True)
    assert to_torch(relaxed(net()), options).options == options
