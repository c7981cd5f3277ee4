"""Whether a network is in a space: which point it is, or where it leaves the space.

Both are walked in order of computation, as they were written: an operation of the network has to be what
the space has there. At a choice the network may compute any candidates of any edges, in any order, and
their sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import NamedTuple

from attrs import define, evolve, field

from archir.diagnostics import fail
from archir.ir.behind import without_unneeded
from archir.ir.graph import Call, Choice, Graph, Node, Operation, forwarded_input, results
from archir.ir.module import Module, chooses, join, owner_of
from archir.ir.point import Kept, Point
from archir.ir.primitive import Primitive
from archir.ops.layout import Zero
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Add
from archir.space.points import why_not
from archir.space.space import space_of

_Known = Mapping[str, tuple[Kept, ...]]


class _Step(NamedTuple):
    """An operation of the network; operands are places of steps, or the net's inputs as -1, -2, ..."""

    path: str
    primitive: Primitive
    operands: tuple[int, ...]


class _Reached(NamedTuple):
    """The place of the next step to match, the values just computed, and what is known of choices."""

    at: int
    values: tuple[int, ...]
    known: _Known


def find_point(space: Module, network: Module) -> Point:
    """The point of a network in a space, both built at the same sizes; coefficients are not looked for.

    Raises `ArchirError` NAS404 that says why there is none.
    """
    mine, theirs = ([v.type for v in m.graph.inputs] for m in (space, network))
    if mine != theirs:
        takes = f"`{network.name}` takes {', '.join(map(str, theirs))}, `{space.name}` {', '.join(map(str, mine))}"
        fail("NAS404", takes, help="build both with the same parameters (`--set`)")
    steps: list[_Step] = []
    inputs = tuple(-1 - i for i in range(len(theirs)))
    output = _inline(network.graph, "", inputs, steps)
    walk = _Walk(steps)
    reason = ""
    for reached in walk.graph(space.graph, None, inputs, 0, {}):
        if reached.at != len(steps) or reached.values != (output,):
            walk.miss(reached.at, "the network goes on where the space ends")
            continue
        point = space_of(space).without_closed(Point(tuple(reached.known.items())))
        problems = why_not(space, point)
        if not problems:
            return point
        reason = reason or problems[0]
    help_ = "build both with the same parameters (`--set`); operations are compared in the order in which they stand"
    fail("NAS404", f"`{network.name}` is not in `{space.name}`: {reason or walk.reason}", help=help_)


def _inline(graph: Graph, path: str, arguments: tuple[int, ...], steps: list[_Step]) -> int:
    values = {v.name: a for v, a in zip(graph.inputs, arguments, strict=True)}
    for node in graph.nodes:
        operands = tuple(values[o] for o in node.operands)
        here = join(path, node.name)
        if isinstance(node, Choice):
            fail("NAS404", f"`{here}` is still to be chosen", help="give a network, not a space")
        if isinstance(node, Call):
            values[node.name] = _inline(node.graph, here, operands, steps)
        else:
            values[node.name] = len(steps)
            steps.append(_Step(here, _settled(node.primitive), operands))
    return values[graph.output]


def _settled(primitive: Primitive) -> Primitive:
    """As it is in the network that comes of a search."""
    return evolve(primitive, deferred=False) if isinstance(primitive, BatchNorm) else primitive


@define
class _Walk:
    """Ways to read the steps of a network as what a space allows; remembers where the best one ended."""

    steps: list[_Step]
    reason: str = "the space computes more than the network"
    _furthest: int = field(default=-1)

    def miss(self, at: int, what: str) -> None:
        """One way ends here."""
        if at > self._furthest:
            self._furthest = at
            where = (
                f"`{self.steps[at].path}` is `{self.steps[at].primitive.name}`" if at < len(self.steps) else "its end"
            )
            self.reason = f"at {where}, {what}"

    def graph(
        self, graph: Graph, tag: str | None, arguments: tuple[int, ...], at: int, known: _Known
    ) -> Iterator[_Reached]:
        """Each way to read a graph from a step on, whatever its choices of windows keep."""
        values = {v.name: a for v, a in zip(graph.inputs, arguments, strict=True)}
        owner = owner_of(graph, tag)
        gates = [node for node in graph.nodes if isinstance(node, Choice) and node.windows]
        for windows in product(*(gate.edges[0].candidates for gate in gates)):
            kept = {gate.name: window.name for gate, window in zip(gates, windows, strict=True)}
            chosen = {join(owner, name): (Kept(0, window),) for name, window in kept.items()}
            if all(known.get(key, of) == of for key, of in chosen.items()):
                nodes = without_unneeded(graph, kept)
                yield from self._nodes(graph, nodes, owner, 0, values, at, {**known, **chosen})

    def _nodes(
        self,
        graph: Graph,
        nodes: tuple[Node, ...],
        owner: str,
        first: int,
        values: dict[str, int],
        at: int,
        known: _Known,
    ) -> Iterator[_Reached]:
        for place in range(first, len(nodes)):
            node = nodes[place]
            if isinstance(node, Choice) or (isinstance(node, Call) and chooses(node.graph)):
                for reached in self._open(node, owner, values, at, known):
                    more = values | dict(zip(results(node), reached.values, strict=True))
                    yield from self._nodes(graph, nodes, owner, place + 1, more, reached.at, reached.known)
                return
            fixed = self._fixed(node, tuple(values[o] for o in node.operands), at)
            if fixed is None:
                return
            at, values = fixed[0], values | {node.name: fixed[1]}
        yield _Reached(at, (values[graph.output],), known)

    def _open(
        self, node: Choice | Call, owner: str, values: dict[str, int], at: int, known: _Known
    ) -> Iterator[_Reached]:
        if isinstance(node, Call):
            yield from self.graph(node.graph, node.tag, tuple(values[o] for o in node.operands), at, known)
            return
        key = join(owner, node.name)
        if node.windows:
            (kept_window,) = known[key]
            place = [c.name for c in node.edges[0].candidates].index(kept_window.operation)
            yield _Reached(at, tuple(values[source] for source in node.filled(place)), known)
            return
        ways = (
            self._choice(node, key, values, at, known, ()) if node.slots == 1 else self._filled(node, values, at, known)
        )
        for reached, kept in ways:
            before = reached.known.get(key)
            chosen = tuple(sorted(kept))
            if before is None or before == chosen:
                yield _Reached(reached.at, reached.values, {**reached.known, key: chosen})
            else:
                self.miss(at, f"`{key}` was chosen otherwise before, and is shared")

    def _fixed(self, node: Node, operands: tuple[int, ...], at: int) -> tuple[int, int] | None:
        """The step behind a node without choices, and its value; None if the network computes something else."""
        if isinstance(node, Operation):
            wanted = _settled(node.primitive)
            if at < len(self.steps) and self.steps[at].primitive == wanted and self.steps[at].operands == operands:
                return at + 1, at
            other = at < len(self.steps) and self.steps[at].primitive.name == wanted.name
            tail = " with other attributes or operands" if other else ""
            self.miss(at, f"where the space has `{wanted.name}` (`{node.name}`){tail}")
            return None
        assert isinstance(node, Call)
        values = {v.name: a for v, a in zip(node.graph.inputs, operands, strict=True)}
        for inner in node.graph.nodes:
            fixed = self._fixed(inner, tuple(values[o] for o in inner.operands), at)
            if fixed is None:
                return None
            at, values[inner.name] = fixed
        return at, values[node.graph.output]

    def _candidate(self, graph: Graph, sources: tuple[int, ...], at: int, known: _Known) -> Iterator[_Reached]:
        """Each way to read a candidate; how far into one that does not fit is not told."""
        if chooses(graph):
            yield from self.graph(graph, None, sources, at, known)
            return
        told = self.reason, self._furthest
        found = list(self.graph(graph, None, sources, at, known))
        self.reason, self._furthest = told
        yield from found

    def _filled(
        self, choice: Choice, values: Mapping[str, int], at: int, known: _Known, kept: tuple[Kept, ...] = (),
        filled: tuple[int, ...] = (),
    ) -> Iterator[tuple[_Reached, tuple[Kept, ...]]]:  # fmt: skip
        """Ways to fill the slots of a choice, one for each of as many edges."""
        if len(filled) == choice.slots:
            yield _Reached(at, filled, known), kept
            return
        for e in range(kept[-1].edge + 1 if kept else 0, len(choice.edges)):
            sources = tuple(values[source] for source in choice.edges[e].sources)
            for c in choice.edges[e].candidates:
                for reached in self._candidate(c.graph, sources, at, known):
                    more = (*kept, Kept(e, c.name)), (*filled, *reached.values)
                    yield from self._filled(choice, values, reached.at, reached.known, *more)

    def _choice(
        self,
        choice: Choice,
        key: str,
        values: dict[str, int],
        at: int,
        known: _Known,
        terms: tuple[tuple[Kept, int], ...],
    ) -> Iterator[tuple[_Reached, tuple[Kept, ...]]]:
        """Ways to go on behind the terms that were read so far, with what is kept."""
        taken, matched = {kept for kept, _ in terms}, False
        for e, edge in enumerate(choice.edges):
            for c in edge.candidates:
                kept = Kept(e, c.name)
                if c.graph.nodes and kept not in taken:
                    for reached in self._candidate(c.graph, tuple(values[s] for s in edge.sources), at, known):
                        matched = True
                        more = (*terms, (kept, reached.values[0]))
                        yield from self._choice(choice, key, values, reached.at, reached.known, more)
        if not matched:
            self.miss(at, f"which no candidate of `{key}` gives")
        yield from self._ended(choice, key, values, at, known, terms)

    def _ended(
        self,
        choice: Choice,
        key: str,
        values: dict[str, int],
        at: int,
        known: _Known,
        terms: tuple[tuple[Kept, int], ...],
    ) -> Iterator[tuple[_Reached, tuple[Kept, ...]]]:
        """The sum of the terms and of what skips; a single term without a sum; or zeros for nothing."""
        through = [
            (Kept(e, c.name), values[edge.sources[place]])
            for e, edge in enumerate(choice.edges) for c in edge.candidates
            if (place := forwarded_input(c.graph)) is not None
        ]  # fmt: skip
        step = self.steps[at] if at < len(self.steps) else None
        if step is not None and isinstance(step.primitive, Add):
            rest = list(step.operands)
            for _, value in terms:
                if value not in rest:
                    break
                rest.remove(value)
            else:
                for skips in _assigned(rest, through):
                    yield _Reached(at + 1, (at,), known), (*(k for k, _ in terms), *skips)
        if len(terms) == 1:
            yield _Reached(at, (terms[0][1],), known), (terms[0][0],)
        if not terms:
            if step is not None and isinstance(step.primitive, Zero):
                yield _Reached(at + 1, (at,), known), ()
            for kept, value in through:
                yield _Reached(at, (value,), known), (kept,)


def _assigned(values: list[int], through: list[tuple[Kept, int]]) -> Iterator[tuple[Kept, ...]]:
    """Ways to take each value from another skip."""
    if not values:
        yield ()
        return
    for i, (kept, value) in enumerate(through):
        if value == values[0]:
            for more in _assigned(values[1:], through[:i] + through[i + 1 :]):
                yield (kept, *more)
