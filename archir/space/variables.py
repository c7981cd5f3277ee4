"""What is open in a space: one variable for each shared choice, and what switches it on.

A variable that is met only inside candidates is conditional: it is open where one of them is kept.
Whatever else switches variables on (the stage's output, for example, which leaves out the cells behind
it) is written the same way: as slots that activate keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import define, evolve, field, frozen

from archir.ir.behind import behind
from archir.ir.graph import Amount, Call, Candidate, Choice, Edge, Graph
from archir.ir.memo import once_per_graph
from archir.ir.module import join, owner_of
from archir.ops.zeros import gives_zeros

ONE = Amount(1, 1)


@frozen
class Slot:
    """One alternative on an edge of a choice; keeping it opens the variables in `activates`."""

    edge: int
    operation: str
    activates: frozenset[str] = frozenset()


@frozen
class Variable:
    """A choice as it is counted: what may be kept on each edge, and how many.

    `edges` and `operations` say how many edges stay, and how many operations on each edge that stays.
    Under a rule for edges, `none` is no slot: an edge that would carry it is not kept. `staying` has the edges
    that cannot be left out, since `none` is not active there. `zeros` and `inactive` have the names of candidates
    that cannot be kept, by edge, for messages.
    """

    key: str
    slots: tuple[tuple[Slot, ...], ...]
    edges: Amount = ONE
    operations: Amount = ONE
    conditional: bool = False
    zeros: tuple[frozenset[str], ...] = ()
    inactive: tuple[frozenset[str], ...] = ()
    staying: frozenset[int] = frozenset()

    @property
    def activates(self) -> frozenset[str]:
        """All keys that some slot opens."""
        return frozenset[str]().union(*(slot.activates for edge in self.slots for slot in edge))


def is_none(candidate: Candidate) -> bool:
    """Whether a candidate gives zeros whatever it gets: an edge that carries it is not kept."""
    return gives_zeros(candidate.graph)


@once_per_graph
def variables_of(graph: Graph) -> tuple[Variable, ...]:
    """The variables of a net's graph, in order of first computation."""
    finder = _Finder()
    always = finder.visit(graph, None)
    return tuple(evolve(v, conditional=v.key not in always) for v in finder.found.values())


@define
class _Finder:
    """Visits each graph once for each tag."""

    found: dict[str, Variable] = field(factory=dict)
    _open: dict[tuple[int, str | None], frozenset[str]] = field(factory=dict)

    def visit(self, graph: Graph, tag: str | None) -> frozenset[str]:
        """Adds what is open in a graph; returns the keys that are open wherever the graph runs."""
        known = self._open.get((id(graph), tag))
        if known is not None:
            return known
        owner, standing = owner_of(graph, tag), behind(graph)
        keys: set[str] = set()
        windows: dict[tuple[str, str], set[str]] = {}
        """What stands behind choices of windows, by choice and window."""
        for node in graph.nodes:
            if isinstance(node, Choice):
                key = join(owner, node.name)
                opened = {key}
                self._add(key, node, windows)
            elif isinstance(node, Call):
                opened = set(self.visit(node.graph, node.tag))
            else:
                continue
            place = standing.get(node.name)
            if place is None:
                keys |= opened
            else:
                for _, window in place.windows:
                    windows.setdefault((place.choice, window), set()).update(opened)
        self._open[id(graph), tag] = frozenset(keys)
        return self._open[id(graph), tag]

    def _add(self, key: str, choice: Choice, windows: Mapping[tuple[str, str], set[str]]) -> None:
        first = key not in self.found
        if first:  # takes its place before what is nested in it
            self.found[key] = variable(key, choice)
        slots = tuple(tuple(self._slots(choice, e, windows)) for e in range(len(choice.edges)))
        self.found[key] = evolve(self.found[key], slots=slots if first else _joined(self.found[key].slots, slots))

    def _slots(self, choice: Choice, e: int, windows: Mapping[tuple[str, str], set[str]]) -> Iterator[Slot]:
        for _, candidate in alternatives(choice, e):
            standing = windows.get((choice.name, candidate.name), ())
            yield Slot(e, candidate.name, self.visit(candidate.graph, None).union(standing))


def variable(key: str, choice: Choice) -> Variable:
    """A choice by itself as an unconditional variable."""
    edges, operations = choice.keep.edges, choice.keep.operations
    if edges is None:
        edges = Amount(min(operations.least, 1), 1)
    slots = tuple(tuple(Slot(e, c.name) for _, c in alternatives(choice, e)) for e in range(len(choice.edges)))
    active = [frozenset(c.name for _, c in edge.alternatives) for edge in choice.edges]
    return Variable(
        key,
        slots,
        edges,
        operations,
        zeros=tuple(names - {s.operation for s in kept} for names, kept in zip(active, slots, strict=True)),
        inactive=tuple(
            frozenset(c.name for c in edge.candidates) - names for names, edge in zip(active, choice.edges, strict=True)
        ),
        staying=frozenset(e for e, edge in enumerate(choice.edges) if must_stay(choice, edge)),
    )


def alternatives(choice: Choice, edge: int) -> tuple[tuple[int, Candidate], ...]:
    """What may be kept on one edge, each with its place among the edge's candidates."""
    active = choice.edges[edge].alternatives
    return active if choice.keep.edges is None else tuple((k, c) for k, c in active if not is_none(c))


def none_counts(choice: Choice) -> bool:
    """Whether `none` is an alternative of its edge, so that one that is not active cannot be meant.

    That is so where each edge is decided by itself: with a single source (`keep 1 op`), and under `keep any edges`
    with one operation on each, where leaving an edge out is what its `none` stands for. Under `keep 2 edges`, for
    example, an edge is left out because others are kept, whatever its own candidates are.
    """
    return choice.keep.edges in (None, Amount(0, None)) and choice.keep.operations == ONE


def must_stay(choice: Choice, edge: Edge) -> bool:
    """Whether an edge cannot be left out: its `none`, which stands for that, is not active."""
    if edge.active is None or choice.keep.edges is None or not none_counts(choice):
        return False
    nones = {c.name for c in edge.candidates if is_none(c)}
    return bool(nones) and nones.isdisjoint(edge.active)


def _joined(mine: tuple[tuple[Slot, ...], ...], theirs: tuple[tuple[Slot, ...], ...]) -> tuple[tuple[Slot, ...], ...]:
    """The slots of two instances of a choice, which are the same but for what they open."""
    if mine == theirs:
        return mine
    opened = {(slot.edge, slot.operation): slot.activates for edge in theirs for slot in edge}
    nothing = frozenset[str]()
    return tuple(
        tuple(evolve(s, activates=s.activates | opened.get((s.edge, s.operation), nothing)) for s in edge)
        for edge in mine
    )
