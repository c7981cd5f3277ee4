from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from archir import load
from archir.diagnostics import ArchirError
from archir.ir.graph import Graph
from archir.ir.module import Module
from archir.lowering.source import to_source
from archir.lowering.source.rows import ROWS
from archir.lowering.torch import PLAIN, to_torch
from archir.ops import PRIMITIVES
from archir.ops.conv import Conv, Linear
from archir.ops.layout import ChannelShuffle, Concat, Slice, Zero
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Add, Dropout, Mul, Relu, Relu6, Scale, ScaleChannels, Sigmoid, Swish
from archir.ops.pool import AvgPool, GlobalAvgPool, MaxPool
from tests.build import (
    Builder,
    derived_cell,
    identity,
    max_pool,
    net,
    network,
    relaxed,
    relu_conv_bn,
    sep_conv,
    skip,
    space,
    tensor,
)
from tests.emitted import check_equal, classes, compiled


def test_no_row_is_missing() -> None:
    assert set(ROWS) == set(PRIMITIVES.values())


def one(primitive, *types) -> Graph:
    b = Builder("n", "net", **{f"x{i}": t for i, t in enumerate(types)})
    return b.done(b.op("y", primitive, *(f"x{i}" for i in range(len(types)))))


MAP = tensor(4, 7, 9)


@pytest.mark.parametrize(
    ("primitive", "types", "line"),
    [
        (Conv(out=6, k=3, stride=2), [MAP], "self.y = nn.Conv2d(4, 6, 3, stride=2, padding=1, bias=False)"),
        (Conv(k=(1, 5), groups=4, bias=True), [MAP], "self.y = nn.Conv2d(4, 4, (1, 5), padding=(0, 2), groups=4)"),
        (Conv(k=3, pad=0, dilation=2), [MAP], "self.y = nn.Conv2d(4, 4, 3, dilation=2, bias=False)"),
        (Linear(out=3), [tensor(5)], "self.y = nn.Linear(5, 3)"),
        (Linear(out=3, bias=False), [tensor(5)], "self.y = nn.Linear(5, 3, bias=False)"),
        (BatchNorm(), [MAP], "self.y = nn.BatchNorm2d(4)"),
        (BatchNorm(affine=False, eps=1e-3, momentum=0.01), [MAP], "nn.BatchNorm2d(4, eps=0.001, momentum=0.01, aff"),
        (MaxPool(k=3, stride=2, pad=1), [MAP], "self.y = nn.MaxPool2d(3, stride=2, padding=1)"),
        (AvgPool(k=3, pad=1, count_pad=False), [MAP], "nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)"),
        (AvgPool(k=(3, 1)), [MAP], "self.y = nn.AvgPool2d((3, 1), stride=1)"),
        (GlobalAvgPool(), [MAP], "return x0.mean(dim=(2, 3))"),
        (Relu(), [MAP], "return F.relu(x0)"),
        (Relu6(), [MAP], "return F.relu6(x0)"),
        (Sigmoid(), [tensor(5)], "return torch.sigmoid(x0)"),
        (Swish(), [MAP], "return F.silu(x0)"),
        (Dropout(rate=0.2), [tensor(5)], "self.y = nn.Dropout(0.2)"),
        (Scale(factor=-0.5), [MAP], "return -0.5 * x0"),
        (Add(), [MAP, MAP, MAP], "return x0 + x1 + x2"),
        (Add(), [MAP], "return x0\n"),
        (Mul(), [MAP, MAP], "return x0 * x1"),
        (ScaleChannels(), [MAP, tensor(4)], "return x0 * x1[:, :, None, None]"),
        (ChannelShuffle(groups=2), [MAP], "return F.channel_shuffle(x0, 2)"),
        (Concat(), [MAP, tensor(2, 7, 9)], "return torch.cat([x0, x1], dim=1)"),
        (Slice(top=1, left=2), [MAP], "return x0[:, :, 1:, 2:]"),
        (Slice(left=2), [MAP], "return x0[:, :, :, 2:]"),
        (Zero(stride=(2, 3)), [MAP], "return torch.zeros_like(x0[:, :, ::2, ::3])"),
        (Zero(), [MAP], "return torch.zeros_like(x0)"),
        (Zero(), [tensor(5)], "return torch.zeros_like(x0)"),
    ],
)
def test_a_row_writes_what_people_write(primitive, types, line: str) -> None:
    assert line in check_equal(network(one(primitive, *types)))


def test_a_derived_net() -> None:
    text = check_equal(network(net(derived=True, cells=(False, False, True, False))))
    assert 'x2_sum = self.x[2][0]["sep_conv_3x3"](x0) + x1' in text
    assert 'self.x[3]["1"]["max_pool_3x3"](x1) + self.x[3]["2"]["sep_conv_5x5"](x2_sum)' in text


def test_the_text_of_a_small_net(golden) -> None:
    b = Builder("small", "net", image=tensor(3, 8, 8))
    x = b.op("stem.batch_norm", BatchNorm(), b.op("stem.conv", Conv(out=4, k=3), "image"))
    for i, (k, stride) in enumerate(((3, 1), (5, 2), (3, 2))):
        x = b.call(f"x.{i}", sep_conv(b.types[x], k, stride), x)
    y = b.call("project", relu_conv_bn(b.types[x], 6), x)
    z = b.call("again", relu_conv_bn(b.types[y], 4), y)
    z = b.op("sum", Add(), z, x)
    golden(
        "source/small.py", check_equal(network(b.done(b.op("linear", Linear(out=2), b.op("mean", GlobalAvgPool(), z)))))
    )


DARTS_LIKE = """
use ops

cell normal(prev2, prev1, channels) {
  x[0] = preprocess(prev2, channels, like=prev1)
  x[1] = preprocess(prev1, channels, like=prev1)
  x[2] = sep_conv(x[0], k=3) + sep_conv(x[1], k=5)
  x[3] = skip(x[0]) + dil_conv(x[2], k=3)
  return concat(x[2..4])
}
cell reduce(prev2, prev1, channels) {
  x[0] = preprocess(prev2, channels, like=prev1)
  x[1] = preprocess(prev1, channels, like=prev1)
  x[2] = max_pool_3x3(x[0], stride=2) + sep_conv(x[1], k=3, stride=2)
  x[3] = skip(x[2]) + avg_pool_3x3(x[1], stride=2)
  return concat(x[2..4])
}
net darts_like(image: tensor[3, 16, 16], channels = 4, cells = 8, classes = 10) {
  s1 = image |> conv(3 * channels, k=3) |> batch_norm
  s0 = s1
  c = channels
  for i in 0..cells {
    if i == cells // 3 or i == 2 * cells // 3 {
      c = 2 * c
      cell[i] = reduce(s0, s1, c)
    } else {
      cell[i] = normal(s0, s1, c)
    }
    s0, s1 = s1, cell[i]
  }
  return s1 |> global_avg_pool |> linear(classes)
}
"""


def test_a_net_from_text_reads_like_its_text(tmp_path: Path, golden) -> None:
    (tmp_path / "darts_like.nas").write_text(DARTS_LIKE)
    text = check_equal(load(tmp_path / "darts_like.nas"))
    golden("source/darts_like.py", text)
    assert classes(text).count("SepConv") == 1
    assert [c for c in classes(text) if c.startswith(("Normal", "Reduce"))] == ["Normal", "Reduce", "Normal2"]
    assert "for cell in self.cell:\n            prev2, prev1 = prev1, cell(prev2, prev1)" in text


# Sharing of classes -----------------------------------------------------------------------------------------------


def chain(*graphs: Graph) -> Module:
    b = Builder("n", "net", x=graphs[0].inputs[0].type)
    y = "x"
    for i, g in enumerate(graphs):
        y = b.call(f"b{i}", g, y)
    return network(b.done(y))


def test_graphs_that_differ_in_numbers_share_a_class() -> None:
    x = tensor(4, 8, 8)
    text = check_equal(chain(sep_conv(x, 3), sep_conv(x, 5), sep_conv(x, 3, 2)))
    assert classes(text) == ["SepConv", "N"]
    assert "def __init__(self, k: int, stride: int) -> None:" in text
    assert "self.b2 = SepConv(k=3, stride=2)" in text
    assert "nn.Conv2d(4, 4, k, stride=stride, padding=k // 2, groups=4, bias=False)" in text


def test_arguments_go_through_nested_calls() -> None:
    def pair(width: int, out: int) -> Graph:
        b = Builder("pair", "block", x=tensor(width, 8, 8))
        first = b.call("first", relu_conv_bn(tensor(width, 8, 8), out), "x")
        return b.done(b.call("second", relu_conv_bn(tensor(out, 8, 8), out), first))

    text = check_equal(chain(pair(2, 3), pair(3, 5), pair(5, 5)))
    assert classes(text) == ["ReluConvBn", "Pair", "N"]
    assert "self.first = ReluConvBn(in_channels, out_channels)" in text
    assert "self.second = ReluConvBn(out_channels, out_channels)" in text
    assert "self.b1 = Pair(3, 5)" in text


def test_another_structure_is_another_class() -> None:
    x = tensor(4, 8, 8)
    text = check_equal(chain(skip(x, 2), skip(tensor(4, 4, 4)), max_pool(tensor(4, 4, 4))))
    assert classes(text) == ["FactorizedReduction", "Skip", "MaxPool3x3", "N"]
    b = Builder("skip", "block", x=tensor(4, 4, 4))
    other = b.done(b.op("y", Relu(), "x"))
    assert classes(check_equal(chain(skip(x, 2), other))) == ["FactorizedReduction", "Skip", "Skip2", "N"]


def test_numbers_of_functions_become_attributes() -> None:
    def half(factor: float, top: int) -> Graph:
        b = Builder("half", "block", x=tensor(2, 6, 6))
        y = b.op("slice", Slice(top=top), b.op("y", Scale(factor=factor), "x"))
        return b.done(b.op("pool", GlobalAvgPool(), y))

    b = Builder("n", "net", x=tensor(2, 6, 6))
    parts = [b.call(f"b{i}", half(f, i), "x") for i, f in enumerate((0.5, 1e-9, 3.0))]
    text = check_equal(network(b.done(b.op("all", Concat(), *parts))))
    assert "self.factor = factor" in text
    assert "self.factor * x" in text
    assert "[:, :, self.top:, :]" in text


def test_sorts_of_numbers_are_not_mixed_up() -> None:
    """Strides that happen to equal the width of the input stay arguments of their own."""
    b = Builder("n", "net", x=tensor(1, 8, 8), y=tensor(2, 8, 8))

    def block(width: int, stride: int) -> Graph:
        inner = Builder("down", "block", x=tensor(width, 8, 8))
        return inner.done(inner.op("conv", Conv(out=3, k=3, stride=stride), "x"))

    p, q = b.call("p", block(1, 1), "x"), b.call("q", block(2, 2), "y")
    text = check_equal(
        network(b.done(b.op("c", Concat(), b.op("pp", GlobalAvgPool(), p), b.op("qq", GlobalAvgPool(), q))))
    )
    assert "self.q = Down(2, stride=2)" in text


def test_the_rounding_of_sums_is_kept() -> None:
    b = Builder("n", "net", a=MAP, b=MAP, c=MAP)
    right = b.op("right", Add(), "b", "c")
    check_equal(network(b.done(b.op("y", Add(), "a", right))))
    b = Builder("n", "net", a=MAP, b=MAP, c=MAP)
    product = b.op("m", Mul(), b.op("s", Scale(factor=0.1), "b"), b.op("t", Mul(), "a", "c"))
    text = check_equal(network(b.done(b.op("y", Scale(factor=0.3), b.op("z", Add(), "a", product)))))
    assert "0.1 * b * (a * c)" in text


def test_dead_nodes_keep_their_statistics() -> None:
    b = Builder("n", "net", x=MAP)
    b.op("unused", BatchNorm(), "x")
    text = check_equal(network(b.done(b.op("y", Relu(), "x"))))
    assert "_ = self.unused(x)" in text


def test_a_net_that_does_nothing() -> None:
    b = Builder("n", "net", x=MAP)
    assert "return x" in check_equal(network(b.done("x")))
    b = Builder("n", "net", x=MAP)
    assert "return x" in check_equal(network(b.done(b.call("y", identity(MAP), "x"))))


# Names ------------------------------------------------------------------------------------------------------------

ODD = (
    "forward", "training", "type", "class", "0", "3x3", "self", "torch", "F", "__init__", "_modules", "keys", "None",
    "print", "SepConv", "super", "x_", "half.0", "half.2", "a.pop.b", "b.0.0", "b.0.1.items", "b.1", "__a", "match",
)  # fmt: skip


def test_any_name_keeps_its_place_in_the_state() -> None:
    b = Builder("None", "net", **dict.fromkeys(("if", "nn", "lambda"), tensor(4, 8, 8)))
    y = b.op("sum", Add(), "if", "nn", "lambda")
    for i, name in enumerate(ODD):
        if i % 3 == 0:
            y = b.op(name, Conv(k=3), y)
        elif i % 3 == 1:
            y = b.call(name, sep_conv(b.types[y], 3), y)
        else:
            y = b.op(f"def.{i}", Relu(), b.op(name, BatchNorm(), y))
    check_equal(network(b.done(y)))


@pytest.mark.parametrize("name", ["lib.none", "_3x3", "f", "nn", "tensor", "named", "module", "n"])
def test_any_definition_name_becomes_a_class(name: str) -> None:
    x = tensor(2, 4, 4)
    b = Builder(name, "block", x=x)
    check_equal(chain(b.done(b.op("training", Conv(k=3), "x")), sep_conv(x, 3)))


def test_names_of_values_do_not_clash() -> None:
    b = Builder("n", "net", x2=MAP, x=MAP)
    one = b.op("x.2", Sigmoid(), "x")
    two = b.op("x_2", Relu(), "x2")
    three = b.op("x2_2", Mul(), one, two)
    four = b.op("x3.2", Add(), one, two, three, "x2", "x")
    check_equal(network(b.done(b.op("y", Concat(), one, two, three, four, "x", "x2"))))


# Loops ------------------------------------------------------------------------------------------------------------


def windowed(reads: list[tuple[str, str]], returned: str) -> str:
    x = tensor(8, 8, 8)
    b = Builder("n", "net", x=x)
    b.op("s", Conv(k=3), "x")
    for i, operands in enumerate(reads):
        b.call(f"cell.{i}", derived_cell(x, x, 4), *operands)
    return check_equal(network(b.done(b.op("end", Relu(), returned))))


def test_a_window_over_all_cells_is_a_loop() -> None:
    text = windowed([("x", "s"), ("s", "cell.0"), ("cell.0", "cell.1")], "cell.2")
    assert "prev2, prev1 = x, s\n        for cell in self.cell:" in text


@pytest.mark.parametrize(
    ("reads", "returned"),
    [
        ([("x", "s"), ("s", "cell.0")], "cell.1"),  # short
        ([("x", "s"), ("s", "cell.0"), ("s", "cell.1")], "cell.2"),  # skips one
        ([("x", "s"), ("s", "cell.0"), ("cell.0", "cell.1")], "cell.1"),  # the last is not the result
        ([("x", "s"), ("cell.0", "s"), ("cell.1", "cell.0")], "cell.2"),  # the other way round
    ],
)
def test_anything_else_is_written_out(reads: list[tuple[str, str]], returned: str) -> None:
    assert "for cell" not in windowed(reads, returned)


def test_a_chain_is_a_loop() -> None:
    x = tensor(4, 8, 8)
    b = Builder("n", "net", x=x)
    y = "x"
    for i in range(4):
        y = b.call(f"x.{i}", sep_conv(x, 3), y)
    assert "for block in self.x:\n            x = block(x)" in check_equal(network(b.done(b.op("y", Relu(), y))))


# The file ---------------------------------------------------------------------------------------------------------


def test_the_file_runs_alone(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(to_source(network(net(derived=True))))
    assert not re.search(r"import archir|from archir", file.read_text())
    script = f"import sys, runpy; sys.modules['archir'] = None; runpy.run_path({str(file)!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    count = sum(p.numel() for p in to_torch(network(net(derived=True))).parameters())
    assert done.stdout.splitlines() == [f"{count:,} parameters", "output (1, 10)"]
    assert f"{count:,} parameters" in file.read_text().partition("import")[0]


def test_the_net_is_one_graph_for_a_compiler() -> None:
    """`torch.compile` sees all of it; its back ends are not ours to test."""
    module = network(net(derived=True, channels=4))
    emitted = compiled(to_source(module))
    images = torch.randn(2, *module.graph.inputs[0].type.shape)
    graphs = torch.compile(emitted, backend="eager", fullgraph=True)  # an error where the graph would break
    assert torch.equal(graphs(images), emitted(images))


def test_weights_load_as_the_file_says(tmp_path: Path) -> None:
    import safetensors.torch

    module = network(net(derived=True))
    lowered = to_torch(module, PLAIN).eval()
    safetensors.torch.save_file(lowered.state_dict(), tmp_path / "net.safetensors")
    (tmp_path / "net.py").write_text(to_source(module))
    emitted = runpy.run_path(str(tmp_path / "net.py"))["Darts"]()
    emitted.load_state_dict(safetensors.torch.load_file(tmp_path / "net.safetensors"))
    image = torch.randn(2, 3, 16, 16)
    assert torch.equal(emitted.eval()(image), lowered(image))


def test_the_text_is_formatted(tmp_path: Path) -> None:
    ruff = pytest.importorskip("ruff.__main__").find_ruff_bin()
    file = tmp_path / "net.py"
    (tmp_path / "darts_like.nas").write_text(DARTS_LIKE)
    file.write_text(to_source(load(tmp_path / "darts_like.nas")))
    subprocess.run([ruff, "format", "--isolated", "--check", "--line-length=120", file], check=True)
    subprocess.run([ruff, "check", "--isolated", "--select=E,W,F,I,UP,B", "--line-length=120", file], check=True)


@pytest.mark.parametrize("module", [space(net()), relaxed(net())])
def test_only_a_network_has_source(module: Module) -> None:
    with pytest.raises(ArchirError) as caught:
        to_source(module)
    assert caught.value.diagnostics[0].code == "NAS601"
    assert "derive" in caught.value.diagnostics[0].help
