"""What the cells of a point compute, as text: points with equal texts compute the same.

Two rules, named because counts differ by them (NAS-Bench-201 has 15,625 points):

`published`: the text of NAS-Bench-201 (Dong, Yang, ICLR 2020). What `none` gives, and what is computed
    from it alone, is zero; skips are what they skip from; a sum is its terms in alphabetic order, zeros
    included, a sum as one term among them: 6,466 different cells.
`canonical`: zeros leave the sum, sums inside sums are taken apart, then terms are sorted: 4,930.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

from archir.diagnostics import fail
from archir.ir.behind import without_unneeded
from archir.ir.graph import Call, Choice, Graph, Operation, forwarded_input, results
from archir.ir.module import Module, join, owner_of
from archir.ir.point import Kept, Point
from archir.ops.pointwise import Add
from archir.ops.zeros import gives_zeros
from archir.space.space import digits, space_of

Rule: TypeAlias = Literal["published", "canonical"]
RULES: tuple[Rule, ...] = ("published", "canonical")
LIMIT = 1_000_000
_ZERO = "#"
_Terms: TypeAlias = tuple[str, ...]
_Sum: TypeAlias = Callable[[Sequence[_Terms]], _Terms]


def unique_size(module: Module, rule: Rule) -> int:
    """How many points of a space are different by a rule; all are looked at.

    Raises `ArchirError` NAS402 for spaces of more than `LIMIT` points.
    """
    space = space_of(module)
    if space.size > LIMIT:
        help_ = "compare the expressions of points of your own instead"
        fail("NAS402", f"{digits(space.size)} points are too many to be compared one by one", help=help_)
    owners = _owners(module)
    return len({_of_owners(owners, point, rule) for point in space.enumerate()})


def expressions(module: Module, point: Point, rule: Rule) -> tuple[str, ...]:
    """The text of each definition that holds choices, at a point."""
    return _of_owners(_owners(module), point, rule)


def _of_owners(owners: Mapping[str, Graph], point: Point, rule: Rule) -> tuple[str, ...]:
    kept = dict(point.choices)
    return tuple(
        "+".join(_of_graph(graph, owner, [(str(i),) for i in range(len(graph.inputs))], kept, _SUMS[rule]))
        for owner, graph in owners.items()
        if any(isinstance(node, Choice) and join(owner, node.name) in kept for node in graph.nodes)
    )


def _owners(module: Module) -> dict[str, Graph]:
    """Graphs with choices of their own by the name that their choices carry, one of each name; none in candidates."""
    found: dict[str, Graph] = {}
    seen: set[tuple[int, str | None]] = set()

    def visit(graph: Graph, tag: str | None) -> None:
        if (id(graph), tag) in seen:
            return
        seen.add((id(graph), tag))
        if any(isinstance(node, Choice) for node in graph.nodes):
            found.setdefault(owner_of(graph, tag), graph)
        for node in graph.nodes:
            if isinstance(node, Call):
                visit(node.graph, node.tag)

    visit(module.graph, None)
    return found


def _of_graph(
    graph: Graph, owner: str, inputs: Sequence[_Terms], kept: Mapping[str, tuple[Kept, ...]], add: _Sum
) -> _Terms:
    """The terms of a graph's output, given those of its inputs."""
    values = {value.name: terms for value, terms in zip(graph.inputs, inputs, strict=True)}
    windows = {
        node.name: here[0].operation
        for node in graph.nodes
        if isinstance(node, Choice) and node.windows and (here := kept.get(join(owner, node.name)))
    }
    for node in without_unneeded(graph, windows):
        if isinstance(node, Choice):
            values |= _of_choice(node, join(owner, node.name), values, kept, add)
            continue
        operands = [values[operand] for operand in node.operands]
        if isinstance(node, Operation) and isinstance(node.primitive, Add):
            values[node.name] = add(operands)
        else:
            values[node.name] = _applied(node.name, operands)
    return values[graph.output]


def _of_choice(
    choice: Choice, key: str, values: Mapping[str, _Terms], kept: Mapping[str, tuple[Kept, ...]], add: _Sum
) -> dict[str, _Terms]:
    """The terms of each of a choice's values."""
    here = kept.get(key, ())
    terms: list[_Terms] = []
    for e, edge in enumerate(choice.edges):
        names = {k.operation for k in here if k.edge == e}
        terms += [(_ZERO,)] if not names and choice.slots == 1 else []
        for place, candidate in enumerate(edge.candidates):
            if candidate.name in names and choice.windows:
                terms += [values[source] for source in choice.filled(place)]
            elif candidate.name in names:
                terms.append(_through(candidate.name, candidate.graph, [values[s] for s in edge.sources], kept, add))
    return {choice.name: add(terms)} if choice.slots == 1 else dict(zip(results(choice), terms, strict=True))


def _through(
    name: str, graph: Graph, sources: Sequence[_Terms], kept: Mapping[str, tuple[Kept, ...]], add: _Sum
) -> _Terms:
    if all(x == (_ZERO,) for x in sources) or gives_zeros(graph):
        return (_ZERO,)
    through = forwarded_input(graph)
    if through is not None:
        return sources[through]
    if any(isinstance(node, Choice) for node in graph.nodes):
        (text,) = _applied(name, [_of_graph(graph, graph.name, sources, kept, add)])
        return (text,)
    return _applied(name, sources)


def _applied(name: str, operands: Sequence[_Terms]) -> _Terms:
    return (f"({', '.join('+'.join(x) for x in operands)})@{name}",)


def _published(terms: Sequence[_Terms]) -> _Terms:
    return ("+".join(sorted("+".join(x) for x in terms)),)


def _canonical(terms: Sequence[_Terms]) -> _Terms:
    flat = sorted(term for x in terms for term in x if term != _ZERO)
    return tuple(flat) or (_ZERO,)


_SUMS: dict[Rule, _Sum] = {"published": _published, "canonical": _canonical}
