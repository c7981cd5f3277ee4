"""The layers of a space: places that keep exactly one of their operations, each by itself.

A distribution over such a space is a softmax a layer, its expected cost is a sum over layers (HourNAS, Eq. 4), and
one operation of each layer is a network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import NoReturn, TypeAlias

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from archir.diagnostics import fail
from archir.ir.graph import Amount, Choice
from archir.ir.module import Module, shared_choices
from archir.ir.point import Kept, Point
from archir.space.space import space_of
from archir.space.variables import is_none

Picks: TypeAlias = NDArray[np.intp]
"""Networks: an operation (by its place among the layer's) for each layer, over (..., layer)."""

_ONE = Amount(1, 1)


@frozen
class Layer:
    """One edge of a choice: it keeps exactly one of its operations.

    Attributes:
        key: the choice's shared name.
        edge: its place.
        operations: the names of all candidates.
        active: the places of those that can be kept, in order.
        none: the place of the one that leaves the edge out, if there is one.
    """

    key: str
    edge: int
    operations: tuple[str, ...]
    active: tuple[int, ...]
    none: int | None = None


def layers_of(module: Module) -> tuple[Layer, ...]:
    """The layers of a space, in order of first computation.

    Raises:
        ArchirError: NAS402 for a network or relaxed module, and where a choice keeps something else than one operation
            of each edge (or of any edges, with one `none` on each), or is open only where another one keeps something.
    """
    choices = shared_choices(module)
    if not choices or module.form != "space":  # a relaxed module may lack the scales of its networks' norms
        what = f"is a module of form `{module.form}`" if choices else "has no choice left"
        fail("NAS402", f"`{module.name}` {what}", help="propose for a space, before `derive` or `fix`")
    for variable in space_of(module).variables:
        if variable.conditional:
            _refuse(variable.key, "is open only where another choice keeps something")
    return tuple(layer for key, choice in choices.items() for layer in _layers(key, choice))


def size(layers: Sequence[Layer]) -> int:
    """How many networks there are."""
    return prod(len(layer.active) for layer in layers)


def point_of(layers: Sequence[Layer], picks: Picks) -> Point:
    """The network that keeps these operations, as a point of the space."""
    kept: dict[str, tuple[Kept, ...]] = {}
    for layer, pick in zip(layers, picks.tolist(), strict=True):
        mine = () if pick == layer.none else (Kept(layer.edge, layer.operations[pick]),)
        kept[layer.key] = kept.get(layer.key, ()) + mine
    return Point(tuple(kept.items()))


def by_choice(layers: Sequence[Layer], values: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Values over (layer, operation) as an array over (edge, operation) for each choice."""
    rows: dict[str, list[NDArray[np.float64]]] = {}
    for layer, row in zip(layers, values, strict=True):
        rows.setdefault(layer.key, []).append(row)
    most = {key: max(len(layer.operations) for layer in layers if layer.key == key) for key in rows}
    return {key: np.stack(of)[:, : most[key]] for key, of in rows.items()}


def _layers(key: str, choice: Choice) -> Iterator[Layer]:
    keep, edges = choice.keep, len(choice.edges)
    if keep.operations != _ONE:
        _refuse(key, "may keep several operations of an edge")
    any_edges = keep.edges is not None and keep.edges.least == 0 and keep.edges.most in (None, edges)
    if not any_edges and keep.edges not in (None, Amount(edges, edges)):
        _refuse(key, "keeps some of its edges, not each by itself")
    for e, edge in enumerate(choice.edges):
        zeros = [k for k, c in enumerate(edge.candidates) if keep.edges is not None and is_none(c)]
        if any_edges and len(zeros) != 1:
            _refuse(key, f"may leave edge {e} out, which {'more than one' if zeros else 'no'} candidate says")
        if not any_edges and zeros:
            _refuse(key, f"has a `none` on edge {e} that it never keeps")
        active = tuple(k for k, _ in edge.alternatives)
        yield Layer(key, e, tuple(c.name for c in edge.candidates), active, zeros[0] if zeros else None)


def _refuse(key: str, why: str) -> NoReturn:
    fail(
        "NAS402",
        f"`{key}` {why}, so networks are not one operation a layer",
        help="proposals take `keep 1 op`, `keep any edges` with a `none` on each edge, and `keep all edges` without it",
    )
