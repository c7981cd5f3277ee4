from __future__ import annotations

import copy
import weakref
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from archir.analysis.axes import Axes
from archir.diagnostics import ArchirError
from archir.ir.gates import Apply, Parameter
from archir.ir.graph import Call, Choice, Graph, Operation
from archir.ir.module import ArchitectureParameter, GateOf, Module
from archir.lowering.torch import Supernet, call_with, to_torch
from archir.lowering.torch.gate_rows import GATE_ROWS
from archir.ops.conv import Conv
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Relu
from tests.build import (
    Builder,
    derived_cell,
    identity,
    net,
    network,
    none,
    relaxed,
    space,
    tensor,
)
from tests.reference import Reference


def owned(graph: Graph, path: str = "") -> dict[str, tuple[tuple[int, ...], str]]:
    """Every weight below a graph by its path, with shape and kind: read off the IR."""
    types, found = graph.types(), {}
    for node in graph.nodes:
        here = f"{path}{node.name}."
        if isinstance(node, Operation):
            for w in node.primitive.weights(tuple(types[o] for o in node.operands)):
                found[here + w.name] = (w.shape, w.kind)
        elif isinstance(node, Call):
            found |= owned(node.graph, here)
        elif isinstance(node, Choice):
            for e, edge in enumerate(node.edges):
                for candidate in edge.candidates:
                    found |= owned(candidate.graph, f"{here}{e}.{candidate.name}.")
    return found


CELLS = (False, True, False)


@pytest.fixture
def supernet() -> Supernet:
    torch.manual_seed(0)
    return to_torch(relaxed(net(cells=CELLS), deviation=1.0))


@pytest.mark.parametrize("training", [True, False])
def test_forward_and_gradients_equal_eq_1(supernet: Supernet, training: bool) -> None:
    images = torch.randn(4, 3, 16, 16)
    supernet(images)  # so that the running statistics are not those of the start
    supernet.train(training)
    state = {n: t.detach().clone() for n, t in supernet.state_dict().items()}
    mine = {n: state[n].requires_grad_() for n in supernet.architecture()}
    expected = Reference(state, training).net(images, CELLS)
    found = supernet(images)
    assert (found - expected).abs().max() <= 1e-5 * max(1.0, expected.abs().max())

    weighting = torch.randn_like(expected)
    (expected * weighting).sum().backward()
    (found * weighting).sum().backward()
    assert set(mine) == {f"arch.{c}.x.{i}.alpha" for c in ("normal", "reduce") for i in (2, 3)}
    for name, alpha in supernet.architecture().items():
        assert alpha.grad is not None
        assert mine[name].grad is not None
        assert mine[name].grad.abs().max() > 1e-3, "a gradient that says something"
        torch.testing.assert_close(alpha.grad, mine[name].grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("module", [relaxed(net(cells=CELLS)), network(net(cells=CELLS, derived=True))])
def test_names_and_shapes_are_those_of_the_ir(module: Module) -> None:
    lowered = to_torch(module)
    expected = owned(module.graph)
    state = {n: tuple(t.shape) for n, t in lowered.state_dict().items()}
    arch = {p.name: p.shape for p in module.parameters}
    assert state == {n: shape for n, (shape, _) in expected.items()} | arch
    parameters = {n for n, (_, kind) in expected.items() if kind == "parameter"}
    assert set(lowered.weights()) == parameters
    assert list(lowered.weights()) == [n for n in lowered.state_dict() if n in parameters]
    assert list(lowered.architecture()) == list(arch)
    assert sum(p.numel() for p in lowered.weights().values()) == sum(
        torch.Size(expected[n][0]).numel() for n in parameters
    )
    assert lowered.module is module


def test_a_name_of_the_examples() -> None:
    state = to_torch(relaxed(net())).state_dict()
    assert state["cell.1.x.3.2.sep_conv_5x5.x.1.conv.weight"].shape == (8, 1, 5, 5)
    assert state["arch.reduce.x.3.alpha"].shape == (3, 8)


def test_alpha_is_shared_and_starts_small() -> None:
    torch.manual_seed(0)
    lowered = to_torch(relaxed(net(cells=(False, False, False)), deviation=1e-3))
    assert list(lowered.architecture()) == ["arch.normal.x.2.alpha", "arch.normal.x.3.alpha"]
    values = torch.cat([a.flatten() for a in lowered.architecture().values()])
    assert 5e-4 < values.std() < 2e-3


def test_a_seed_gives_the_same_weights() -> None:
    def make() -> dict[str, Tensor]:
        torch.manual_seed(7)
        return to_torch(relaxed(net())).state_dict()

    first, second = make(), make()
    assert list(first) == list(second)
    assert all(torch.equal(first[n], second[n]) for n in first)


def test_functional_call_uses_the_given_tensors(supernet: Supernet) -> None:
    supernet.eval()
    images = torch.randn(2, 3, 16, 16)
    other = to_torch(supernet.module).eval()
    assert not torch.allclose(supernet(images), other(images))
    replaced = dict(other.named_parameters()) | dict(other.named_buffers())
    assert torch.equal(torch.func.functional_call(supernet, replaced, (images,)), other(images))
    before = supernet(images)
    assert torch.equal(call_with(supernet, replaced, images), other(images))
    assert torch.equal(supernet(images), before)

    gradient = torch.func.grad(
        lambda alpha: torch.func.functional_call(supernet, {"arch.normal.x.2.alpha": alpha}, (images,)).square().sum()
    )(supernet.architecture()["arch.normal.x.2.alpha"].detach())
    supernet(images).square().sum().backward()
    torch.testing.assert_close(gradient, supernet.architecture()["arch.normal.x.2.alpha"].grad)


def test_a_call_with_other_tensors_leaves_the_module_as_it_was(supernet: Supernet) -> None:
    images = torch.randn(2, 3, 16, 16)
    before = {n: t.clone() for n, t in supernet.state_dict().items()}
    own = {n: t.detach().clone() for n, t in supernet.named_buffers()}
    call_with(supernet, own, images)
    assert any(not torch.equal(own[n], before[n]) for n in own), "statistics go to the given tensors"
    with pytest.raises(KeyError, match="absent"):
        call_with(supernet, {"linear.bias": torch.zeros(10), "cell.0.absent.weight": torch.zeros(1)}, images)
    with pytest.raises(RuntimeError, match="channels"):
        call_with(supernet, {"linear.bias": torch.zeros(10)}, images[:, :2])
    assert {n for n, _ in supernet.named_parameters()} == {*supernet.weights(), *supernet.architecture()}
    for name, value in supernet.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_a_copy_is_independent(supernet: Supernet) -> None:
    images = torch.randn(2, 3, 16, 16)
    twin = copy.deepcopy(supernet).eval()
    before = supernet.eval()(images)
    assert torch.equal(twin(images), before)
    with torch.no_grad():
        for p in twin.parameters():
            p.mul_(2.0)
    assert torch.equal(supernet(images), before)
    assert not torch.allclose(twin(images), before)


def test_a_network_computes_its_graph() -> None:
    torch.manual_seed(0)
    x = tensor(12, 8, 8)
    lowered = to_torch(network(derived_cell(x, x, 4))).eval()
    assert not lowered.architecture()
    s0, s1 = torch.randn(2, 2, 12, 8, 8)
    plain = Reference(lowered.state_dict(), False)
    x0, x1 = plain.preprocess(s0, s1, "x.0"), plain.preprocess(s1, s1, "x.1")
    x2 = plain.candidate(x0, "sep_conv_3x3", 1, "x.2.0.sep_conv_3x3") + x1
    x3 = plain.candidate(x1, "max_pool_3x3", 1, "x.3.1.max_pool_3x3")
    x3 = x3 + plain.candidate(x2, "sep_conv_5x5", 1, "x.3.2.sep_conv_5x5")
    torch.testing.assert_close(lowered(s0, s1), torch.cat([x2, x3], 1), rtol=1e-5, atol=1e-5)


# Choices at their limits ------------------------------------------------------------------------------------------


def choice_of(some: dict[str, Graph]) -> Module:
    b = Builder("n", "net", image=tensor(2, 4, 4))
    return relaxed(b.done(b.choose("y", [("image", some)])), deviation=1.0)


def test_zero_keeps_its_share_of_the_gate() -> None:
    x = tensor(2, 4, 4)
    lowered = to_torch(choice_of({"none": none(x), "skip": identity(x)}))
    image = torch.randn(3, 2, 4, 4)
    share = torch.softmax(lowered.architecture()["arch.n.y.alpha"], -1)[0, 1]
    assert torch.equal(lowered(image), image * share)


def test_a_choice_of_nothing_gives_zeros() -> None:
    x = tensor(2, 4, 4)
    lowered = to_torch(choice_of({"none": none(x, 2), "nothing": none(x, 2)}))
    assert torch.equal(lowered(torch.randn(3, 2, 4, 4)), torch.zeros(3, 2, 2, 2))


def test_zero_behind_a_call_is_found() -> None:
    x = tensor(2, 4, 4)
    b = Builder("wrapped", "block", x=x)
    wrapped = b.done(b.call("inner", none(x), "x"))
    lowered = to_torch(choice_of({"wrapped": wrapped, "skip": identity(x)}))
    assert torch.isfinite(lowered(torch.randn(3, 2, 4, 4))).all()
    assert "wrapped" not in repr(lowered)


def test_instances_may_have_gates_of_their_own() -> None:
    x = tensor(2, 4, 4)
    inner = Builder("inner", "cell", x=x)
    cell = inner.done(inner.choose("y", [("x", {"none": none(x), "skip": identity(x)})]))
    b = Builder("n", "net", image=x)
    graph = b.done(b.call("b", cell, b.call("a", cell, "image")))
    parameters = tuple(ArchitectureParameter(f"arch.{n}", (1, 2), 1.0) for n in "ab")
    gates = tuple(GateOf(f"{n}.y", Apply("softmax", (Parameter(f"arch.{n}"),))) for n in "ab")
    lowered = to_torch(Module("n", "relaxed", graph, parameters, gates))
    share = [torch.softmax(a, -1)[0, 1] for a in lowered.architecture().values()]
    image = torch.randn(3, 2, 4, 4)
    torch.testing.assert_close(lowered(image), image * share[0] * share[1])


def test_each_gate_is_computed_once_a_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(_axes: Axes, x: Tensor) -> Tensor:
        calls.append(x.shape)
        return torch.softmax(x, -1)

    monkeypatch.setitem(GATE_ROWS, "softmax", counted)
    to_torch(relaxed(net(cells=(False, False, False))))(torch.randn(2, 3, 16, 16))
    assert len(calls) == 2, "two choices in one kind of cell, whatever the number of cells"


def test_names_that_torch_uses_itself() -> None:
    x = tensor(2, 4, 4)
    inner = Builder("inner", "block", x=x)
    block = inner.done(inner.op("forward", Conv(k=3), inner.op("train", BatchNorm(), "x")))
    b = Builder("n", "net", image=x)
    y = b.op("half", Conv(), "image")
    for name in ("type", "training.to", "named_modules", "class"):
        y = b.call(name, block, b.op(f"{name}_", Relu(), y))
    lowered = to_torch(network(b.done(y)))
    assert set(lowered.state_dict()) == set(owned(lowered.module.graph))
    lowered.eval().train().double().float()
    twin = copy.deepcopy(lowered)
    twin.load_state_dict(lowered.state_dict())
    image = torch.randn(2, 2, 4, 4)
    assert torch.equal(twin.eval()(image), lowered.eval()(image))
    fresh = to_torch(lowered.module).eval()
    assert torch.equal(call_with(fresh, lowered.state_dict(), image), lowered(image))


def test_a_space_does_not_run() -> None:
    with pytest.raises(ArchirError) as caught:
        to_torch(space(net()))
    assert caught.value.diagnostics[0].code == "NAS604"
    assert "relax" in caught.value.diagnostics[0].help


def test_a_choice_without_gate_is_an_error() -> None:
    module = relaxed(net())
    with pytest.raises(ArchirError, match=r"choice `cell\.0\.x\.2` has no gate"):
        to_torch(Module(module.name, "relaxed", module.graph, module.parameters, module.gates[1:]))


def test_values_are_let_go_of() -> None:
    b = Builder("n", "net", image=tensor(2, 4, 4))
    y = "image"
    for i in range(10):
        y = b.op(f"conv{i}", Conv(), y)
    lowered = to_torch(network(b.done(y)))
    outputs: list[weakref.ref[Tensor]] = []
    alive: list[int] = []

    class Watch(TorchFunctionMode):
        def __torch_function__(self, function, _types, args=(), kwargs=None):
            if function is not torch.nn.functional.conv2d:
                return function(*args, **(kwargs or {}))
            alive.append(sum(r() is not None for r in outputs))
            output = function(*args, **(kwargs or {}))
            outputs.append(weakref.ref(output))
            return output

    with torch.no_grad(), Watch():
        lowered(torch.randn(1, 2, 4, 4))
    assert alive == [0] + [1] * 9, "only the operand of the running operation"


def test_replicas_of_data_parallel_training(supernet: Supernet, tmp_path: Path) -> None:
    images = torch.randn(2, 3, 16, 16)
    supernet(images).square().sum().backward()
    expected = {n: p.grad.clone() for n, p in supernet.named_parameters() if p.grad is not None}
    supernet.zero_grad()
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1)
    try:
        nn.parallel.DistributedDataParallel(supernet)(images).square().sum().backward()
    finally:
        torch.distributed.destroy_process_group()
    assert set(expected) == {n for n, _ in supernet.named_parameters()}, "every parameter takes part"
    for name, parameter in supernet.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name])
