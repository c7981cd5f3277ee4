"""partition: one space as several that lie in it.

x[2] = choose ops from x[0] keep any edges
-->  x[2] = choose ops from x[0] active none | skip keep any edges
     x[2] = choose ops from x[0] active conv | pool keep any edges
"""

from __future__ import annotations

from itertools import product
from math import prod
from random import Random
from typing import ClassVar, Literal

from attrs import evolve, frozen, validators

from archir.diagnostics import fail
from archir.ir.graph import Choice
from archir.ir.module import Form, Module, choice_instances, shared_choices
from archir.limits import Limits, current_limits
from archir.passes.active import Place, restricted
from archir.passes.base import Rewrite, Split, Values, option
from archir.passes.groups import Groups, groups_of, read_groups

Unit = tuple[Place, ...]
"""The edges that are split together, of one node or cell."""


@frozen
class Partition(Split):
    """The edges into one node (HEP-NAS, Li et al. 2025, Eq. 4) or one edge (few-shot NAS, Zhao et al. 2021) are split.

    The operations of each of these edges come in groups; each way to take one group of every edge is a part: the
    module with only these operations active. Without `groups` and `file`, each operation is a group of its own.

    Cells are split together: `at=0` is the first node of each. Part i of them all is part i of each (`pair`), which
    is not all that there was. With `pair=false` one node of one cell is split, and the parts cover the module.

    `none` goes into every group where it is no alternative: unless any number of edges may stay, with one operation
    on each, or the node has a single source. Weights and architecture parameters keep their paths.
    """

    name: ClassVar[str] = "partition"
    summary: ClassVar[str] = "several modules, each with some of the operations"
    takes: ClassVar[tuple[Form, ...]] = ("space", "relaxed")

    by: Literal["node", "edge"] = option("node", "what is split: all edges into a node, or one edge")
    at: int = option(0, "which node (or edge) of each cell, in the order", validator=validators.ge(0))
    order: Literal["forward", "reverse", "random"] = option("forward", "how they are counted")
    seed: int = option(0, "which random order")
    of: tuple[str, ...] = option((), "the cells, or choices, that are split; all if none is named")
    pair: bool = option(True, "cells are split together, part by part")
    groups: tuple[tuple[str, int, tuple[tuple[str, ...], ...]], ...] = option(
        (), "such as `((normal.x.2, 0, ((none, skip), (conv_1x1, conv_3x3))))`"
    )
    file: str = option("", 'a JSON file such as `{"normal.x.2": [[["none", "skip"], ["conv_1x1"]], null]}`')

    def parts(self, module: Module, values: Values | None) -> tuple[Rewrite, ...]:
        choices = shared_choices(module)
        given = self._given()
        found = [tuple(_combined(unit, choices, given)) for unit in self.units(module)]
        counts = {len(parts) for parts in found}
        if counts == {1}:
            where = " and ".join(f"`{key}`" for key, _ in self.units(module)[0])
            fail("NAS409", f"{where} is not split: each edge has one group", help="give two groups for an edge")
        if len(counts) > 1:
            numbers = " and ".join(str(len(parts)) for parts in found)
            help_ = "group them alike, or split them one by one: `pair=false`"
            fail("NAS409", f"cells that are split together have {numbers} parts", help=help_)
        together = zip(*found, strict=True)
        return tuple(Rewrite(restricted(module, {k: v for part in row for k, v in part.items()})) for row in together)

    def units(self, module: Module) -> tuple[Unit, ...]:
        """What is split together: of each cell a node's edges, or one edge."""
        cells: dict[str, list[Unit]] = {}
        for key, owner, choice in _choices(module, self.of):
            edges = tuple((key, e) for e in range(len(choice.edges)))
            cells.setdefault(owner if self.pair else "", []).extend(
                [edges] if self.by == "node" else [(edge,) for edge in edges]
            )
        chosen = []
        for units in cells.values():
            if self.order == "reverse":
                units.reverse()
            elif self.order == "random":
                Random(self.seed).shuffle(units)  # noqa: S311 - a seed, not a secret
            chosen += units[self.at : self.at + 1]
        if not chosen:
            there = max((len(units) for units in cells.values()), default=0)
            help_ = f"a cell has {there} at most, counted from 0"
            fail("NAS409", f"there is no {self.by} {self.at} to split", help=help_)
        return tuple(chosen)

    def grouped(self, module: Module) -> tuple[Place, ...]:
        return tuple(place for unit in self.units(module) for place in unit)

    def with_groups(self, groups: Groups) -> Partition:
        if self.groups or self.file:
            fail("NAS402", f"`{self.name}` has groups already", help="leave out `groups` and `file`")
        return evolve(self, groups=tuple((key, e, tuple(map(tuple, of))) for (key, e), of in groups.items()))

    def _given(self) -> Groups | None:
        if not self.groups and not self.file:
            return None
        return {**read_groups(self.file), **{(key, e): groups for key, e, groups in self.groups}}


def _choices(module: Module, of: tuple[str, ...]) -> list[tuple[str, str, Choice]]:
    """Each choice once, with its shared name and the cell that it belongs to."""
    found = {i.key: (i.key, i.owner, i.choice) for i in choice_instances(module.graph)}
    for name in of:
        if not any(name in (key, owner) for key, owner, _ in found.values()):
            fail("NAS409", f"there is no cell or choice `{name}`", help=f"its choices are {', '.join(found)}")
    return [entry for entry in found.values() if not of or entry[0] in of or entry[1] in of]


def _combined(unit: Unit, choices: dict[str, Choice], given: Groups | None) -> list[dict[Place, tuple[str, ...]]]:
    """One group of each edge, in every way; the last edge moves the fastest."""
    groups = [groups_of(choices, place, given) for place in unit]
    count = prod(map(len, groups))
    most = current_limits().parts
    if count > most:
        help_ = f"give groups of operations, or split by edge; {Limits.remedy('parts')}"
        fail("NAS409", f"{count:,} parts are more than {most:,}", span=choices[unit[0][0]].span, help=help_)
    return [dict(zip(unit, row, strict=True)) for row in product(*groups)]
