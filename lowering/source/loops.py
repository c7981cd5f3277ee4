"""Runs of calls that a person would write as a loop.

s0, s1 = s1, self.cell[0](s0, s1)
s0, s1 = s1, self.cell[1](s0, s1)  -->  for cell in self.cell:
...                                         s0, s1 = s1, cell(s0, s1)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from attrs import frozen

from archir.ir.graph import Call, Node
from archir.lowering.source.flow import Flow
from archir.lowering.source.names import identifier

_SHORTEST = 3


@frozen
class Run:
    """Calls of all elements of a list in order, each on the results of those just before it.

    `starts` are the values that the first reads, `state` names for what is carried.
    """

    nodes: tuple[str, ...]
    text: str
    item: str
    starts: tuple[str, ...]
    state: tuple[str, ...]


def find_runs(
    values: Flow, statements: Sequence[Node], element: Callable[[str], tuple[str, int, int] | None]
) -> Iterator[Run]:
    """The runs among the statements of a body; they do not overlap."""
    for i, node in enumerate(statements):
        place = element(node.name) if isinstance(node, Call) else None
        if place is None or place[1] != 0 or place[2] < _SHORTEST:
            continue
        some = statements[i : i + place[2]]
        run = _run(values, some, place[0]) if len(some) == place[2] else None
        if run is not None and all(element(n.name) == (place[0], k, place[2]) for k, n in enumerate(some)):
            yield run


def _run(values: Flow, some: Sequence[Node], text: str) -> Run | None:
    first = some[0]
    if not all(isinstance(n, Call) for n in some) or not isinstance(first, Call):
        return None
    names = [n.name for n in some]
    starts = values.reads[first.name]
    carried = [*starts, *names]
    if any(values.reads[name] != tuple(carried[k : k + len(starts)]) for k, name in enumerate(names)):
        return None
    readers = values.readers()
    if any(set(readers.get(name, ())) - set(names) for name in names[:-1]) or names[-1] not in readers:
        return None
    state = tuple(identifier(v.name) for v in first.graph.inputs)
    item = identifier(first.name.rpartition(".")[0].rpartition(".")[2])
    if item in state:
        item = first.graph.kind
    return Run(tuple(names), text, item, starts, state)
