"""Small modules of the IR, built by hand for tests: DARTS-like blocks, cells and nets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archir.ir.gates import Apply, Parameter
from archir.ir.graph import Amount, Call, Candidate, Choice, Edge, Graph, Keep, Kind, Node, Operation, Value
from archir.ir.module import ArchitectureParameter, GateOf, Module, choice_instances, shared_choices
from archir.ir.primitive import Primitive
from archir.ir.types import TensorType
from archir.ops.conv import Conv, Linear
from archir.ops.layout import Concat, Slice, Zero
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Add, Relu
from archir.ops.pool import AvgPool, GlobalAvgPool, MaxPool

IMAGE = TensorType((3, 16, 16))
TWO_EDGES = Keep(Amount(2, 2), Amount(1, 1))


def tensor(*shape: int) -> TensorType:
    return TensorType(shape)


class Builder:
    """Collects the nodes of one graph; each method returns the new value's name."""

    def __init__(self, name: str, kind: Kind, /, **inputs: TensorType) -> None:
        self.name = name
        self.kind = kind
        self.inputs = tuple(Value(n, t) for n, t in inputs.items())
        self.nodes: list[Node] = []
        self.types = dict(inputs)

    def _put(self, node: Node) -> str:
        self.nodes.append(node)
        self.types[node.name] = node.type
        return node.name

    def op(self, name: str, primitive: Primitive, *operands: str) -> str:
        types = tuple(self.types[o] for o in operands)
        full = primitive.resolve(types)
        return self._put(Operation(name, full, operands, full.infer(types)))

    def call(self, name: str, graph: Graph, *operands: str, tag: str | None = None) -> str:
        assert tuple(self.types[o] for o in operands) == tuple(v.type for v in graph.inputs)
        return self._put(Call(name, graph, operands, tag))

    def choose(self, name: str, edges: Sequence[tuple[str, Mapping[str, Graph]]], keep: Keep = TWO_EDGES) -> str:
        built = tuple(Edge(source, tuple(Candidate(n, g) for n, g in some.items())) for source, some in edges)
        return self._put(Choice(name, built, keep, built[0].candidates[0].graph.type))

    def done(self, output: str) -> Graph:
        return Graph(self.name, self.kind, self.inputs, tuple(self.nodes), output, self.types[output])


def relu_conv_bn(x: TensorType, out: int, affine: bool = True) -> Graph:
    b = Builder("relu_conv_bn", "block", x=x)
    return b.done(b.op("batch_norm", BatchNorm(affine=affine), b.op("conv", Conv(out=out), b.op("relu", Relu(), "x"))))


def factorized_reduction(x: TensorType, out: int, affine: bool = True) -> Graph:
    b = Builder("factorized_reduction", "block", x=x)
    y = b.op("y", Relu(), "x")
    left = b.op("a", Conv(out=out // 2, stride=2), y)
    right = b.op("b", Conv(out=out - out // 2, stride=2), b.op("slice", Slice(top=1, left=1), y))
    return b.done(b.op("batch_norm", BatchNorm(affine=affine), b.op("concat", Concat(), left, right)))


def sep_conv(x: TensorType, k: int, stride: int = 1, affine: bool = True) -> Graph:
    b = Builder("sep_conv", "block", x=x)
    y, c = "x", x.channels
    for i, s in enumerate((stride, 1)):
        y = b.op(f"x.{i}.relu", Relu(), y)
        y = b.op(f"x.{i}.conv", Conv(k=k, stride=s, groups=c), y)
        y = b.op(f"x.{i}.conv_1", Conv(), y)
        y = b.op(f"x.{i}.batch_norm", BatchNorm(affine=affine), y)
    return b.done(y)


def dil_conv(x: TensorType, k: int, stride: int = 1, affine: bool = True) -> Graph:
    b = Builder("dil_conv", "block", x=x)
    y = b.op("conv", Conv(k=k, stride=stride, dilation=2, groups=x.channels), b.op("relu", Relu(), "x"))
    return b.done(b.op("batch_norm", BatchNorm(affine=affine), b.op("conv_1", Conv(), y)))


def max_pool(x: TensorType, stride: int = 1) -> Graph:
    b = Builder("max_pool_3x3", "block", x=x)
    pool = MaxPool(k=3, stride=stride, pad=1)
    return b.done(b.op("batch_norm", BatchNorm(affine=False), b.op("max_pool", pool, "x")))


def avg_pool(x: TensorType, stride: int = 1) -> Graph:
    b = Builder("avg_pool_3x3", "block", x=x)
    pool = AvgPool(k=3, stride=stride, pad=1, count_pad=False)
    return b.done(b.op("batch_norm", BatchNorm(affine=False), b.op("avg_pool", pool, "x")))


def none(x: TensorType, stride: int = 1) -> Graph:
    b = Builder("none", "block", x=x)
    return b.done(b.op("zero", Zero(stride=stride), "x"))


def identity(x: TensorType) -> Graph:
    return Builder("skip", "block", x=x).done("x")


def skip(x: TensorType, stride: int = 1, affine: bool = True) -> Graph:
    if stride == 1:
        return identity(x)
    b = Builder("skip", "block", x=x)
    return b.done(b.call("factorized_reduction", factorized_reduction(x, x.channels, affine), "x"))


def preprocess(x: TensorType, out: int, like: TensorType, affine: bool = True) -> Graph:
    b = Builder("preprocess", "block", x=x)
    if x.height == like.height:
        return b.done(b.call("relu_conv_bn", relu_conv_bn(x, out, affine), "x"))
    return b.done(b.call("factorized_reduction", factorized_reduction(x, out, affine), "x"))


def candidates(x: TensorType, stride: int = 1, affine: bool = False) -> dict[str, Graph]:
    """The eight of DARTS."""
    return {
        "none": none(x, stride),
        "max_pool_3x3": max_pool(x, stride),
        "avg_pool_3x3": avg_pool(x, stride),
        "skip": skip(x, stride, affine),
        "sep_conv_3x3": sep_conv(x, 3, stride, affine),
        "sep_conv_5x5": sep_conv(x, 5, stride, affine),
        "dil_conv_3x3": dil_conv(x, 3, stride, affine),
        "dil_conv_5x5": dil_conv(x, 5, stride, affine),
    }


def searched_cell(prev2: TensorType, prev1: TensorType, channels: int, reduce: bool = False, nodes: int = 2) -> Graph:
    """A cell of choices; stride 2 from both inputs if it reduces."""
    b = Builder("reduce" if reduce else "normal", "cell", prev2=prev2, prev1=prev1)
    b.call("x.0", preprocess(prev2, channels, prev1, affine=False), "prev2")
    b.call("x.1", preprocess(prev1, channels, prev1, affine=False), "prev1")
    for i in range(2, 2 + nodes):
        edges = [(f"x.{j}", candidates(b.types[f"x.{j}"], 2 if reduce and j < 2 else 1)) for j in range(i)]
        b.choose(f"x.{i}", edges)
    return b.done(b.op("concat", Concat(), *(f"x.{i}" for i in range(2, 2 + nodes))))


def derived_cell(prev2: TensorType, prev1: TensorType, channels: int, reduce: bool = False) -> Graph:
    """A cell as `derive` leaves it: kept candidates below their edges, then a sum."""
    b = Builder("reduce" if reduce else "normal", "cell", prev2=prev2, prev1=prev1)
    stride = 2 if reduce else 1
    x0 = b.call("x.0", preprocess(prev2, channels, prev1), "prev2")
    x1 = b.call("x.1", preprocess(prev1, channels, prev1), "prev1")
    from_x0 = b.call("x.2.0.sep_conv_3x3", sep_conv(b.types[x0], 3, stride), x0)
    from_x1 = b.call("x.2.1.skip", skip(b.types[x1], stride), x1)
    x2 = b.op("x.2.sum", Add(), from_x0, from_x1)
    from_x1 = b.call("x.3.1.max_pool_3x3", max_pool(b.types[x1], stride), x1)
    from_x2 = b.call("x.3.2.sep_conv_5x5", sep_conv(b.types[x2], 5), x2)
    x3 = b.op("x.3.sum", Add(), from_x1, from_x2)
    return b.done(b.op("concat", Concat(), x2, x3))


def net(
    image: TensorType = IMAGE,
    channels: int = 4,
    cells: Sequence[bool] = (False, True, False),
    classes: int = 10,
    derived: bool = False,
) -> Graph:
    """A stem, cells (True where one reduces), a head."""
    make = derived_cell if derived else searched_cell
    b = Builder("darts", "net", image=image)
    s1 = b.op("stem.batch_norm", BatchNorm(), b.op("stem.conv", Conv(out=3 * channels, k=3), "image"))
    s0 = s1
    for i, reduce in enumerate(cells):
        channels *= 2 if reduce else 1
        s0, s1 = s1, b.call(f"cell.{i}", make(b.types[s0], b.types[s1], channels, reduce), s0, s1)
    return b.done(b.op("linear", Linear(out=classes), b.op("pool", GlobalAvgPool(), s1)))


def space(graph: Graph) -> Module:
    return Module(graph.name, "space", graph)


def network(graph: Graph) -> Module:
    return Module(graph.name, "network", graph)


def relaxed(graph: Graph, deviation: float = 1e-3) -> Module:
    """Softmax gates on every choice, as the pass `relax` puts them (DARTS)."""
    parameters = tuple(
        ArchitectureParameter(f"arch.{key}.alpha", (len(c.edges), len(c.edges[0].candidates)), deviation)
        for key, c in shared_choices(space(graph)).items()
    )
    gates = tuple(
        GateOf(i.path, Apply("softmax", (Parameter(f"arch.{i.key}.alpha"),))) for i in choice_instances(graph)
    )
    return Module(graph.name, "relaxed", graph, parameters, gates)
