"""Results that are computed once for each graph object, for as long as it lives.

Graphs are large and shared, so they are told apart by identity: equal graphs may be computed
twice, but none is hashed or compared.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

from archir.ir.graph import Graph

P = ParamSpec("P")
R = TypeVar("R")


def once_per_graph(function: Callable[Concatenate[Graph, P], R]) -> Callable[Concatenate[Graph, P], R]:
    """A pure function of a graph (and hashable further arguments) that remembers its results."""
    known: dict[int, dict[Hashable, R]] = {}

    @wraps(function)
    def remembered(graph: Graph, /, *args: P.args, **kwargs: P.kwargs) -> R:
        results = known.get(id(graph))
        if results is None:
            results = known[id(graph)] = {}
            weakref.finalize(graph, known.pop, id(graph), None).atexit = False
        key = cast(Hashable, (args, tuple(sorted(kwargs.items()))))
        if key not in results:
            results[key] = function(graph, *args, **kwargs)
        return results[key]

    return remembered
