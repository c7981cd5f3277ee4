"""Ways to read the steps of a network as what a choice keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from attrs import frozen

from archir.ir.graph import Choice, Graph, forwarded_input
from archir.ir.point import Kept
from archir.ops.layout import Zero
from archir.ops.pointwise import Add
from archir.space.steps import Known, Reached, Step

_Read: TypeAlias = Callable[[Graph, tuple[int, ...], int, Known], Iterator[Reached]]
"""Each way to read a candidate, on these sources, from this step on."""


@frozen
class Readings:
    """Reads choices; `miss` is told where a way ends, and why."""

    steps: Sequence[Step]
    read: _Read
    miss: Callable[[int, str], None]

    def filled(
        self, choice: Choice, values: Mapping[str, int], at: int, known: Known, kept: tuple[Kept, ...] = (),
        filled: tuple[int, ...] = (),
    ) -> Iterator[tuple[Reached, tuple[Kept, ...]]]:  # fmt: skip
        """Ways to fill the slots of a choice, one for each of as many edges."""
        if len(filled) == choice.slots:
            yield Reached(at, filled, known), kept
            return
        for e in range(kept[-1].edge + 1 if kept else 0, len(choice.edges)):
            sources = tuple(values[source] for source in choice.edges[e].sources)
            for c in choice.edges[e].candidates:
                for reached in self.read(c.graph, sources, at, known):
                    more = (*kept, Kept(e, c.name)), (*filled, *reached.values)
                    yield from self.filled(choice, values, reached.at, reached.known, *more)

    def summed(
        self,
        choice: Choice,
        key: str,
        values: Mapping[str, int],
        at: int,
        known: Known,
        terms: tuple[tuple[Kept, int], ...] = (),
    ) -> Iterator[tuple[Reached, tuple[Kept, ...]]]:
        """Ways to go on behind the terms that were read so far, with what is kept."""
        taken, matched = {kept for kept, _ in terms}, False
        for e, edge in enumerate(choice.edges):
            for c in edge.candidates:
                kept = Kept(e, c.name)
                if c.graph.nodes and kept not in taken:
                    for reached in self.read(c.graph, tuple(values[s] for s in edge.sources), at, known):
                        matched = True
                        more = (*terms, (kept, reached.values[0]))
                        yield from self.summed(choice, key, values, reached.at, reached.known, more)
        if not matched:
            self.miss(at, f"which no candidate of `{key}` gives")
        yield from self._ended(choice, key, values, at, known, terms)

    def _ended(
        self,
        choice: Choice,
        key: str,
        values: Mapping[str, int],
        at: int,
        known: Known,
        terms: tuple[tuple[Kept, int], ...],
    ) -> Iterator[tuple[Reached, tuple[Kept, ...]]]:
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
                    yield Reached(at + 1, (at,), known), (*(k for k, _ in terms), *skips)
        if len(terms) == 1:
            yield Reached(at, (terms[0][1],), known), (terms[0][0],)
        if not terms:
            if step is not None and isinstance(step.primitive, Zero):
                yield Reached(at + 1, (at,), known), ()
            for kept, value in through:
                yield Reached(at, (value,), known), (kept,)


def _assigned(values: list[int], through: list[tuple[Kept, int]]) -> Iterator[tuple[Kept, ...]]:
    """Ways to take each value from another skip."""
    if not values:
        yield ()
        return
    for i, (kept, value) in enumerate(through):
        if value == values[0]:
            for more in _assigned(values[1:], through[:i] + through[i + 1 :]):
                yield (kept, *more)
