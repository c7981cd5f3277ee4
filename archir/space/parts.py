"""Which variables depend on one another, and in which order they are decided."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

from archir.space.variables import Variable


def parts_of(variables: Sequence[Variable]) -> tuple[tuple[Variable, ...], ...]:
    """The variables in groups that have nothing to do with one another, in order of their first variables.

    Inside a group each stands behind those that open it, and as soon behind them as it can: what must be
    remembered on the way stays small.
    """
    number = {v.key: n for n, v in enumerate(variables)}
    opens = [sorted(number[k] for k in v.activates & number.keys()) for v in variables]
    root = list(range(len(variables)))

    def find(n: int) -> int:
        while root[n] != n:
            root[n] = root[root[n]]
            n = root[n]
        return n

    for n, others in enumerate(opens):
        for other in others:
            low, high = sorted((find(n), find(other)))
            root[high] = low
    groups: dict[int, list[int]] = {}
    for n in range(len(variables)):
        groups.setdefault(find(n), []).append(n)
    return tuple(tuple(variables[n] for n in _ordered(group, opens)) for group in groups.values())


def _ordered(group: Sequence[int], opens: Sequence[Sequence[int]]) -> list[int]:
    waiting = dict.fromkeys(group, 0)
    for n in group:
        for other in opens[n]:
            waiting[other] += 1
    opened = {other for n in group for other in opens[n]}
    ready: list[tuple[bool, int]] = []  # those that something opens come first
    for n in group:
        if not waiting[n]:
            heappush(ready, (True, n))
    order: list[int] = []
    while ready:
        _, n = heappop(ready)
        order.append(n)
        for other in opens[n]:
            waiting[other] -= 1
            if not waiting[other]:
                heappush(ready, (other not in opened, other))
    return order
