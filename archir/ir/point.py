"""A point of a space: for each choice, what is kept."""

from __future__ import annotations

from attrs import field, frozen


@frozen(order=True)
class Kept:
    """One kept alternative: an edge's place, the candidate on it, and perhaps a coefficient."""

    edge: int
    operation: str
    coefficient: float | None = None


def _sorted(choices: tuple[tuple[str, tuple[Kept, ...]], ...]) -> tuple[tuple[str, tuple[Kept, ...]], ...]:
    return tuple((key, tuple(sorted(kept, key=lambda k: (k.edge, k.operation)))) for key, kept in choices)


@frozen
class Point:
    """What is kept of each choice, by the choice's shared name."""

    choices: tuple[tuple[str, tuple[Kept, ...]], ...] = field(converter=_sorted)

    def kept(self, key: str) -> tuple[Kept, ...] | None:
        """What is kept of one choice, or None if the point does not speak of it."""
        return dict(self.choices).get(key)
