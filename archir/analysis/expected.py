"""The cost of a point, or of coefficients: each candidate's cost times its weight.

With coefficients (the gates of a search method) instead of kept or not, the sum over what can be chosen is
the expected cost: HourNAS' F[l, o] (Eqs. 5 to 10) and the complexity loss of H-DAS (Eq. 5) are such sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archir.analysis.axes import axes_of
from archir.analysis.conventions import DEFAULT
from archir.analysis.cost import Cost, of_node
from archir.analysis.table import MEASURES, shape_of
from archir.diagnostics import fail
from archir.ir.behind import behind as stands_behind
from archir.ir.graph import Call, Choice, Graph
from archir.ir.module import Module, join, owner_of, shared_choices
from archir.ir.point import Point


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
    Linear in each choice's coefficients; those of candidates that are not active do not count. Raises `ArchirError`
    NAS403 for a choice without coefficients.
    """
    weights = {}
    for key, choice in shared_choices(module).items():
        shape = shape_of(choice)
        if key not in coefficients or coefficients[key].shape != shape:
            help_ = f"give an array of {shape[0]} edges and {shape[1]} candidates"
            fail("NAS403", f"there are no coefficients for `{key}`, or of another shape", help=help_)
        weights[key] = np.where(axes_of(choice).exist(), coefficients[key], 0.0)
    sums = _weighted(module.graph, convention, lambda key, e, k, _: float(weights[key][e, k]))
    return dict(zip(MEASURES, map(float, sums), strict=True))


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
