"""restrict: there is less to choose from.

x[2] = choose ops from x[0] and ops from x[1]  -->  x[2] = choose ops from x[0] active none | skip and ops from x[1]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal, TypeAlias

from attrs import frozen

from archir.diagnostics import fail
from archir.ir.graph import Choice
from archir.ir.module import Form, Module, shared_choices
from archir.passes.active import Place, active_on, names_in, read_edges, restricted
from archir.passes.base import Pass, Rewrite, Values, option
from archir.sema.suggest import did_you_mean

Row: TypeAlias = tuple[str, int | Literal["all"], tuple[str, ...]]

_LOOKS = '{"normal.x.2": [["none", "skip"], null]}: names for each edge, null where nothing changes'


@frozen
class Restrict(Pass):
    """Only some candidates stay active: the others are not computed, own no weights, cost nothing and are not counted.

    `to` has a row for each restriction: a choice, one of its edges, what stays on it. Instead of a choice it may name
    a cell (all its choices) or `all`; instead of an edge, `all`. Such a row leaves the edges that lack one of the names
    with the others. `file` is a JSON file of the same. What is not active already never becomes so.

    Architecture parameters, gates and points keep their shapes and names; the softmax of an edge and all else that runs
    over candidates runs over active ones. Weights keep their paths, so they are inherited by path. Where `none` stands
    for not keeping an edge (`keep any edges` with one operation), an edge without an active `none` has to stay.
    """

    name: ClassVar[str] = "restrict"
    summary: ClassVar[str] = "only some candidates stay active"
    takes: ClassVar[tuple[Form, ...]] = ("space", "relaxed")

    to: tuple[Row, ...] = option((), "such as `((normal.x.2, 0, (none, skip)), (reduce, all, (skip, sep_conv_3x3)))`")
    file: str = option("", 'a JSON file such as `{"normal.x.2": [["none", "skip"], null]}`')

    def run(self, module: Module, values: Values | None) -> Rewrite:
        choices = shared_choices(module)
        said = read_edges(self.file, _LOOKS) if self.file else {}
        active = {place: names_in(self.file, names, _LOOKS) for place, names in said.items() if names is not None}
        for row in self.to:
            for place, names in _rows(choices, row):
                active[place] = tuple(name for name in active.get(place, names) if name in names)
        if not active:
            fail("NAS409", "`restrict` is not told what stays", help="write `restrict{to=((all, all, (skip)))}`")
        return Rewrite(restricted(module, active))


def _rows(choices: dict[str, Choice], row: Row) -> Iterator[tuple[Place, tuple[str, ...]]]:
    """What a row says of each edge that it speaks of."""
    of, edge, names = row
    keys = [key for key in choices if of == "all" or key == of or key.startswith(f"{of}.")]
    if not keys:
        help_ = did_you_mean(of, choices) or f"its choices are {', '.join(choices)}"
        fail("NAS409", f"there is no choice or cell `{of}`", help=help_)
    places = [(key, e) for key in keys for e in (range(len(choices[key].edges)) if edge == "all" else (edge,))]
    active = {place: active_on(choices, place) for place in places}
    known = dict.fromkeys(name for names_ in active.values() for name in names_)
    for name in names:
        if name not in known:
            help_ = did_you_mean(name, known) or f"there is {', '.join(known)}"
            fail("NAS409", f"no edge of `{of}` has an active candidate `{name}`", help=help_)
    for place in places:
        yield place, tuple(name for name in names if name in active[place])
