"""Whether a network is in a space: which point it is, or where it leaves the space.

Both are walked in order of computation, as they were written: an operation of the network has to be what
the space has there. At a choice the network may compute any candidates of any edges, in any order, and
their sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from attrs import define, field

from archir.diagnostics import fail
from archir.ir.behind import without_unneeded
from archir.ir.graph import Call, Choice, Graph, Node, Operation, results
from archir.ir.module import Module, chooses, join, owner_of
from archir.ir.point import Kept, Point
from archir.space.points import why_not
from archir.space.readings import Readings
from archir.space.space import space_of
from archir.space.steps import Known, Reached, Step, settled, steps_of


def find_point(space: Module, network: Module) -> Point:
    """The point of a network in a space, both built at the same sizes; coefficients are not looked for.

    Raises `ArchirError` NAS404 that says why there is none.
    """
    mine, theirs = ([v.type for v in m.graph.inputs] for m in (space, network))
    if mine != theirs:
        takes = f"`{network.name}` takes {', '.join(map(str, theirs))}, `{space.name}` {', '.join(map(str, mine))}"
        fail("NAS404", takes, help="build both with the same parameters (`--set`)")
    steps, output = steps_of(network.graph)
    inputs = tuple(-1 - i for i in range(len(theirs)))
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


@define
class _Walk:
    """Ways to read the steps of a network as what a space allows; remembers where the best one ended."""

    steps: list[Step]
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
        self, graph: Graph, tag: str | None, arguments: tuple[int, ...], at: int, known: Known
    ) -> Iterator[Reached]:
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
        known: Known,
    ) -> Iterator[Reached]:
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
        yield Reached(at, (values[graph.output],), known)

    def _open(
        self, node: Choice | Call, owner: str, values: dict[str, int], at: int, known: Known
    ) -> Iterator[Reached]:
        if isinstance(node, Call):
            yield from self.graph(node.graph, node.tag, tuple(values[o] for o in node.operands), at, known)
            return
        key = join(owner, node.name)
        if node.windows:
            (kept_window,) = known[key]
            place = [c.name for c in node.edges[0].candidates].index(kept_window.operation)
            yield Reached(at, tuple(values[source] for source in node.filled(place)), known)
            return
        readings = Readings(self.steps, self._candidate, self.miss)
        ways = (
            readings.summed(node, key, values, at, known)
            if node.slots == 1
            else readings.filled(node, values, at, known)
        )
        for reached, kept in ways:
            before = reached.known.get(key)
            chosen = tuple(sorted(kept))
            if before is None or before == chosen:
                yield Reached(reached.at, reached.values, {**reached.known, key: chosen})
            else:
                self.miss(at, f"`{key}` was chosen otherwise before, and is shared")

    def _fixed(self, node: Node, operands: tuple[int, ...], at: int) -> tuple[int, int] | None:
        """The step behind a node without choices, and its value; None if the network computes something else."""
        if isinstance(node, Operation):
            wanted = settled(node.primitive)
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

    def _candidate(self, graph: Graph, sources: tuple[int, ...], at: int, known: Known) -> Iterator[Reached]:
        """Each way to read a candidate; how far into one that does not fit is not told."""
        if chooses(graph):
            yield from self.graph(graph, None, sources, at, known)
            return
        told = self.reason, self._furthest
        found = list(self.graph(graph, None, sources, at, known))
        self.reason, self._furthest = told
        yield from found
