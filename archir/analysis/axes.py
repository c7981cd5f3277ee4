"""The axes of a choice: which (edge, operation) there are, and which of them are `none`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen

from archir.ir.graph import Choice
from archir.space.variables import is_none

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Table: TypeAlias = tuple[tuple[bool, ...], ...]


@frozen
class Axes:
    """Tables over (edge, operation), as wide as the longest edge.

    exists: the edge has so many candidates. solid: there is one, and keeping it keeps the edge; under a
    rule for edges `none` is not solid, since an edge that would carry it is not kept.
    """

    exists: Table
    solid: Table

    @property
    def ragged(self) -> bool:
        """Whether some edge has fewer candidates than another."""
        return not all(map(all, self.exists))

    def exist(self) -> NDArray[np.bool_]:
        """`exists` as an array."""
        return _array(self.exists)

    def kept(self) -> NDArray[np.bool_]:
        """`solid` as an array."""
        return _array(self.solid)


def axes_of(choice: Choice) -> Axes:
    """The axes of a choice."""
    most = max(len(edge.candidates) for edge in choice.edges)
    exists = tuple(tuple(k < len(edge.candidates) for k in range(most)) for edge in choice.edges)
    solid = tuple(
        tuple(
            k < len(edge.candidates) and (choice.keep.edges is None or not is_none(edge.candidates[k]))
            for k in range(most)
        )
        for edge in choice.edges
    )
    return Axes(exists, solid)


def _array(table: Table) -> NDArray[np.bool_]:
    import numpy as np

    return np.array(table, dtype=bool)
