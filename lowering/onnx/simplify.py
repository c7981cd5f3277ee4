"""What an exported network computes once, or not at all: the passes on networks, and what weights add to them."""

from __future__ import annotations

from collections.abc import Mapping

from archir.ir.graph import Graph
from archir.lowering.flatten import Flat, Step
from archir.lowering.weights import Array
from archir.ops.layout import Zero
from archir.passes.canonicalize import canonical
from archir.passes.cse import computed_once
from archir.passes.dce import alive
from archir.passes.fold_bn import folded
from archir.passes.weights import evaluate


def simplified(graph: Graph, weights: Mapping[str, Array]) -> tuple[Graph, dict[str, Array]]:
    """An inlined graph after canonicalize, cse, dce and fold_bn, and the weights that it needs then.

    Since the weights are known here, operations whose weights are the same numbers count as equal, too. Batch norms
    behind one pooling are the usual case: without scale and shift they hold statistics of one and the same value.
    """
    own: dict[str, list[str]] = {}
    for path in weights:
        own.setdefault(path.rpartition(".")[0], []).append(path)

    def alike(first: str, second: str) -> bool:
        names = zip(own[first], own[second], strict=True)  # the order is that of the primitive, which is the same
        return all(_same(weights[a], weights[b]) for a, b in names)

    graph = alive(computed_once(canonical(graph), alike))
    graph, made = folded(graph)
    return graph, {**weights, **{path: evaluate(e, weights.__getitem__) for path, e in made.items()}}


def _same(a: Array, b: Array) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def used(flat: Flat) -> tuple[Step, ...]:
    """The steps that the output needs. Zeros need none: they are made from their shape."""
    needed = {flat.output}
    found: list[Step] = []
    for step in reversed(flat.steps):
        if step.path in needed:
            found.append(step)
            needed.update(() if isinstance(step.primitive, Zero) else step.operands)
    return tuple(reversed(found))
