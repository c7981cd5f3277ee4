"""A space as a finite set of points: its exact size, its order, its members.

Points are ordered by what they keep: variables in the order of the net, and for each, keeping an
alternative comes before not keeping it. Variables that have nothing to do with one another form
separate parts; the rank of a point is a number whose digits are the ranks of its parts, the last part
the fastest.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import cached_property
from math import prod
from random import Random

from attrs import evolve, frozen

from archir.diagnostics import fail
from archir.ir.module import Module
from archir.ir.point import Kept, Point
from archir.space.diagram import Diagram, Shape, diagram
from archir.space.parts import parts_of
from archir.space.variables import Slot, Variable, variables_of


@frozen(slots=False, eq=False)
class Part:
    """Variables that depend on one another, each behind those that open it."""

    variables: tuple[Variable, ...]

    @cached_property
    def diagram(self) -> Diagram:
        """The ways to decide the slots."""
        places = {v.key: n for n, v in enumerate(self.variables)}
        return diagram(tuple(_shape(v, places) for v in self.variables))

    @cached_property
    def slots(self) -> tuple[tuple[str, Slot], ...]:
        """Each slot with its variable's key, in the order in which they are decided."""
        return tuple((v.key, slot) for v in self.variables for edge in v.slots for slot in edge)

    def kept(self, rank: int) -> dict[str, tuple[Kept, ...]]:
        """What the alternative of this rank keeps of each variable that is open in it."""
        slots = [self.slots[i] for i in self.diagram.unrank(rank)]
        opened = {v.key for v in self.variables if not v.conditional}.union(*(slot.activates for _, slot in slots))
        found: dict[str, list[Kept]] = {key: [] for key in opened}
        for key, slot in slots:
            found[key].append(Kept(slot.edge, slot.operation))
        return {key: tuple(kept) for key, kept in found.items()}


@frozen(slots=False, eq=False)
class Space:
    """The points of a module with choices; a network has one, the empty point."""

    variables: tuple[Variable, ...]

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Variables by what they depend on."""
        return tuple(Part(variables) for variables in parts_of(self.variables))

    @cached_property
    def size(self) -> int:
        """How many points there are, exactly."""
        return prod(part.diagram.size for part in self.parts)

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """How many alternatives each choice has by itself, whatever is nested in them."""
        return {v.key: diagram((_shape(evolve(v, conditional=False), {}),)).size for v in self.variables}

    def unrank(self, rank: int) -> Point:
        """The point of a rank, 0 <= rank < size; raises `ArchirError` NAS404 for any other."""
        if not 0 <= rank < self.size:
            fail(
                "NAS404",
                f"there is no point {digits(rank)}",
                help=f"the space has {digits(self.size)} points, counted from 0",
            )
        kept: dict[str, tuple[Kept, ...]] = {}
        for part in reversed(self.parts):
            rank, digit = divmod(rank, part.diagram.size)
            kept |= part.kept(digit)
        return self._point(kept)

    def rank(self, point: Point) -> int:
        """The place of a point in the order; raises `ArchirError` NAS404 if it is not in the space.

        Coefficients play no part in it.
        """
        kept = dict(point.choices)
        rank = 0
        try:
            if kept.keys() != self.open_in(kept):
                raise ValueError("other choices are open than those that the point speaks of")
            for part in self.parts:
                wanted = [(v.key, k.edge, k.operation) for v in part.variables for k in kept.get(v.key, ())]
                slots = {i for i, (key, slot) in enumerate(part.slots) if (key, slot.edge, slot.operation) in wanted}
                if len(slots) != len(wanted):
                    raise ValueError("an alternative is not there")
                rank = rank * part.diagram.size + part.diagram.rank(frozenset(slots))
        except ValueError:
            fail("NAS404", "the point is not in the space", help="`check_point` says why")
        return rank

    def enumerate(self, start: int = 0) -> Iterator[Point]:
        """The points from a rank on, lazily, in order."""
        digits: list[int] = []
        rank = start
        for part in reversed(self.parts):
            rank, digit = divmod(rank, part.diagram.size or 1)
            digits.insert(0, digit)
        if rank or not self.size:
            return
        kept = [part.kept(digit) for part, digit in zip(self.parts, digits, strict=True)]
        while True:
            yield self._point({key: of for some in kept for key, of in some.items()})
            place = len(digits) - 1
            while place >= 0 and digits[place] + 1 == self.parts[place].diagram.size:
                digits[place] = 0
                kept[place] = self.parts[place].kept(0)
                place -= 1
            if place < 0:
                return
            digits[place] += 1
            kept[place] = self.parts[place].kept(digits[place])

    def sample(self, random: Random) -> Point:
        """A point, each equally likely; raises `ArchirError` NAS404 if there is none."""
        if not self.size:
            fail("NAS404", "the space is empty: no point keeps what is asked for", help="ask a `choose` to keep less")
        return self.unrank(random.randrange(self.size))

    def open_in(self, kept: Mapping[str, tuple[Kept, ...]]) -> set[str]:
        """The keys that are open where a point keeps this."""
        opened = {v.key for v in self.variables if not v.conditional}
        for part in self.parts:
            for v in part.variables:
                if v.key in opened:
                    chosen = {(k.edge, k.operation) for k in kept.get(v.key, ())}
                    for slot in (s for edge in v.slots for s in edge):
                        opened |= slot.activates if (slot.edge, slot.operation) in chosen else set()
        return opened

    def without_closed(self, point: Point, *, rest_open: bool = False) -> Point:
        """The point without what it says of choices that are not open in it, in the order of the net.

        `rest_open`: choices that it does not speak of may keep anything.
        """
        kept = dict(point.choices)
        rest = {
            v.key: tuple(Kept(s.edge, s.operation) for edge in v.slots for s in edge)
            for v in self.variables
            if rest_open and v.key not in kept
        }
        opened = self.open_in({**kept, **rest})
        return self._point({key: of for key, of in kept.items() if key in opened})

    def _point(self, kept: Mapping[str, tuple[Kept, ...]]) -> Point:
        return Point(tuple((v.key, kept[v.key]) for v in self.variables if v.key in kept))


def digits(n: int) -> str:
    """An integer in decimal, however long: sizes outgrow the 4,300 digits that Python converts unasked."""
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        return str(n)
    finally:
        sys.set_int_max_str_digits(limit)


def space_of(module: Module) -> Space:
    """The space of a module's choices, found once for each graph."""
    return Space(variables_of(module.graph))


def _shape(v: Variable, places: Mapping[str, int]) -> Shape:
    slots = tuple(tuple(frozenset(places[k] for k in s.activates if k in places) for s in edge) for edge in v.slots)
    staying = tuple(e in v.staying for e in range(len(v.slots)))
    return Shape(slots, v.edges, v.operations, v.conditional, staying)
