"""Groups of operations that nothing speaks for: what groups from gradients are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from archir.ir.module import Module, shared_choices
from archir.passes.active import Place
from archir.passes.groups import Groups, grouped_on
from archir.search.randomness import derive_seed


def random_groups(module: Module, places: Sequence[Place], seed: int, index: int) -> Groups:
    """Two halves of the operations of each edge, drawn from the seed and the step's index."""
    choices = shared_choices(module)
    found: dict[Place, tuple[tuple[str, ...], ...]] = {}
    for place in places:
        names = grouped_on(choices, place)
        source = Random(derive_seed(seed, "groups", index, *place))  # noqa: S311 - a seed, not a secret
        first = set(source.sample(range(len(names)), len(names) // 2))
        halves = ([i for i in range(len(names)) if (i in first) == is_first] for is_first in (True, False))
        found[place] = tuple(tuple(names[i] for i in half) for half in halves) if len(names) > 1 else ()
    return found
