"""Groups of operations on an edge, as data: what `partition` splits by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from archir.diagnostics import fail
from archir.ir.graph import Choice
from archir.passes.active import Place, active_on, names_in, read_edges, refuse_file
from archir.space.variables import is_none, none_counts

Groups: TypeAlias = Mapping[Place, Sequence[Sequence[str]]]
"""The groups of some edges, by name; none for an edge that is not split."""

_LOOKS = '{"normal.x.2": [[["none", "skip"], ["conv_1x1"]], null]}: groups for each edge, null where it is not split'


def read_groups(path: str) -> Groups:
    """The groups in a JSON file, none without one: choice -> for each edge a list of lists of names, or null.

    Raises `ArchirError` NAS409.
    """
    found: dict[Place, tuple[tuple[str, ...], ...]] = {}
    for place, said in read_edges(path, _LOOKS).items() if path else ():
        if said is not None and not isinstance(said, list):
            refuse_file(path, _LOOKS)
        found[place] = tuple(names_in(path, group, _LOOKS) for group in said or ())
    return found


def groups_of(choices: Mapping[str, Choice], place: Place, given: Groups | None) -> tuple[tuple[str, ...], ...]:
    """The groups of an edge with `none` where it belongs; without any given, each operation by itself.

    Raises `ArchirError` NAS409 unless each active operation is in one group, and each group keeps something.
    """
    key, e = place
    active = active_on(choices, place)
    choice = choices[key]
    if given is not None and place not in given:
        help_ = "give its groups, or null (an empty list) where it is not split"
        fail("NAS409", f"edge {e} of `{key}` has no groups", span=choice.span, help=help_)
    split = grouped_on(choices, place)
    everywhere = set(active) - set(split)
    groups = [[name] for name in split] if given is None else [[*group] for group in given[place]]
    groups = [[name for name in group if name not in everywhere] for group in groups] or [[*split]]
    _check_grouped(choice, place, split, groups)
    return tuple(tuple(name for name in active if name in (*group, *everywhere)) for group in groups)


def grouped_on(choices: Mapping[str, Choice], place: Place) -> tuple[str, ...]:
    """The active operations of an edge that are in one group each: `none` only where it is an alternative.

    Raises `ArchirError` NAS409 if there is no such edge.
    """
    active_on(choices, place)
    choice = choices[place[0]]
    alone = none_counts(choice)
    return tuple(c.name for _, c in choice.edges[place[1]].alternatives if alone or not is_none(c))


def _check_grouped(choice: Choice, place: Place, split: Sequence[str], groups: Sequence[Sequence[str]]) -> None:
    key, e = place
    where = f"edge {e} of `{key}`"
    times = Counter(name for group in groups for name in group)
    for name in times:
        if name not in split:
            help_ = f"there is {', '.join(split)}"
            fail("NAS409", f"{where} has no active candidate `{name}` to group", span=choice.span, help=help_)
    for name in split:
        if times[name] != 1:
            found = "no group" if not times[name] else f"{times[name]} groups"
            help_ = "put each active operation into one group"
            fail("NAS409", f"`{name}` on {where} is in {found}", span=choice.span, help=help_)
    if not all(groups) and len(groups) > 1:
        help_ = "give each group an operation that the edge can keep; `none` keeps none"
        fail("NAS409", f"a group on {where} is empty, and so would be the parts with it", span=choice.span, help=help_)
