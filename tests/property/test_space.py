"""Random small spaces: the size is the number that can be enumerated, ranks and points are one another's inverse."""

from __future__ import annotations

from itertools import islice, product
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archir.ir.graph import Amount
from archir.ir.point import Kept
from archir.sema import load_source
from archir.source import Source
from archir.space.points import check_point, random_point, why_not
from archir.space.space import Space, space_of
from archir.space.variables import Slot, Variable
from tests.property.spaces import space_text

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def small_space(r: Random) -> Space:
    """Up to four variables with up to six slots, each of which may open any later one."""
    keys = [f"v.{n}" for n in range(r.randint(1, 4))]
    conditional = {key for key in keys[1:] if r.random() < 0.6}
    variables = []
    for n, key in enumerate(keys):
        sizes = r.choice(([1], [2], [3], [2, 1], [2, 2], [1, 1, 2], [0, 2], [2, 2, 2]))
        later = [k for k in keys[n + 1 :] if k in conditional]
        slots = tuple(
            tuple(Slot(e, f"o{k}", frozenset(o for o in later if r.random() < 0.4)) for k in range(size))
            for e, size in enumerate(sizes)
        )
        variables.append(Variable(key, slots, amount(r, 2), amount(r, 2), key in conditional))
    r.shuffle(variables)
    return Space(tuple(variables))


def amount(r: Random, most: int) -> Amount:
    least = r.randint(0, most)
    return Amount(least, r.choice((None, max(1, least), max(1, least + 1))))


def by_hand(space: Space) -> set[frozenset[tuple[str, frozenset[tuple[int, str]]]]]:
    """Every point, found by trying every subset of the slots of every variable."""
    ways = []
    for v in space.variables:
        slots = [s for edge in v.slots for s in edge]
        subsets = [
            tuple(s for s, yes in zip(slots, bits, strict=True) if yes) for bits in product((1, 0), repeat=len(slots))
        ]
        ways.append([None, *(s for s in subsets if allowed(v, s))])
    found = set()
    for choice in product(*ways):
        opened = {v.key for v in space.variables if not v.conditional}
        chosen = dict(zip((v.key for v in space.variables), choice, strict=True))
        for _ in space.variables:
            opened |= {k for key in opened for slot in chosen[key] or () for k in slot.activates}
        if opened == {key for key, kept in chosen.items() if kept is not None}:
            rows = (
                (key, frozenset((s.edge, s.operation) for s in kept))
                for key, kept in chosen.items()
                if kept is not None
            )
            found.add(frozenset(rows))
    return found


def allowed(v: Variable, kept: tuple[Slot, ...]) -> bool:
    per_edge = [sum(s.edge == e for s in kept) for e in {s.edge for s in kept}]
    return inside(v.edges, len(per_edge)) and all(inside(v.operations, n) for n in per_edge)


def inside(a: Amount, n: int) -> bool:
    return a.least <= n <= (n if a.most is None else a.most)


@quick
@given(st.integers(0, 2**40))
def test_size_is_the_number_of_points(seed: int) -> None:
    space = small_space(Random(seed))
    expected = by_hand(space) if space_is_small(space) else None
    points = list(islice(space.enumerate(), 3000))
    assert len(set(points)) == len(points) == min(space.size, 3000)
    if expected is not None:
        assert space.size == len(expected)
        rows = {frozenset((k, frozenset((x.edge, x.operation) for x in kept)) for k, kept in p.choices) for p in points}
        assert rows <= expected
    assert [space.rank(p) for p in points[:200]] == list(range(len(points[:200])))


def space_is_small(space: Space) -> bool:
    count = 1
    for v in space.variables:
        count *= 1 + 2 ** sum(map(len, v.slots))
    return count <= 2_000


@quick
@given(st.integers(0, 2**40))
def test_rank_and_unrank_are_inverse_and_order_agrees(seed: int) -> None:
    r = Random(seed)
    space = space_of(load_source(Source("space", space_text(r))))
    for rank in {0, space.size - 1, *(r.randrange(space.size) for _ in range(5))}:
        point = space.unrank(rank)
        assert space.rank(point) == rank
        assert next(space.enumerate(rank)) == point


@quick
@given(st.integers(0, 2**40))
def test_samples_are_members_and_changed_ones_are_not(seed: int) -> None:
    r = Random(seed)
    module = load_source(Source("space", space_text(r)))
    point = random_point(module, r)
    check_point(module, point)
    strange = tuple((key, (*kept, Kept(0, "no_such_operation"))) for key, kept in point.choices)
    assert why_not(module, type(point)(strange)) != [] or not strange
