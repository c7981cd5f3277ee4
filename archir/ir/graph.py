"""The graph of a definition at given types: values by name, in order of computation.

A graph is flat: its nodes refer to values by name. It is shared: every call with
the same types and arguments holds the same graph, so a module's size follows the
number of different cells, not the number of cells.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import field, frozen

from archir.ir.origin import Setting
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
class Operation:
    """`%name = primitive(%operand, ..., attribute=...)`."""

    name: str
    primitive: Primitive
    operands: tuple[str, ...]
    type: TensorType
    span: Span | None = field(default=None, eq=False, repr=False)


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
    """One alternative: a name that is unique on its edge and a graph with one input."""

    name: str
    graph: Graph


@frozen
class Edge:
    """The value that an edge starts from and the candidates on it.

    `home`: the name below which the candidates' weights live in the instance, in place of the choice's
    own. Edges with one home start from one source: what they compute alike is computed once.
    """

    source: str
    candidates: tuple[Candidate, ...]
    home: str | None = None


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
    """

    name: str
    edges: tuple[Edge, ...]
    keep: Keep
    type: TensorType
    span: Span | None = field(default=None, eq=False, repr=False)
    slots: int = 1

    @property
    def operands(self) -> tuple[str, ...]:
        """The values that the edges start from."""
        return tuple(edge.source for edge in self.edges)


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
    arguments: tuple[tuple[str, Setting], ...] = field(default=(), eq=False, repr=False)
    """The numbers and words that the definition was built at, where it was built from a text."""

    def types(self) -> dict[str, TensorType]:
        """The type of every value."""
        return {v.name: v.type for v in self.inputs} | {r: n.type for n in self.nodes for r in results(n)}
