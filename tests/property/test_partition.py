"""What partitions promise, on random spaces of two kinds of cells, and what an active set means to a space's points."""

from __future__ import annotations

from math import prod
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archir.diagnostics import ArchirError
from archir.ir.module import Module, shared_choices
from archir.ir.point import Point
from archir.ir.printer import print_flat
from archir.ir.verifier import verify
from archir.passes import run_branches
from archir.passes.active import restricted
from archir.passes.options import format_value
from archir.sema import load_source
from archir.source import Source
from archir.space.points import why_not
from archir.space.space import space_of
from archir.space.variables import is_none
from tests.property.spaces import space_text

OPERATIONS = ("skip", "relu", "sigmoid", "max_pool_3x3", "named: relu", "other: sigmoid")
some = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def cells(r: Random, keep: str) -> Module:
    """Two kinds of cells of up to three nodes; `keep` has `N` for a number of edges that fits."""
    nodes, kinds = r.randint(1, 3), ("normal", "reduce")[: r.randint(1, 2)]
    text = "use ops\n"
    for kind in kinds:
        operations = ["none", *r.sample(OPERATIONS, r.randint(2, 4))]
        r.shuffle(operations)
        text += f"candidates {kind}_ops = {' | '.join(operations)}\ncell {kind}(a, b) {{\n  x[0] = a\n  x[1] = b\n"
        for i in range(2, nodes + 2):
            rule = keep.replace("N", str(r.randint(1, i)))
            text += f"  x[{i}] = choose {kind}_ops from x[0..{i}] {rule}\n"
        text += f"  return concat(x[2..{nodes + 2}]) |> conv(4)\n}}\n"
    text += "net random(image: tensor[4, 8, 8]) {\n  y = image\n"
    text += "".join(f"  y = {kind}(y, y)\n" for kind in kinds * 2)
    return load_source(Source("random", text + "  return y |> global_avg_pool |> linear(2)\n}\n"))


def group(r: Random, names: list[str], count: int) -> tuple[tuple[str, ...], ...]:
    """The names in so many groups, none of them empty."""
    shuffled = r.sample(names, len(names))
    cuts = sorted(r.sample(range(1, len(names)), count - 1))
    return tuple(tuple(shuffled[i:j]) for i, j in zip([0, *cuts], [*cuts, len(names)], strict=True))


def grouped(r: Random, module: Module, count: int, *, none: bool) -> tuple[Any, ...]:
    """Groups of every edge; with `none`, it is an operation like the others."""
    rows = []
    for key, choice in shared_choices(module).items():
        for e, edge in enumerate(choice.edges):
            names = [c.name for c in edge.candidates if none or c.name != "none"]
            rows.append((key, e, group(r, names, min(count, len(names)))))
    return tuple(rows)


def split(module: Module, options: str, groups: tuple[Any, ...]) -> list[Module]:
    pipeline = f"partition{{{options},groups={format_value(groups)}}}"
    return [branch.module for branch in run_branches(module, pipeline)]


def homes_of(point: Point, parts: list[Module]) -> list[int]:
    return [i for i, part in enumerate(parts) if not why_not(part, point)]


@some
@given(st.integers(0, 2**40), st.sampled_from(("node", "edge")), st.sampled_from(("forward", "reverse", "random")))
def test_parts_are_disjoint_and_their_sizes_add_up(seed: int, by: str, order: str) -> None:
    r = Random(seed)
    keep = r.choice(("keep any edges", "keep all edges"))
    module = cells(r, keep)
    groups = grouped(r, module, r.choice((2, 3)), none=keep == "keep any edges")
    parts = split(module, f"by={by},order={order},pair=false", groups)
    assert sum(space_of(part).size for part in parts) == space_of(module).size
    for _ in range(10):
        assert len(homes_of(space_of(module).sample(r), parts)) == 1
    for part in parts:
        assert not why_not(module, space_of(part).sample(r))


@some
@given(st.integers(0, 2**40))
def test_where_edges_are_dropped_an_architecture_lies_in_several_parts(seed: int) -> None:
    r = Random(seed)
    module = cells(r, "keep N edges")
    at = r.randrange(len(shared_choices(module)))
    rows = grouped(r, module, 2, none=False)
    if r.random() < 0.5:  # whether `none` is in a group makes no difference
        rows = tuple((key, e, ((*first, "none"), *others)) for key, e, (first, *others) in rows)
    parts = split(module, f"at={at},pair=false", rows)
    key, choice = list(shared_choices(module).items())[at]
    assert len(parts) == 2 ** len(choice.edges)
    for _ in range(10):
        point = space_of(module).sample(r)
        dropped = len(choice.edges) - len({k.edge for k in point.kept(key) or ()})
        assert len(homes_of(point, parts)) == 2**dropped
    names = {c.name for part in parts for e in shared_choices(part)[key].edges for _, c in e.alternatives}
    assert all("none" in [c.name for _, c in e.alternatives] for p in parts for e in shared_choices(p)[key].edges)
    assert names == {c.name for e in choice.edges for c in e.candidates}


@some
@given(st.integers(0, 2**40))
def test_paired_splits_cover_the_diagonal_only(seed: int) -> None:
    r = Random(seed)
    module = cells(r, "keep all edges")
    keys = [key for key in shared_choices(module) if key.endswith(".x.2")]
    groups = grouped(r, module, 2, none=False)
    parts = split(module, "at=0", groups)
    assert len(parts) == 2**2  # two edges, whatever the number of kinds
    assert sum(space_of(part).size for part in parts) <= space_of(module).size
    alone = [split(module, f"of=({key})", groups) for key in keys]
    for _ in range(10):
        point = space_of(module).sample(r)
        found = [homes_of(point, of_one) for of_one in alone]
        assert all(len(homes) == 1 for homes in found)
        assert homes_of(point, parts) == (found[0] if found[0] == found[-1] else [])


@some
@given(st.integers(0, 2**40))
def test_an_empty_part_is_refused(seed: int) -> None:
    r = Random(seed)
    keep = r.choice(("keep N edges", "keep all edges", "keep some edges any ops"))
    module = cells(r, keep)
    rows = list(grouped(r, module, 2, none=False))
    e = r.randrange(2)
    key, _, groups = rows[e]
    rows[e] = (key, e, (*groups, r.choice((("none",), ()))))
    with pytest.raises(ArchirError, match="empty"):
        split(module, f"of=({key})", tuple(rows))


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**40))
def test_a_restricted_space_has_the_points_that_keep_active_candidates(seed: int) -> None:
    r = Random(seed)
    module = load_source(Source("space", space_text(r)))
    active = {
        (key, e): r.sample(names, r.randint(1, len(names)))
        for key, choice in shared_choices(module).items()
        for e, edge in enumerate(choice.edges)
        if r.random() < 0.5 and (names := [c.name for c in edge.candidates])
    }
    try:
        after = restricted(module, active)
    except ArchirError as error:
        assert "no point is left" in error.diagnostics[0].message  # noqa: PT017
        return
    verify(after)
    assert load_source(Source("flat", print_flat(after))) == after
    whole, part = space_of(module), space_of(after)
    points = list(whole.enumerate()) if whole.size <= 300 else [whole.sample(r) for _ in range(30)]
    inside = [p for p in points if _keeps_active(p, module, active)]
    assert inside == [p for p in points if not why_not(after, p)]
    if whole.size <= 300:
        assert [part.rank(p) for p in inside] == list(range(part.size))
    for _ in range(10):
        point = part.sample(r)
        assert _keeps_active(point, module, active)
        assert part.unrank(part.rank(point)) == point


def _keeps_active(point: Point, module: Module, active: dict[tuple[str, int], list[str]]) -> bool:
    """What an active set means, said of one point."""
    for key, kept in point.choices:
        choice = shared_choices(module)[key]
        any_, one = choice.keep.edges, choice.keep.operations
        alone = any_ is not None and (any_.least, any_.most, one.least, one.most) == (0, None, 1, 1)
        for e, edge in enumerate(choice.edges):
            names = active.get((key, e), [c.name for c in edge.candidates])
            here = [k.operation for k in kept if k.edge == e]
            nones = {c.name for c in edge.candidates if is_none(c)}
            if not {*here} <= {*names} or (alone and nones and nones.isdisjoint(names) and not here):
                return False
    return True


def test_the_size_of_a_part_is_a_product() -> None:
    """NAS-Bench-201's first two nodes, by hand: 5^6 = 15,625 as 2 parts, one of them as 4."""
    import archir

    module = archir.load("nasbench201", cells=1)
    two = (("none", "skip"), ("conv_1x1", "conv_3x3", "avg_pool_3x3"))
    rows = tuple((key, e, two) for key, n in (("normal.x.1", 1), ("normal.x.2", 2)) for e in range(n))
    first = split(module, "at=0", rows)
    assert [space_of(p).size for p in first] == [2 * 5**5, 3 * 5**5]
    second = split(first[1], "at=1", rows)
    assert [space_of(p).size for p in second] == [3 * n * 5**3 for n in (2 * 2, 2 * 3, 3 * 2, 3 * 3)]
    assert sum(space_of(p).size for p in second) == prod((3, 5, 5, 5, 5, 5))
