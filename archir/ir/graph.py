"""The graph of a definition at given types: values by name, in order of computation.

A graph is flat: its nodes refer to values by name. It is shared: every call with
the same types and arguments holds the same graph, so a module's size follows the
number of different cells, not the number of cells.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import field, frozen

from archir.ir.origin import NamedDefinition, Setting
from archir.ir.primitive import Primitive
from archir.ir.types import TensorType
from archir.source import Span

Kind: TypeAlias = Literal["net", "stage", "cell", "block"]
KINDS: tuple[Kind, ...] = ("net", "stage", "cell", "block")


@frozen
class Value:
    """A graph's input: its name and type."""

    name: str
    type: TensorType


@frozen
class WeightMask:
    """Kernels run as weight * step(mask, threshold), as in `gates`: where a number of the mask is lower, without it.

    The masks are trainable tensors beside the weights, `weight_mask` beside `weight`, and begin at `start`.
    """

    threshold: float
    start: float


@frozen
class Operation:
    """`%name = primitive(%operand, ..., attribute=...)`, in a relaxed module perhaps with masks on its kernels."""

    name: str
    primitive: Primitive
    operands: tuple[str, ...]
    type: TensorType
    span: Span | None = field(default=None, eq=False, repr=False)
    mask: WeightMask | None = None


@frozen
class Call:
    """One instance of another graph; its weights live under the call's name.

    `tag` separates architecture parameters: calls with the same tag share them.
    """

    name: str
    graph: Graph
    operands: tuple[str, ...]
    tag: str | None = None
    span: Span | None = field(default=None, eq=False, repr=False)

    @property
    def type(self) -> TensorType:
        """The type of the result."""
        return self.graph.type


@frozen
class Candidate:
    """One alternative: a name that is unique on its edge, and a graph that takes what the edge starts from."""

    name: str
    graph: Graph


def _several(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


@frozen
class Edge:
    """What an edge starts from, and the candidates on it: each takes all of the edge's sources, mostly one.

    `home`: the name below which the candidates' weights live in the instance, in place of the choice's
    own. Edges with one home start from the same sources: what they compute alike is computed once.
    `active`: the names of the candidates that there are to choose from, in the order of `candidates`; None: all.
    The others are not computed, own no weights and cost nothing. They keep their places, so that what is indexed
    by place (architecture parameters, gates) keeps its shape.
    """

    sources: tuple[str, ...] = field(converter=_several)
    candidates: tuple[Candidate, ...]
    home: str | None = None
    active: tuple[str, ...] | None = None

    @property
    def alternatives(self) -> tuple[tuple[int, Candidate], ...]:
        """The active candidates, each with its place."""
        return tuple((k, c) for k, c in enumerate(self.candidates) if self.active is None or c.name in self.active)


@frozen
class Amount:
    """How many may be kept: `least` to `most`; `most` None is as many as there are."""

    least: int
    most: int | None


@frozen
class Keep:
    """How many edges of a choice stay, and how many operations on each of them.

    `edges` None: the choice has one source, and only its operation is chosen.
    """

    edges: Amount | None
    operations: Amount = Amount(1, 1)


@frozen
class Choice:
    """Candidates on edges into one node; the node is the sum of what is kept.

    With `slots` above 1 there is no sum: the kept edges fill that many values, in order
    (`*choose ... keep 2 edges` fills two inputs of a cell). Until a point is fixed each of
    these values is the whole mixture, since no edge has a slot yet (H-DAS, section 3.2).

    `choose adjacent 2 from c[4..10]` is a choice of windows, see `adjacent`.
    """

    name: str
    edges: tuple[Edge, ...]
    keep: Keep
    type: TensorType
    span: Span | None = field(default=None, eq=False, repr=False)
    slots: int = 1

    @property
    def operands(self) -> tuple[str, ...]:
        """The values that the edges start from, edge by edge."""
        return tuple(source for edge in self.edges for source in edge.sources)

    @property
    def windows(self) -> bool:
        """Whether the candidates are windows: several slots, and no rule for edges."""
        return self.slots > 1 and self.keep.edges is None

    def filled(self, candidate: int) -> tuple[str, ...]:
        """The values that fill the slots where a choice of windows keeps the candidate of this place."""
        return self.edges[0].sources[candidate : candidate + self.slots]


Node: TypeAlias = Operation | Call | Choice


def results(node: Node, name: str | None = None) -> tuple[str, ...]:
    """The names of a node's values: its own name (or `name`), or `name.0`, `name.1`, ... where it has several."""
    own = node.name if name is None else name
    if isinstance(node, Choice) and node.slots > 1:
        return tuple(f"{own}.{slot}" for slot in range(node.slots))
    return (own,)


@frozen(cache_hash=True)
class Graph:
    """A definition at given types.

    `name` is the definition's (dotted where it was imported). Names of inputs and
    nodes are unique, and no node's name is a dotted prefix of another's, so each
    can own the weights below its path.
    """

    name: str
    kind: Kind
    inputs: tuple[Value, ...]
    nodes: tuple[Node, ...]
    output: str
    type: TensorType
    arguments: tuple[tuple[str, Setting | NamedDefinition], ...] = field(default=(), eq=False, repr=False)
    """The numbers, strings and definitions that the definition was built at, where it was built from a text."""

    def types(self) -> dict[str, TensorType]:
        """The type of every value."""
        return {v.name: v.type for v in self.inputs} | {r: n.type for n in self.nodes for r in results(n)}


def forwarded_input(graph: Graph) -> int | None:
    """The place of the input that a graph without nodes gives back; None where there is something to compute."""
    return None if graph.nodes else [value.name for value in graph.inputs].index(graph.output)


def adjacent(name: str, sources: tuple[str, ...], count: int, type_: TensorType, span: Span | None = None) -> Choice:
    """`choose adjacent count from sources`: one window of `count` neighbors among values of one type.

    There is one edge, from all the values. Candidate `window_i` gives value i; slot s of the choice is
    the value s places behind what is kept. So a window is one alternative in a point, has one coefficient
    in a gate (H-DAS, Eq. 3: each slot is the sum over the windows of coefficient times the window's value there),
    and the strongest operation of the edge is the strongest window.
    """
    inputs = tuple(Value(f"x{i}", type_) for i in range(len(sources)))
    names = [f"window_{i}" for i in range(len(sources) - count + 1)]
    candidates = tuple(Candidate(w, Graph(w, "block", inputs, (), f"x{i}", type_)) for i, w in enumerate(names))
    return Choice(name, (Edge(sources, candidates),), Keep(None), type_, span, count)
