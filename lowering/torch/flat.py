"""The values that one forward of a graph may need, each written down once.

Calls and candidates are inlined. Equal computations on equal operands are one value, unless they
own weights, draw random numbers, or keep statistics: those are told apart by their path.
Cells, stages and nets keep their own values (`Enter`), since many instances share them.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from itertools import islice
from typing import NamedTuple, TypeAlias

from attrs import evolve, field, frozen

from archir.ir.graph import Choice, Graph, Operation, WeightMask, results
from archir.ir.module import join
from archir.ir.primitive import Primitive, Types
from archir.ir.types import TensorType
from archir.lowering.torch.tree import candidate_path, is_unit
from archir.ops.layout import Zero
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Dropout


@frozen
class Input:
    """An operand of the graph."""

    type: TensorType


@frozen
class Compute:
    """A primitive on values. Its weights live below `paths[0]`.

    A batch norm without scale and shift may stand for several on the same operand while training: they
    give the same, and keep statistics below all their paths. With a `mask` its kernels are masked.
    """

    primitive: Primitive
    inputs: Types
    operands: tuple[int, ...]
    type: TensorType
    paths: tuple[str, ...]
    mask: WeightMask | None = None


class Term(NamedTuple):
    """A candidate on an edge, the value that it gives, and the path below which it owns what it owns."""

    edge: int
    operation: int
    value: int
    path: str


@frozen
class Mixture:
    """A relaxed choice: the sum of gate[e, k] * candidate_k(source_e) (DARTS, Eq. 1). Zeros are no terms."""

    path: str
    type: TensorType
    terms: tuple[Term, ...]


@frozen
class Enter:
    """An instance of a graph that has values of its own."""

    path: str
    graph: Graph = field(repr=False)
    operands: tuple[int, ...]

    @property
    def type(self) -> TensorType:
        """The type of the result."""
        return self.graph.type


Value: TypeAlias = Input | Compute | Mixture | Enter


@frozen(eq=False)
class Flat:
    """The values of a graph in order of computation, and which of them it gives."""

    values: tuple[Value, ...]
    output: int

    @cached_property  # a path that is drawn in each step has a plan of its own, which asks for them
    def mixtures(self) -> tuple[tuple[int, Mixture], ...]:
        """The relaxed choices, with their numbers."""
        return tuple((i, v) for i, v in enumerate(self.values) if isinstance(v, Mixture))


def flatten(graph: Graph, *, share: bool, training: bool) -> Flat:
    """The values of `graph`. `share`: equal computations without weights are one value."""
    found = _Values(share, training)
    operands = tuple(found.add(Input(v.type), ("input", v.name)) for v in graph.inputs)
    output = found.inline(graph, "", operands)
    return Flat(tuple(found.values), output)


class _Values:
    def __init__(self, share: bool, training: bool) -> None:
        self.values: list[Value] = []
        self.numbers: dict[Hashable, int] = {}
        self.share, self.training = share, training

    def add(self, value: Value, key: Hashable) -> int:
        number = self.numbers.setdefault(key, len(self.values))
        if number == len(self.values):
            self.values.append(value)
        return number

    def inline(self, graph: Graph, path: str, operands: tuple[int, ...]) -> int:
        numbers = {v.name: n for v, n in zip(graph.inputs, operands, strict=True)}
        types = graph.types()
        for node in graph.nodes:
            here, own = join(path, node.name), tuple(numbers[o] for o in node.operands)
            if isinstance(node, Operation):
                numbers[node.name] = self.compute(node, tuple(types[o] for o in node.operands), here, own)
            elif isinstance(node, Choice):
                numbers |= zip(results(node), self.mix(node, here, path, own), strict=True)
            elif is_unit(node.graph):
                numbers[node.name] = self.add(Enter(here, node.graph, own), ("enter", here))
            else:
                numbers[node.name] = self.inline(node.graph, here, own)
        return numbers[graph.output]

    def compute(self, node: Operation, inputs: Types, path: str, operands: tuple[int, ...]) -> int:
        p = node.primitive
        same = self._is_same_everywhere(p, inputs)
        key = (p, operands) if same else (p, operands, path)
        value = Compute(p, inputs, operands, node.type, (path,), node.mask)
        number = self.add(value, key)
        known = self.values[number]
        if isinstance(p, BatchNorm) and known is not value and isinstance(known, Compute) and path not in known.paths:
            self.values[number] = evolve(known, paths=(*known.paths, path))
        return number

    def _is_same_everywhere(self, p: Primitive, inputs: Types) -> bool:
        if isinstance(p, BatchNorm):  # evaluated, each has running statistics of its own
            return self.share and self.training and not p.scales
        return self.share and not isinstance(p, Dropout) and not p.weights(inputs)

    def mix(self, choice: Choice, here: str, path: str, operands: tuple[int, ...]) -> list[int]:
        """The numbers of a choice's results: one mixture for all, or, of windows, one for each slot."""
        if choice.windows:
            return [self.slide(choice, slot, here, path, operands) for slot in range(choice.slots)]
        terms, sources = [], iter(operands)
        for e, edge in enumerate(choice.edges):
            own = tuple(islice(sources, len(edge.sources)))
            for k, candidate in edge.alternatives:
                below = join(path, candidate_path(choice, e, candidate))
                value = self.inline(candidate.graph, below, own)
                if not self.is_zero(value):
                    terms.append(Term(e, k, value, below))
        return [self.add(Mixture(here, choice.type, tuple(terms)), ("mixture", here))] * choice.slots

    def slide(self, choice: Choice, slot: int, here: str, path: str, operands: tuple[int, ...]) -> int:
        """One slot of a choice of windows: the sum of gate[0, w] * operand w + slot (H-DAS, Eq. 3)."""
        terms = tuple(
            Term(0, w, operands[w + slot], join(path, candidate_path(choice, 0, window)))
            for w, window in choice.edges[0].alternatives
        )
        return self.add(Mixture(here, choice.type, terms), ("mixture", here, slot))

    def is_zero(self, number: int) -> bool:
        value = self.values[number]
        return isinstance(value, Compute) and isinstance(value.primitive, Zero)
