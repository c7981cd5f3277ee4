"""ONNX models of whole networks: names, sharing, metadata, errors, files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from attrs import evolve
from torch import Tensor
from torch.nn import functional

from archir.diagnostics import ArchirError
from archir.ir.graph import Call, Candidate, Choice, Edge, Graph, Keep, Kind, Node, Operation, Value
from archir.ir.module import Module
from archir.ir.primitive import Primitive
from archir.ir.types import TensorType
from archir.lowering.flatten import flatten, weights_of
from archir.lowering.onnx import check_onnx, save_onnx, to_onnx
from archir.ops.conv import Conv, Linear
from archir.ops.layout import Concat, Zero
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Add, Relu, Sigmoid
from archir.ops.pool import GlobalAvgPool, MaxPool

IMAGE = TensorType((3, 8, 8))
MAP = TensorType((4, 8, 8))


def graph(name: str, kind: Kind, inputs: dict[str, TensorType], *steps: object, output: str | None = None) -> Graph:
    """A graph from its inputs and (name, primitive or graph, operands...) in order."""
    types = dict(inputs)
    nodes: list[Node] = []
    for step in steps:
        node_name, what, *operands = step  # type: ignore[misc]
        if isinstance(what, Primitive):
            given = tuple(types[o] for o in operands)
            full = what.resolve(given)
            nodes.append(Operation(node_name, full, tuple(operands), full.infer(given)))
        else:
            nodes.append(Call(node_name, what, tuple(operands)))
        types[node_name] = nodes[-1].type
    result = output or (nodes[-1].name if nodes else next(iter(inputs)))
    values = tuple(Value(n, t) for n, t in inputs.items())
    return Graph(name, kind, values, tuple(nodes), result, types[result])


SKIP = graph("ops.skip", "block", {"x": MAP})
NONE = graph("ops.none", "block", {"x": MAP}, ("y", Zero(), "x"))
SEP = graph(
    "ops.sep_conv",
    "block",
    {"x": MAP},
    ("x.0", Relu(), "x"),
    ("x.1", Conv(k=3, groups=4), "x.0"),
    ("x.2", Conv(k=1), "x.1"),
    ("x.3", BatchNorm(affine=False), "x.2"),
)
CELL = graph(
    "normal",
    "cell",
    {"prev2": MAP, "prev1": MAP},
    ("x.2.0.sep_conv", SEP, "prev2"),
    ("x.2.1.skip", SKIP, "prev1"),
    ("x.2.add", Add(), "x.2.0.sep_conv", "x.2.1.skip"),
    ("x.3.0.sep_conv", SEP, "prev2"),
    ("x.3.1.none", NONE, "prev1"),
    ("x.3.2.sep_conv", SEP, "x.2.add"),
    ("x.3.add", Add(), "x.3.0.sep_conv", "x.3.1.none", "x.3.2.sep_conv"),
    ("concat", Concat(), "x.2.add", "x.3.add"),
    ("conv", Conv(out=4), "concat"),
)


def network(cells: int = 2) -> Module:
    """A stem, a chain of cells and a head."""
    names = ["stem", "stem", *(f"cell.{i}" for i in range(cells))]
    chain = [(f"cell.{i}", CELL, names[i], names[i + 1]) for i in range(cells)]
    head = (("pool", GlobalAvgPool(), names[-1]), ("classify", Linear(out=5), "pool"))
    stem = ("stem", Conv(out=4, k=3, bias=True), "image")
    return Module("darts", "network", graph("darts", "net", {"image": IMAGE}, stem, *chain, *head))


def one_graph(*steps: object, inputs: dict[str, TensorType] | None = None, output: str | None = None) -> Module:
    return Module("probe", "network", graph("probe", "net", inputs or {"image": IMAGE}, *steps, output=output))


def random_weights(module: Module) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(1)
    weights = {}
    for path, weight in weights_of(flatten(module).steps).items():
        value = 0.5 * torch.randn(weight.shape, generator=draw)
        weights[path] = value.abs() + 0.5 if path.endswith(("_var", "_tracked")) else value
    return weights


def images(batch: int) -> Tensor:
    return torch.randn((batch, *IMAGE.shape), generator=torch.Generator().manual_seed(2))


def reference(x: Tensor, w: dict[str, Tensor]) -> Tensor:
    """What `network(2)` computes, written out by hand."""

    def sep(path: str, y: Tensor) -> Tensor:
        y = functional.conv2d(functional.relu(y), w[f"{path}.x.1.weight"], padding=1, groups=4)
        y = functional.conv2d(y, w[f"{path}.x.2.weight"])
        return functional.batch_norm(y, w[f"{path}.x.3.running_mean"], w[f"{path}.x.3.running_var"])

    def cell(path: str, prev2: Tensor, prev1: Tensor) -> Tensor:
        x2 = sep(f"{path}.x.2.0.sep_conv", prev2) + prev1
        x3 = sep(f"{path}.x.3.0.sep_conv", prev2) + sep(f"{path}.x.3.2.sep_conv", x2)
        return functional.conv2d(torch.cat([x2, x3], 1), w[f"{path}.conv.weight"])

    stem = functional.conv2d(x, w["stem.weight"], w["stem.bias"], padding=1)
    first = cell("cell.0", stem, stem)
    second = cell("cell.1", stem, first)
    return functional.linear(second.mean((2, 3)), w["classify.weight"], w["classify.bias"])


def error(module: Module, weights: dict[str, Tensor] | None = None) -> str:
    with pytest.raises(ArchirError) as caught:
        to_onnx(module, weights or {})
    assert all(d.help for d in caught.value.diagnostics)
    return str(caught.value)


@pytest.mark.parametrize("simplify", [True, False])
@pytest.mark.parametrize("batch", [1, 3])
def test_network_equals_the_reference(batch: int, simplify: bool) -> None:
    module, x = network(), images(batch)
    weights = random_weights(module)
    assert check_onnx(to_onnx(module, weights, simplify=simplify), x, reference(x, weights)) < 1e-5


def test_what_is_simplified() -> None:
    module = network()
    weights = random_weights(module)
    short, plain = (to_onnx(module, weights, simplify=s) for s in (True, False))
    counts = [Counter(node.op_type for node in m.graph.node) for m in (short, plain)]
    # Per cell: relu of prev2 twice, of x.2 once; prev2 of both cells is the stem, so that one is shared, too.
    assert (counts[0]["Relu"], counts[1]["Relu"]) == (3, 6)
    assert (counts[0]["ConstantOfShape"], counts[1]["ConstantOfShape"]) == (0, 2)
    assert (counts[0]["BatchNormalization"], counts[1]["BatchNormalization"]) == (0, 6)
    assert (counts[0]["Add"], counts[1]["Add"]) == (4, 6)
    assert counts[0]["Conv"] == counts[1]["Conv"] == 15
    assert check_onnx(short, images(2), run(plain, images(2))) < 1e-5


def test_what_is_shared_changes_no_bit() -> None:
    steps = [("a", Relu(), "image"), ("b", Relu(), "image"), ("c", Add(), "a", "image"), ("d", Add(), "image", "b")]
    module = one_graph(*steps, ("y", Concat(), "c", "d"))
    short, plain = (to_onnx(module, {}, simplify=s) for s in (True, False))
    assert [len(m.graph.node) for m in (short, plain)] == [3, 5]
    assert check_onnx(short, images(2), run(plain, images(2))) == 0.0


def pooled_twice(part: float) -> tuple[Module, dict[str, Tensor]]:
    """Two batch norms without scale and shift behind one pooling; their means differ by `part`."""
    norms = [("a", BatchNorm(affine=False), "pool"), ("b", BatchNorm(affine=False), "pool")]
    module = one_graph(("pool", MaxPool(), "image"), *norms, ("y", Add(), "a", "b"))
    weights = random_weights(module)
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        weights[f"b.{name}"] = weights[f"a.{name}"] + part
    return module, weights


def test_operations_whose_weights_are_the_same_numbers_are_computed_once() -> None:
    x = images(2)
    for part, nodes in ((0.0, 3), (1e-6, 4)):
        module, weights = pooled_twice(part)
        model = to_onnx(module, weights)
        assert len(model.graph.node) == nodes
        pooled = functional.max_pool2d(x, 3, 1)
        norms = [functional.batch_norm(pooled, weights[f"{n}.running_mean"], weights[f"{n}.running_var"]) for n in "ab"]
        assert check_onnx(model, x, norms[0] + norms[1]) < 1e-5


def test_what_only_zeros_stand_on_is_not_computed() -> None:
    steps = [("a", Relu(), "image"), ("z", Zero(stride=2), "a"), ("n", BatchNorm(), "z"), ("z2", Zero(stride=2), "n")]
    module = one_graph(*steps, ("y", Concat(), "z2", "z2"))
    for simplify in (True, False):
        model = to_onnx(module, random_weights(module), simplify=simplify)
        assert {n.op_type for n in model.graph.node} <= {"Shape", "Concat", "ConstantOfShape"}
        assert check_onnx(model, images(3), torch.zeros(3, 6, 2, 2)) == 0.0


def run(model: onnx.ModelProto, x: Tensor) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    result: np.ndarray = session.run(None, {"image": x.numpy()})[0]
    return result


def test_names_are_paths() -> None:
    module = network()
    model = to_onnx(module, random_weights(module))
    assert [(v.name, shape(v)) for v in model.graph.input] == [("image", ["batch", 3, 8, 8])]
    assert [(v.name, shape(v)) for v in model.graph.output] == [("logits", ["batch", 5])]
    paths = {step.path for step in flatten(module).steps}
    names = [node.name for node in model.graph.node]
    assert len(set(names)) == len(names)
    assert {n for n in names if n not in paths} == {"pool.mean"}
    stored = [t.name for t in model.graph.initializer]
    kernels = [n for n in weights_of(flatten(module).steps) if "running" not in n and "num_batches" not in n]
    assert [n for n in stored if n in kernels] == kernels
    assert {n for n in stored if n not in kernels} == {
        f"cell.{i}.{x}.sep_conv.x.2.bias" for i in (0, 1) for x in ("x.2.0", "x.3.0", "x.3.2")
    }
    assert [n for n in names if n == "classify"] == ["classify"]


def test_names_without_simplification() -> None:
    module = network()
    model = to_onnx(module, random_weights(module), simplify=False)
    names = {node.name for node in model.graph.node} - {step.path for step in flatten(module).steps}
    assert names == {"pool.mean", "cell.0.x.3.add.1", "cell.1.x.3.add.1", "shape/batch", "shape/4_8_8"}
    stored = [t.name for t in model.graph.initializer if not t.name.startswith("const/")]
    assert stored == [n for n in weights_of(flatten(module).steps) if not n.endswith("num_batches_tracked")]


def shape(value: onnx.ValueInfoProto) -> list[str | int]:
    return [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]


def test_every_type_of_the_ir_is_in_the_model_and_agrees_with_inference() -> None:
    module = network()
    model = to_onnx(module, random_weights(module))
    known = {v.name: shape(v) for v in model.graph.value_info}
    assert known["cell.1.concat"] == ["batch", 8, 8, 8]
    onnx.checker.check_model(model, full_check=True)


def test_metadata() -> None:
    module = network()
    model = to_onnx(module, random_weights(module))
    parameters = 4 * 3 * 9 + 4 + 2 * (3 * (4 * 9 + 16) + 32) + 20 + 5
    assert model.producer_name == "archir"
    assert model.producer_version
    assert model.doc_string == f"darts: {parameters} parameters"
    assert model.graph.name == "darts"
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 17)]
    assert {node.domain for node in model.graph.node} == {""}


def test_identity_network_has_a_node_for_its_output() -> None:
    module, x = one_graph(), images(2)
    model = to_onnx(module, {})
    assert [(n.op_type, list(n.output)) for n in model.graph.node] == [("Identity", ["logits"])]
    assert check_onnx(model, x, x) == 0.0


def test_a_value_named_like_the_output() -> None:
    x = images(2)
    module = one_graph(("logits", Relu(), "image"), ("y", Sigmoid(), "logits"))
    check_onnx(to_onnx(module, {}), x, torch.sigmoid(torch.relu(x)))
    check_onnx(to_onnx(one_graph(("logits", Relu(), "image")), {}), x, torch.relu(x))


def test_output_that_is_used_again() -> None:
    x = images(2)
    module = one_graph(("a", Relu(), "image"), ("b", MaxPool(), "a"), output="a")
    check_onnx(to_onnx(module, {}), x, torch.relu(x))


def test_weights_may_be_arrays_of_other_precision() -> None:
    module, x = network(), images(2)
    weights = random_weights(module)
    arrays = {name: value.double().numpy() for name, value in weights.items()}
    assert check_onnx(to_onnx(module, arrays), x, reference(x, weights)) < 1e-5


def test_space_and_relaxed_modules_are_refused() -> None:
    module = network()
    assert error(evolve(module, form="space")) == (
        "NAS601: `darts` is a module of form `space`; only a network can be exported"
    )
    choice = Choice("x", (Edge("image", (Candidate("skip", SKIP),)),), Keep(None), MAP)
    left = Module("darts", "network", Graph("darts", "net", (Value("image", MAP),), (choice,), "x", MAP))
    assert "still has the choice `x`" in error(left)


def test_missing_and_superfluous_weights_are_named() -> None:
    module = network(1)
    weights = random_weights(module)
    text = error(module, {"head.weight": weights.pop("classify.weight"), **weights})
    assert text.splitlines() == [
        "NAS602: 1 of 20 weights is missing: `classify.weight`",
        "NAS602: 1 of 20 weights does not belong to it: `head.weight`",
    ]


def test_wrong_shape_is_named() -> None:
    module = network(1)
    weights = random_weights(module) | {"classify.bias": torch.ones(6)}
    assert error(module, weights) == "NAS602: 1 of 20 weights has a wrong shape: `classify.bias` is [6], not [5]"


def test_inputs_that_onnx_cannot_name() -> None:
    assert "found `a`, `b`" in error(one_graph(("c", Add(), "a", "b"), inputs={"a": MAP, "b": MAP}))
    assert "not named `logits`, found `logits`" in error(one_graph(("c", Relu(), "logits"), inputs={"logits": MAP}))


def test_more_than_an_onnx_file_holds() -> None:
    module = one_graph(("pool", GlobalAvgPool(), "image"), ("y", Linear(out=200_000_000), "pool"))
    assert "800000000 parameters do not fit" in error(module)


def test_a_difference_is_an_error_with_both_numbers() -> None:
    module, x = network(), images(2)
    weights = random_weights(module)
    expected = reference(x, weights)
    model = to_onnx(module, weights)
    bound = 1e-4 * max(1.0, float((expected + 0.01).abs().max()))
    with pytest.raises(ArchirError, match=f"NAS603: .* by 0.01, more than {bound:.3g}$") as caught:
        check_onnx(model, x, expected + 0.01)
    assert caught.value.diagnostics[0].help
    with pytest.raises(ArchirError, match=r"gives \[2, 5\] where the network gives \[1, 5\]"):
        check_onnx(model, x, expected[:1])
    with pytest.raises(ArchirError, match="not finite"):
        check_onnx(model, x, expected * float("nan"))
    with pytest.raises(ArchirError, match="differs from the network by nan"):
        check_onnx(model, x * float("nan"), expected)


def test_inputs_of_another_size() -> None:
    model = to_onnx(one_graph(("a", Relu(), "image")), {})
    with pytest.raises(ArchirError, match=r"NAS506: the network takes images \[3, 8, 8\], found \[3, 9, 8\]"):
        check_onnx(model, torch.ones(2, 3, 9, 8), torch.ones(2, 3, 9, 8))


def test_the_bound_grows_with_the_numbers() -> None:
    x = 1000 * images(2)
    model = to_onnx(one_graph(("a", Relu(), "image")), {})
    assert 0.05 < check_onnx(model, x, torch.relu(x) + 0.06) < 0.07


def test_invalid_model_is_an_error() -> None:
    model = to_onnx(one_graph(("a", Relu(), "image")), {})
    model.graph.node[0].op_type = "Rely"
    with pytest.raises(ArchirError, match="NAS603: the ONNX model is not valid"):
        check_onnx(model, images(1), images(1))


def test_saved_file_is_the_model(tmp_path: Path) -> None:
    module = network()
    model = to_onnx(module, random_weights(module))
    save_onnx(model, tmp_path / "net.onnx")
    assert onnx.load(tmp_path / "net.onnx") == model
    with pytest.raises(ArchirError, match="NAS503"):
        save_onnx(model, tmp_path / "no" / "net.onnx")
    assert [p.name for p in tmp_path.iterdir()] == ["net.onnx"]
