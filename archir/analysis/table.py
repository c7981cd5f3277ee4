"""Cost as a table over what can be chosen: F[choice][edge][candidate], and sums over it.

cost(point) = fixed + sum over choices, edges, candidates of kept * F
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from attrs import field, frozen

from archir.analysis.conventions import DEFAULT
from archir.analysis.cost import Cost, of_node, total
from archir.diagnostics import fail
from archir.ir.behind import behind as stands_behind
from archir.ir.graph import Call, Choice, Graph
from archir.ir.memo import once_per_graph
from archir.ir.module import Module, chooses, join, owner_of

MEASURES = ("params", "macs", "elements")


@frozen
class Alternative:
    """One candidate on one edge of a choice, or any of several windows."""

    key: str
    edge: int
    operations: tuple[str, ...]


@frozen
class Row:
    """What a choice costs in all its instances behind one alternative (None: behind none)."""

    key: str
    behind: Alternative | None


@frozen(eq=False)
class CostTable:
    """`fixed` is paid by every point; `rows` has, for each choice, the cost of each active candidate on each edge.

    The cost of a candidate is that of its own operations, added over all instances of the choice; choices
    nested in it have rows of their own. The cost of a window (`choose adjacent`) is that of the operations
    that stand behind the choice and that it needs.
    """

    fixed: Cost
    rows: Mapping[Row, Mapping[tuple[int, str], Cost]] = field(repr=False)

    @property
    def additive(self) -> bool:
        """Whether a point's cost is the sum over what it keeps: no choice is open behind several alternatives."""
        return len({row.key for row in self.rows}) == len(self.rows)

    def cost(self, key: str, edge: int, operation: str) -> Cost:
        """F[choice][edge][candidate]; raises KeyError if there is no such candidate."""
        found = [costs[edge, operation] for row, costs in self.rows.items() if row.key == key]
        if not found:
            raise KeyError(key)
        return sum(found[1:], found[0])


def cost_table(module: Module, convention: str = DEFAULT) -> CostTable:
    """The costs of a module by what can be chosen."""
    fixed, rows = _table(module.graph, None, convention, None)
    return CostTable(fixed, rows)


_Rows = dict[Row, dict[tuple[int, str], Cost]]


@once_per_graph
def _table(graph: Graph, tag: str | None, convention: str, behind: Alternative | None) -> tuple[Cost, _Rows]:
    owner, standing = owner_of(graph, tag), stands_behind(graph)
    fixed, rows, types = Cost(), _Rows(), graph.types()
    for node in graph.nodes:
        own, place, here = Cost(), standing.get(node.name), behind
        if place is not None:  # what is chosen inside is open where one of the windows is kept
            here = Alternative(join(owner, place.choice), 0, tuple(window for _, window in place.windows))
        if isinstance(node, Choice):
            key = join(owner, node.name)
            mine = rows.setdefault(Row(key, here), {})
            for e, edge in enumerate(node.edges):
                for _, c in edge.alternatives:
                    if chooses(c.graph):
                        inside, inner = _table(c.graph, None, convention, Alternative(key, e, (c.name,)))
                        _merge(rows, inner)
                    else:
                        inside = total(c.graph, convention)
                    mine[e, c.name] = mine.get((e, c.name), Cost()) + inside
        elif isinstance(node, Call):
            own, inner = _table(node.graph, node.tag, convention, here)
            _merge(rows, inner)
        else:
            own = of_node(node, types, convention)
        if place is None:
            fixed += own
        else:  # the windows that need it pay for it; one of them is kept
            paid = {(0, window): own for _, window in place.windows}
            _merge(rows, {Row(join(owner, place.choice), behind): paid})
    return fixed, rows


def _merge(rows: _Rows, more: _Rows) -> None:
    for row, costs in more.items():
        mine = rows.setdefault(row, {})
        for place, cost in costs.items():
            mine[place] = mine.get(place, Cost()) + cost


def refuse_sharing() -> NoReturn:
    """Raises `ArchirError` NAS402: a choice is open behind several alternatives."""
    help_ = "give the calls tags of their own (`cell@left(...)`), so that each chooses by itself"
    fail("NAS402", "costs do not add up: a nested choice is shared by several candidates", help=help_)


def shape_of(choice: Choice) -> tuple[int, int]:
    """The shape of an array over a choice: its edges, and the most candidates that an edge has."""
    return len(choice.edges), max(len(edge.candidates) for edge in choice.edges)
