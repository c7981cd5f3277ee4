"""Options of the torch lowering change nothing but speed and memory: random cells, in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from attrs import evolve, fields
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from archir.ir.graph import Choice, Edge, Graph, Node
from archir.ir.module import Module
from archir.ir.rewrite import rewritten
from archir.ir.types import TensorType
from archir.lowering.torch import PLAIN, Options, Supernet, to_torch
from archir.lowering.torch.execute import Gates
from archir.lowering.torch.gates import GateValue
from archir.lowering.torch.norm import follow
from archir.ops.conv import Conv
from archir.ops.layout import Concat
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Relu, Sigmoid, Swish
from tests.build import (
    Builder,
    avg_pool,
    candidates,
    dil_conv,
    max_pool,
    net,
    none,
    relaxed,
    sep_conv,
    skip,
    tensor,
)  # fmt: skip

TOLERANCE = 1e-9
NAMES = [f.name for f in fields(Options)]
ALONE = {name: evolve(PLAIN, **{name: True}) for name in NAMES}
TOGETHER = {"defaults": Options(), "all": Options(checkpoint=True)}


def conv_only(x: TensorType, k: int, stride: int, dilation: int) -> Graph:
    """A depthwise convolution without anything behind it."""
    b = Builder("conv_only", "block", x=x)
    pad = dilation * (k // 2)
    return b.done(b.op("conv", Conv(k=k, stride=stride, dilation=dilation, pad=pad, groups=x.channels), "x"))


def saved_by_itself(x: TensorType, stride: int) -> Graph:
    """Ends with an operation whose backward reads its result, which must not be written over."""
    b = Builder("saved", "block", x=x)
    return b.done(b.op("sigmoid", Sigmoid(), b.op("conv", Conv(k=(3, 1), stride=stride, pad=(1, 0)), "x")))


def normed(x: TensorType, stride: int, affine: bool) -> Graph:
    b = Builder("normed", "block", x=x)
    y = b.op("conv", Conv(k=3, stride=stride), b.op("swish", Swish(), "x"))
    return b.done(b.op("norm", BatchNorm(affine=affine, momentum=0.3), y))


def inner_cell(x: TensorType) -> Graph:
    """A cell as a candidate: a choice in a choice."""
    b = Builder("inner", "cell", x=x)
    some = {k: candidates(x)[k] for k in ("none", "skip", "max_pool_3x3", "dil_conv_3x3")}
    return b.done(b.choose("y", [("x", some)]))


def inner_block(x: TensorType) -> Graph:
    b = Builder("inner_block", "block", x=x)
    some = {k: candidates(x)[k] for k in ("skip", "avg_pool_3x3", "sep_conv_3x3")}
    return b.done(b.op("relu", Relu(), b.choose("y", [("x", some)])))


def pool_of(x: TensorType, stride: int) -> dict[str, Graph]:
    found = {
        "none": none(x, stride),
        "max_pool": max_pool(x, stride),
        "avg_pool": avg_pool(x, stride),
        "sep_conv_3x3": sep_conv(x, 3, stride, affine=False),
        "sep_conv_5x5": sep_conv(x, 5, stride, affine=True),
        "dil_conv_3x3": dil_conv(x, 3, stride, affine=True),
        "dil_conv_5x5": dil_conv(x, 5, stride, affine=False),
        "conv_5x5": conv_only(x, 5, stride, 1),
        "conv_dilated": conv_only(x, 3, stride, 3),
        "saved": saved_by_itself(x, stride),
        "normed": normed(x, stride, affine=False),
        "normed_affine": normed(x, stride, affine=True),
    }
    if stride == 1 or (x.height % 2 == 0 and x.width % 2 == 0):
        found["skip"] = skip(x, stride, affine=False)
    return found | ({"cell": inner_cell(x), "block": inner_block(x)} if stride == 1 else {})


@st.composite
def modules(draw: st.DrawFn) -> Module:
    """A net of one or two instances of a random cell with 1 to 3 choices on inputs and earlier nodes."""
    channels, stride = draw(st.sampled_from([2, 4])), draw(st.sampled_from([1, 2]))
    x = tensor(channels, draw(st.integers(4, 9)), draw(st.integers(4, 9)))
    names = draw(st.lists(st.sampled_from(sorted(pool_of(x, stride))), min_size=1, max_size=5, unique=True))
    b = Builder("cell", "cell", a=x, b=x)
    sources, nodes = ["a", "b"], []
    for i in range(draw(st.integers(1, 3))):
        edges = []
        for source in draw(st.lists(st.sampled_from(sources), min_size=1, max_size=3, unique=True)):
            from_input = source in ("a", "b")
            some = pool_of(b.types[source], stride if from_input else 1)
            edges.append((source, {n: some[n] for n in names if n in some} or {"none": some["none"]}))
        most = max(len(some) for _, some in edges)
        if any(len(some) < most for _, some in edges):  # edges of one choice have as many candidates each
            edges = [(s, dict(list(some.items())[:1])) for s, some in edges]
        nodes.append(b.choose(f"x.{i}", edges))
        sources.append(nodes[-1])
    cell = b.done(b.op("out", Concat(), *nodes))
    outer = Builder("net", "net", first=x, second=x)
    y = outer.call("cell.0", cell, "first", "second")
    if draw(st.booleans()):
        y = outer.op("sum", Concat(), y, outer.call("cell.1", cell, "second", "first"))
    module = relaxed(outer.done(y), deviation=1.0)
    return some_active(draw, module) if draw(st.booleans()) else module


def some_active(draw: st.DrawFn, module: Module) -> Module:
    """The module with some candidates that are not active; instances that share a choice agree."""
    drawn: dict[tuple[str, str, int], list[str]] = {}

    def edge(graph: Graph, choice: Choice, e: int) -> Edge:
        here, place = choice.edges[e], (graph.name, choice.name, e)
        if place not in drawn:
            drawn[place] = draw(st.lists(st.sampled_from([c.name for c in here.candidates]), min_size=1, unique=True))
        active = tuple(c.name for c in here.candidates if c.name in drawn[place])
        return evolve(here, active=None if len(active) == len(here.candidates) else active)

    def nodes(graph: Graph) -> tuple[Node, ...]:
        return tuple(
            evolve(n, edges=tuple(edge(graph, n, e) for e in range(len(n.edges)))) if isinstance(n, Choice) else n
            for n in graph.nodes
        )

    return evolve(module, graph=rewritten(module.graph, nodes))


def lowered(module: Module, options: Options, like: Supernet | None = None) -> Supernet:
    torch.manual_seed(0)
    made = to_torch(module, options).double()
    if like is not None:
        made.load_state_dict(like.state_dict())
        return made
    with torch.no_grad():  # also where values are shared, each batch norm has statistics of its own
        for buffer in made.buffers():
            buffer.copy_(torch.rand_like(buffer, dtype=torch.float64) + 0.5 if buffer.dim() else buffer)
    return made


def traces(supernet: Supernet, run: Callable[..., Tensor], inputs: list[Tensor]) -> Iterator[tuple[str, Tensor | None]]:
    """The output, the gradients of all inputs and parameters, and the buffers behind it."""
    supernet.zero_grad()
    inputs = [x.clone().requires_grad_() for x in inputs]
    output = run(*inputs)
    yield "output", output.detach()
    if output.requires_grad:
        weighting = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view(output.shape)
        (output * weighting).sum().backward()
    yield from ((f"input {i}", x.grad) for i, x in enumerate(inputs))
    yield from ((f"gradient {n}", p.grad) for n, p in supernet.named_parameters())
    yield from ((f"buffer {n}", b.clone()) for n, b in supernet.named_buffers())


def assert_same(found: Iterator[tuple[str, Tensor | None]], expected: list[tuple[str, Tensor | None]]) -> None:
    for (name, value), (_, wanted) in zip(found, expected, strict=True):
        if value is None or wanted is None:  # no gradient is a gradient of zeros
            given_ = value if wanted is None else wanted
            assert given_ is None or not given_.any(), name
            continue
        scale = max(1.0, float(wanted.abs().max())) if wanted.numel() else 1.0
        assert value.shape == wanted.shape, name
        assert (value - wanted).abs().max() <= TOLERANCE * scale, name


def random_inputs(module: Module, batch: int = 3) -> list[Tensor]:
    torch.manual_seed(1)
    return [torch.randn(batch, *v.type.shape, dtype=torch.float64) for v in module.graph.inputs]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(module=modules(), training=st.booleans())
def test_options_keep_results_gradients_and_statistics(module: Module, training: bool) -> None:
    inputs = random_inputs(module)
    plain = lowered(module, PLAIN)
    made = {name: lowered(module, options, like=plain) for name, options in (ALONE | TOGETHER).items()}
    expected = list(traces(plain, plain.train(training), inputs))
    for supernet in made.values():
        assert_same(traces(supernet, supernet.train(training), inputs), expected)


@st.composite
def sparse(draw: st.DrawFn) -> tuple[Module, list[list[tuple[int, int]]], bool]:
    """A module, and for each of its gates the pairs that are active; whether they are the constant 1."""
    module = draw(modules())
    active = []
    for p in module.parameters:
        pairs = [(e, k) for e in range(p.shape[0]) for k in range(p.shape[1])]
        active.append(draw(st.lists(st.sampled_from(pairs), max_size=3, unique=True)))
    return module, active, draw(st.booleans())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(case=sparse(), training=st.booleans())
def test_sparse_gates_run_what_is_active_and_nothing_else(
    case: tuple[Module, list[list[tuple[int, int]]], bool], training: bool
) -> None:
    module, active, plain = case
    inputs = random_inputs(module)
    reference = lowered(module, PLAIN).train(training)

    def coefficients(supernet: Supernet) -> Iterator[Tensor]:
        for parameter, pairs in zip(supernet.architecture().values(), active, strict=True):
            kept = torch.zeros_like(parameter)
            for pair in pairs:
                kept[pair] = 1.0
            yield kept if plain else parameter * kept

    def dense(*xs: Tensor) -> Tensor:
        values = tuple(GateValue(c, None, False) for c in coefficients(reference))
        return reference.run(Gates(values), *xs)[0]

    expected = list(traces(reference, dense, inputs))
    for name, options in (ALONE | TOGETHER).items():
        supernet = lowered(module, options, like=reference).train(training)
        before = {n: b.clone() for n, b in supernet.named_buffers()}

        def run(*xs: Tensor, supernet: Supernet = supernet) -> Tensor:
            values = [
                GateValue(c, tuple(pairs), plain) for c, pairs in zip(coefficients(supernet), active, strict=True)
            ]
            output, updates = supernet.run(Gates(tuple(values)), *xs)
            follow(updates)
            return output

        found = list(traces(supernet, run, inputs))
        without_buffers = [(n, t) for n, t in expected if not n.startswith("buffer")]
        assert_same(iter([(n, t) for n, t in found if not n.startswith("buffer")]), without_buffers)
        for path, inactive in switched_off(module, active):
            for n, p in supernet.named_parameters():
                assert not (n.startswith(path) and inactive) or p.grad is None, (name, n)
            for n, b in supernet.named_buffers():
                assert not (n.startswith(path) and inactive) or b.equal(before[n]), (name, n)


def switched_off(module: Module, active: list[list[tuple[int, int]]]) -> Iterator[tuple[str, bool]]:
    """The path of each candidate of a choice directly in a cell, and whether it is inactive."""
    by_parameter = {p.name: set(pairs) for p, pairs in zip(module.parameters, active, strict=True)}
    for gate in module.gates:
        (cell, number), choice = gate.path.split(".")[:2], ".".join(gate.path.split(".")[2:])
        call = next(n for n in module.graph.nodes if n.name == f"{cell}.{number}")
        for node in call.graph.nodes:  # type: ignore[union-attr]
            if node.name == choice:
                for e, edge in enumerate(node.edges):  # type: ignore[union-attr]
                    for k, candidate in enumerate(edge.candidates):
                        pairs = by_parameter[f"arch.cell.{choice}.alpha"]
                        yield f"{gate.path}.{e}.{candidate.name}.", (e, k) not in pairs


@pytest.mark.slow
@pytest.mark.parametrize("training", [True, False])
def test_the_cells_of_darts(training: bool) -> None:
    module = relaxed(net(channels=4, cells=(False, True)), deviation=1.0)
    inputs = random_inputs(module)
    plain = lowered(module, PLAIN)
    made = {name: lowered(module, options, like=plain) for name, options in (ALONE | TOGETHER).items()}
    expected = list(traces(plain, plain.train(training), inputs))
    for supernet in made.values():
        assert_same(traces(supernet, supernet.train(training), inputs), expected)
