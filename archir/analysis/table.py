"""Cost as a table over what can be chosen: F[choice][edge][candidate], and sums over it.

    cost(point) = fixed + sum over choices, edges, candidates of kept * F

With coefficients (the gates of a search method) instead of kept or not, the same sum is the expected cost:
HourNAS' F[l, o] (Eqs. 5 to 10) and the complexity loss of H-DAS (Eq. 5) are such sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, NoReturn

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from archir.analysis.conventions import DEFAULT
from archir.analysis.cost import Cost, of_node, total
from archir.diagnostics import fail
from archir.ir.behind import behind as stands_behind
from archir.ir.graph import Call, Choice, Graph
from archir.ir.memo import once_per_graph
from archir.ir.module import Module, chooses, join, owner_of, shared_choices
from archir.ir.point import Point
from archir.space.space import Part, Space, space_of

SMALL = 20_000
"""Spaces of at most this many points are enumerated where a cost is not additive."""
MEASURES = ("params", "macs", "elements")


@frozen
class Alternative:
    """One candidate on one edge of a choice."""

    key: str
    edge: int
    operation: str


@frozen
class Row:
    """What a choice costs in all its instances behind one alternative (None: behind none)."""

    key: str
    behind: Alternative | None


@frozen(eq=False)
class CostTable:
    """`fixed` is paid by every point; `rows` has, for each choice, the cost of each candidate on each edge.

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


@frozen
class Bounds:
    """Least, largest and mean cost over all points of a space, exactly."""

    min: int
    max: int
    mean: Fraction


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
        own = Cost()
        if isinstance(node, Choice):
            key = join(owner, node.name)
            mine = rows.setdefault(Row(key, behind), {})
            for e, edge in enumerate(node.edges):
                for c in edge.candidates:
                    if chooses(c.graph):
                        inside, inner = _table(c.graph, None, convention, Alternative(key, e, c.name))
                        _merge(rows, inner)
                    else:
                        inside = total(c.graph, convention)
                    mine[e, c.name] = mine.get((e, c.name), Cost()) + inside
        elif isinstance(node, Call):
            own, inner = _table(node.graph, node.tag, convention, behind)
            _merge(rows, inner)
        else:
            own = of_node(node, types, convention)
        place = standing.get(node.name)
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


def bounds(module: Module, convention: str = DEFAULT) -> dict[str, Bounds]:
    """Least, largest and mean `params`, `macs` and `elements` of the points of a space.

    Nothing is enumerated where costs add up; where a choice is open behind several alternatives they do not,
    and spaces of more than `SMALL` points raise `ArchirError` NAS402. Raises NAS404 for an empty space.
    """
    table, space = cost_table(module, convention), space_of(module)
    if not space.size:
        fail("NAS404", "the space is empty: no point keeps what is asked for", help="ask a `choose` to keep less")
    if table.additive:
        return {measure: _added(table, space, measure) for measure in MEASURES}
    if space.size > SMALL:
        refuse_sharing()
    costs = [cost_of(module, point, convention) for point in space.enumerate()]
    values = {m: [getattr(cost, m) for cost in costs] for m in MEASURES}
    return {m: Bounds(min(v), max(v), Fraction(sum(v), len(v))) for m, v in values.items()}


def refuse_sharing() -> NoReturn:
    """Raises `ArchirError` NAS402: a choice is open behind several alternatives."""
    help_ = "give the calls tags of their own (`cell@left(...)`), so that each chooses by itself"
    fail("NAS402", "costs do not add up: a nested choice is shared by several candidates", help=help_)


def known_bounds(module: Module, convention: str = DEFAULT) -> dict[str, Bounds] | None:
    """The `bounds` of a space, or None where there are no points, or too many to enumerate and no other way."""
    space = space_of(module)
    if not space.size or (space.size > SMALL and not cost_table(module, convention).additive):
        return None
    return bounds(module, convention)


def _added(table: CostTable, space: Space, measure: str) -> Bounds:
    least = most = getattr(table.fixed, measure)
    mean = Fraction(least)
    costs = {row.key: of for row, of in table.rows.items()}
    for part in space.parts:
        low, high, summed = part.diagram.totals(list(_weights(part, costs, measure)))
        least, most, mean = least + low, most + high, mean + Fraction(summed, part.diagram.size)
    return Bounds(least, most, mean)


def _weights(part: Part, costs: Mapping[str, Mapping[tuple[int, str], Cost]], measure: str) -> Iterator[int]:
    for key, slot in part.slots:
        yield getattr(costs[key][slot.edge, slot.operation], measure)


def cost_of(module: Module, point: Point, convention: str = DEFAULT) -> Cost:
    """The cost of the network at a point, without building it."""
    kept = {(key, k.edge, k.operation) for key, of in point.choices for k in of}
    sums = _weighted(module.graph, convention, lambda key, e, _, name: int((key, e, name) in kept))
    return Cost(*map(int, sums))


def expected(
    module: Module, coefficients: Mapping[str, NDArray[np.floating[Any]]], convention: str = DEFAULT
) -> dict[str, float]:
    """Expected `params`, `macs` and `elements`: each candidate's cost times its coefficient.

    `coefficients`: for each choice (by its shared name) an array over (edge, candidate), for example the
    values of its gate. What is nested in a candidate is multiplied by that candidate's coefficient, too.
    Linear in each choice's coefficients. Raises `ArchirError` NAS403 for a choice without coefficients.
    """
    for key, choice in shared_choices(module).items():
        shape = shape_of(choice)
        if key not in coefficients or coefficients[key].shape != shape:
            help_ = f"give an array of {shape[0]} edges and {shape[1]} candidates"
            fail("NAS403", f"there are no coefficients for `{key}`, or of another shape", help=help_)
    sums = _weighted(module.graph, convention, lambda key, e, k, _: float(coefficients[key][e, k]))
    return dict(zip(MEASURES, map(float, sums), strict=True))


def shape_of(choice: Choice) -> tuple[int, int]:
    """The shape of an array over a choice: its edges, and the most candidates that an edge has."""
    return len(choice.edges), max(len(edge.candidates) for edge in choice.edges)


_Weight = Callable[[str, int, int, str], float]
"""The weight of a candidate, given choice, edge, place on the edge and name."""
_Sums = tuple[float, float, float]


def _weighted(main: Graph, convention: str, weight: _Weight) -> _Sums:
    """Params, macs and elements, each candidate times its weight; exact where weights are integers."""
    memo: dict[tuple[int, str | None], _Sums] = {}

    def terms(graph: Graph, tag: str | None) -> Iterator[tuple[float, _Sums]]:
        owner, standing = owner_of(graph, tag), stands_behind(graph)
        types = graph.types()

        def needed(name: str) -> float:
            """The weight of the windows that need a node."""
            place = standing.get(name)
            if place is None:
                return 1
            key = join(owner, place.choice)
            return needed(place.choice) * sum(weight(key, 0, k, window) for k, window in place.windows)

        for node in graph.nodes:
            whole = needed(node.name)
            if not whole:
                continue
            if isinstance(node, Choice):
                key = join(owner, node.name)
                for e, edge in enumerate(node.edges):
                    for k, c in enumerate(edge.candidates):
                        share = whole * weight(key, e, k, c.name)
                        if share:
                            yield share, sums(c.graph, None)
            elif isinstance(node, Call):
                yield whole, sums(node.graph, node.tag)
            else:
                cost = of_node(node, types, convention)
                yield whole, (cost.params, cost.macs, cost.elements)

    def sums(graph: Graph, tag: str | None) -> _Sums:
        if (id(graph), tag) not in memo:
            params: float = 0
            multiply_adds: float = 0
            elements: float = 0
            for share, (p, m, e) in terms(graph, tag):
                params, multiply_adds, elements = params + share * p, multiply_adds + share * m, elements + share * e
            memo[id(graph), tag] = (params, multiply_adds, elements)
        return memo[id(graph), tag]

    return sums(main, None)
