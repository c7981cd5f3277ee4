"""Spaces: sizes that people have published, the order of points, members and strangers."""

from __future__ import annotations

from collections import Counter
from itertools import islice, product
from random import Random

import pytest
from scipy.stats import chisquare

import archir
from archir.diagnostics import ArchirError
from archir.ir.graph import Amount
from archir.ir.module import Module
from archir.ir.point import Kept, Point
from archir.ir.verifier import verify
from archir.passes.fix import fixed
from archir.sema import load_source
from archir.source import Source
from archir.space.points import check_point, why_not
from archir.space.space import Space, digits, space_of
from archir.space.variables import Slot, Variable

HEAD = "return y |> global_avg_pool |> linear(10)"


def load(text: str) -> Module:
    return load_source(Source("space", "use ops\n" + text))


def one(choose: str, candidates: str = "a: relu | b: sigmoid | none") -> Module:
    """A net with one choice of three sources."""
    return load(f"""
candidates ops = {candidates}
net one(image: tensor[4, 4, 4]) {{
  x[0] = image
  x[1] = relu(image)
  x[2] = sigmoid(image)
  y = {choose}
  {HEAD}
}}
""")


@pytest.mark.parametrize(
    ("choose", "size"),
    [
        ("choose ops from x[0] keep 1 op", 3),  # without a rule for edges, `none` is a candidate like the others
        ("choose ops from x[0] keep 2 ops", 3),
        ("choose ops from x[0] keep some ops", 7),
        ("choose ops from x[0..3] keep 2 edges", 3 * 2**2),
        ("choose ops from x[0..3] keep 1..2 edges", 3 * 2 + 3 * 2**2),
        ("choose ops from x[0..3] keep any edges", 3**3),
        ("choose ops from x[0..3] keep some edges", 3**3 - 1),
        ("choose ops from x[0..3] keep all edges", 2**3),
        ("choose ops from x[0..3] keep some edges any ops", 4**3 - 1),
        ("choose ops from x[0..3] keep any edges some ops", 4**3),
        ("choose ops from x[0..3] keep 1 edge 2 ops", 3),
    ],
)
def test_size_by_keep_rule(choose: str, size: int) -> None:
    space = space_of(one(choose))
    points = list(space.enumerate())
    assert space.size == len(points) == len(set(points)) == size
    assert [space.rank(p) for p in points] == list(range(size))
    assert [space.unrank(r) for r in range(size)] == points
    assert space.sizes == {"one.y": size}


def test_darts_has_1e18_points() -> None:
    space = space_of(archir.load("darts"))
    cell = 49 * 3 * 49 * 6 * 49 * 10 * 49
    assert space.size == cell**2 == 1_076_746_950_455_072_400
    assert space.sizes["normal.x.5"] == space.sizes["reduce.x.5"] == 490
    assert [space.rank(p) for p in islice(space.enumerate(10**18), 3)] == [10**18, 10**18 + 1, 10**18 + 2]
    assert len(list(space.enumerate(space.size - 2))) == 2


def test_fbnet_has_8_to_the_6_times_9_to_the_16_points() -> None:
    space = space_of(
        load("""
block op(x, out, stride, k, e, g = 1) { return conv(x, out, k=k, stride=stride, groups=g) }
candidates fbnet_ops(out, stride) =
    op(out, stride, k={3, 5}, e={1, 3, 6}) | op(out, stride, k={3, 5}, e=1, g=2)
  | identity(out, stride) when legal
net fbnet(image: tensor[16, 64, 64]) {
  x = image
  for (out, n, stride) in [(16, 1, 1), (24, 4, 2), (32, 4, 2), (64, 4, 2), (112, 4, 1), (184, 4, 2), (352, 1, 1)] {
    for i in 0..n { x = choose fbnet_ops(out, stride if i == 0 else 1) from x keep 1 op }
  }
  return x |> global_avg_pool |> linear(10)
}
""")
    )
    assert space.size == 8**6 * 9**16


NESTED = f"""
block inner(x) {{ y = choose deep from x keep 1 op
  return y }}
block other(x) {{ y = inner(x)
  return sigmoid(y) }}
candidates deep = p: relu | q: sigmoid | r: conv
candidates outer = inner | other | plain: relu
net nested(image: tensor[4, 4, 4]) {{
  x[0] = image
  x[1] = choose outer from x[0] keep 1 op
  y = choose outer from x[0..2] keep 2 edges
  {HEAD}
}}
"""


def test_nested_choices_count_where_they_are_open_and_shared_ones_once() -> None:
    space = space_of(load(NESTED))
    # `inner.y` is open unless all three kept alternatives are `plain`: 3^3 - 1 ways to open it, three choices of it.
    assert space.size == (3**3 - 1) * 3 + 1
    points = list(space.enumerate())
    assert len(set(points)) == space.size
    assert [space.rank(p) for p in points] == list(range(space.size))
    assert sum("inner.y" not in dict(p.choices) for p in points) == 1
    assert space.sizes == {"nested.x.1": 3, "inner.y": 3, "nested.y": 9}


def test_what_is_nested_in_candidates_that_go_needs_no_answer() -> None:
    module = load(NESTED)
    for point in space_of(module).enumerate():
        check_point(module, point)
        network = fixed(module, point)
        verify(network)
        assert network.form == "network"


def test_choices_behind_a_chosen_place_are_closed() -> None:
    """The 10^33 of H-DAS: five adjacent pairs in each of three stages; cells behind the pair are not counted."""
    variables: list[Variable] = []
    for stage in range(3):
        cells = [f"{stage}.c.{i}" for i in range(2, 10)]
        for i, key in enumerate(cells):
            sources = min(3, i + 2)
            slots = tuple(tuple(Slot(e, o) for o in ("skip", "max", "avg")) for e in range(sources))
            variables.append(Variable(key, slots, Amount(2, 2), conditional=i >= 4))
        pairs = tuple(Slot(0, f"pair_{n}", frozenset(cells[4:n])) for n in range(4, 9))
        variables.append(Variable(f"{stage}.output", (pairs,)))
    space = Space(tuple(variables))
    assert space.size == sum(3 ** (3 * n - 1) for n in range(4, 9)) ** 3
    assert f"{space.size:.0e}" == "9e+32"
    random = Random(5)
    assert all(space.rank(space.unrank(r)) == r for r in (random.randrange(space.size) for _ in range(20)))


def test_three_windowed_stages_have_3_to_the_51_points() -> None:
    slots = [tuple(tuple(Slot(e, o) for o in ("skip", "max", "avg")) for e in range(n)) for n in (2, 3, 3, 3, 3, 3)]
    space = Space(tuple(Variable(f"{s}.c.{i}", of, Amount(2, 2)) for s in range(3) for i, of in enumerate(slots)))
    assert space.size == 3**51


@pytest.mark.parametrize("text", [NESTED, None])
def test_samples_are_uniform(text: str | None) -> None:
    space = space_of(load(text) if text else one("choose ops from x[0..3] keep 1..3 edges"))
    random = Random(7)
    seen = Counter(space.rank(space.sample(random)) for _ in range(40 * space.size))
    assert len(seen) == space.size
    assert chisquare(list(seen.values())).pvalue > 0.01


@pytest.mark.parametrize(
    ("kept", "reason"),
    [
        ([Kept(0, "a")], "keeps 1 edge; the space allows 2"),
        ([Kept(0, "a"), Kept(1, "none")], "an edge that carries zeros is not kept"),
        ([Kept(0, "a"), Kept(3, "a")], "has no edge 3"),
        ([Kept(0, "a"), Kept(1, "c")], "has no candidate `c`"),
        ([Kept(0, "a"), Kept(0, "b"), Kept(1, "a")], "keeps 2 operations on an edge; the space allows 1"),
        ([Kept(0, "a"), Kept(1, "a"), Kept(1, "a")], "twice"),
    ],
)
def test_why_a_point_is_not_in_the_space(kept: list[Kept], reason: str) -> None:
    module = one("choose ops from x[0..3] keep 2 edges")
    point = Point((("one.y", tuple(kept)),))
    assert any(reason in why for why in why_not(module, point))
    with pytest.raises(ArchirError):
        check_point(module, point)
    with pytest.raises(ArchirError):
        space_of(module).rank(point)


def test_points_speak_of_what_is_open_and_of_nothing_else() -> None:
    module = load(NESTED)
    closed = space_of(module).unrank(space_of(module).size - 1)
    more = Point((*closed.choices, ("inner.y", (Kept(0, "p"),))))
    assert why_not(module, closed) == []
    assert "open only inside candidates" in why_not(module, more)[0]
    assert space_of(module).without_closed(more) == closed
    inner = Point((("inner.y", (Kept(0, "p"),)),))  # says nothing of what opens it
    assert space_of(module).without_closed(inner) == Point(())
    assert space_of(module).without_closed(inner, rest_open=True) == inner
    assert why_not(module, Point(())) == [
        "nothing is said of choice `nested.x.1`",
        "nothing is said of choice `nested.y`",
    ]
    assert "is no choice" in why_not(module, Point((*closed.choices, ("far", ()))))[0]


def test_a_network_is_a_space_of_one_point() -> None:
    network = archir.load("darts_v2")
    assert space_of(network).size == 1
    assert list(space_of(network).enumerate()) == [Point(())]


def test_ranks_outside_the_space() -> None:
    space = space_of(one("choose ops from x[0..3] keep 2 edges"))
    for rank in (-1, space.size):
        with pytest.raises(ArchirError):
            space.unrank(rank)
    assert list(space.enumerate(space.size)) == []


def test_the_order_is_that_of_the_alternatives() -> None:
    space = space_of(one("choose ops from x[0] keep 1 op"))
    assert [p.choices[0][1][0].operation for p in space.enumerate()] == ["a", "b", "none"]
    pairs = [
        tuple(k.edge for k in p.choices[0][1])
        for p in space_of(one("choose ops from x[0..3] keep 2 edges")).enumerate()
    ]
    assert list(dict.fromkeys(pairs)) == [(0, 1), (0, 2), (1, 2)]
    assert len(pairs) == len(list(product("ab", "ab"))) * 3


def test_sizes_of_thousands_of_digits() -> None:
    space = Space(tuple(Variable(f"v.{i}", ((Slot(0, "a"), Slot(0, "b"), Slot(0, "c")),)) for i in range(10_000)))
    assert space.size == 3**10_000
    assert len(digits(space.size)) == 4772
    with pytest.raises(ArchirError, match="there is no point"):
        space.unrank(space.size)
    point = space.sample(Random(1))
    assert space.unrank(space.rank(point)) == point
