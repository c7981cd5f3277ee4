"""Tables of numbers of any number of axes, as immutable values: where parameters start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

Numbers: TypeAlias = "float | tuple[Numbers, ...]"
"""A number, or a table of numbers."""


def flattened(numbers: Numbers) -> Iterator[float]:
    """All numbers of a table."""
    if isinstance(numbers, tuple):
        for part in numbers:
            yield from flattened(part)
    else:
        yield numbers


def shape_of(numbers: Numbers) -> tuple[int, ...] | None:
    """The shape of a table, () for a number; None where rows differ."""
    if not isinstance(numbers, tuple):
        return ()
    shapes = {shape_of(part) for part in numbers}
    (inner,) = shapes if len(shapes) == 1 else (None,)
    return None if inner is None else (len(numbers), *inner)


def to_text(numbers: Numbers) -> str:
    """As the flat form writes it: `0.5`, `[[0.5, 0.0]]`."""
    return f"[{', '.join(map(to_text, numbers))}]" if isinstance(numbers, tuple) else repr(numbers)
