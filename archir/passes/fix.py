"""fix: a point is applied; no choice is left.

x[2] = choose ops from x[0..2]  -->  x[2] = sep_conv_3x3(x[0]) + skip(x[1])
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from attrs import NOTHING, evolve, frozen

from archir.diagnostics import fail
from archir.ir.behind import without_unneeded
from archir.ir.graph import Call, Choice, Graph, Node, Operation, WeightMask, forwarded_input, results
from archir.ir.module import Form, Module, homes, join, owner_of, weight_masks
from archir.ir.point import Point
from archir.ir.primitive import MASK
from archir.ir.rewrite import with_callees
from archir.ops.layout import Zero, zeros_for
from archir.ops.norm import restored
from archir.ops.pointwise import Add, Scale
from archir.passes.base import Pass, Rewrite, Values, option
from archir.passes.weights import Arithmetic, Old, Step, WeightExpression, WeightMap, former_path
from archir.space.points import check_point, point_from_json


@frozen
class Fix(Pass):
    """Keeps what a point says, of any module with the same choices, at any size.

    Weights keep their paths; where they were masked, they are zero. Batch norms that had no scale and shift while
    searching get them.
    """

    name: ClassVar[str] = "fix"
    summary: ClassVar[str] = "a point (JSON file) is applied: what it keeps stays"
    takes: ClassVar[tuple[Form, ...]] = ("space", "relaxed")
    gives: ClassVar[Form | None] = "network"

    point: str = option(NOTHING, "the point: a JSON file, or the folder of a finished search")

    def run(self, module: Module, values: Values | None) -> Rewrite:
        return applied(module, read_point(self.point))


def read_point(path: str) -> Point:
    """The point in a file (a run folder means the point.json in it); raises `ArchirError` NAS404."""
    file = Path(path) / "point.json" if Path(path).is_dir() else Path(path)
    try:
        return point_from_json(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        fail(
            "NAS404", f"`{file}` cannot be read: {reason}", help="name a point.json, or the folder of a finished search"
        )


def applied(module: Module, point: Point) -> Rewrite:
    """The network at a point, with weights of its own for what shared them while searching.

    Raises `ArchirError` NAS404 if the point is not of this module.
    """
    return Rewrite(fixed(module, point), own_weights(module))


def own_weights(module: Module) -> WeightMap:
    """Where weights come from when each path has its own again: from homes; what was masked out is zero."""
    weights: dict[str, str | WeightExpression] = dict(homes(module.graph))
    masked = {path: _masked(former_path(weights, path) or path, mask) for path, mask in weight_masks(module.graph)}
    return weights | masked


def _masked(path: str, mask: WeightMask) -> WeightExpression:
    return Arithmetic("*", Old(path), Step(Old(f"{path}{MASK}"), mask.threshold))


def fixed(module: Module, point: Point) -> Module:
    """The network at a point; raises `ArchirError` NAS404 if the point is not of this module."""
    check_point(module, point)
    return _at(module, point, frozenset(), "network")


def partly_fixed(module: Module, point: Point, open_: frozenset[str]) -> Module:
    """The space that is left where a point speaks of some choices, and those of the keys `open_` stay choices."""
    return _at(module, point, open_, "space")


def _at(module: Module, point: Point, open_: frozenset[str], form: Form) -> Module:
    memo: dict[tuple[int, str | None], Graph] = {}

    def change(g: Graph, tag: str | None) -> Graph:
        if (id(g), tag) not in memo:
            memo[id(g), tag] = _without_choices(g, tag, point, open_, change)
        return memo[id(g), tag]

    graph = change(module.base or module.graph, None)
    origin = module.origin
    if origin is not None:  # what was decided before stays decided
        before = () if origin.point is None else origin.point.choices
        origin = evolve(origin, point=Point((*before, *point.choices)))
    return Module(module.name, form, graph, origin=origin, history=module.history)


def _nothing_kept(choice: Choice, key: str) -> tuple[str, Zero]:
    """The zeros that stand for a choice of which nothing is kept, and the value that they are made from."""
    for edge in choice.edges:
        for source, value in zip(edge.sources, edge.candidates[0].graph.inputs, strict=True):
            zero = zeros_for(value.type, choice.type)
            if zero is not None:
                return source, zero
    help_ = "say `some` instead of `any`, or give an edge a candidate `none`"
    fail(
        "NAS404", f"nothing is kept of `{key}`, and no zeros of {choice.type} can be made", span=choice.span, help=help_
    )


def _without_choices(
    graph: Graph, tag: str | None, point: Point, open_: frozenset[str], change: Callable[[Graph, str | None], Graph]
) -> Graph:
    owner = owner_of(graph, tag)
    nodes: list[Node] = []
    renamed: dict[str, str] = {}
    windows = {
        node.name: kept[0].operation
        for node in graph.nodes
        if isinstance(node, Choice) and node.windows and (kept := point.kept(join(owner, node.name)))
    }
    undecided = any(isinstance(n, Choice) and n.windows and join(owner, n.name) in open_ for n in graph.nodes)
    for node in graph.nodes if undecided else without_unneeded(graph, windows):
        if isinstance(node, Choice) and join(owner, node.name) in open_:
            nodes.append(_left_open(node, renamed, change))
        elif isinstance(
            node, Choice
        ):  # only kept candidates are changed: a point says nothing of what is inside others
            made, terms = _kept_nodes(node, point, join(owner, node.name), renamed, change)
            if node.slots == 1:
                total, terms = _total(node, join(owner, node.name), terms, renamed)
                made += total
            nodes += made
            renamed.update(zip(results(node), terms, strict=True))
        else:
            plain = restored(with_callees(node, change))
            assert not isinstance(plain, Choice)
            if isinstance(plain, Operation) and plain.mask is not None:
                plain = evolve(plain, mask=None)
            nodes.append(evolve(plain, operands=tuple(renamed.get(o, o) for o in plain.operands)))
    output = renamed.get(graph.output, graph.output)
    return evolve(graph, nodes=tuple(nodes), output=output)


def _left_open(choice: Choice, renamed: Mapping[str, str], change: Callable[[Graph, str | None], Graph]) -> Choice:
    """A choice that stays one, among what is left of the others."""
    changed = with_callees(choice, change)
    assert isinstance(changed, Choice)
    edges = (evolve(edge, sources=tuple(renamed.get(s, s) for s in edge.sources), home=None) for edge in changed.edges)
    return evolve(changed, edges=tuple(edges))


def _kept_nodes(
    choice: Choice, point: Point, key: str, renamed: Mapping[str, str], change: Callable[[Graph, str | None], Graph]
) -> tuple[list[Node], list[str]]:
    """The nodes of what a choice keeps, and the values that they give, in the order of edges."""
    nodes: list[Node] = []
    terms: list[str] = []
    for kept in point.kept(key) or ():
        edge = choice.edges[kept.edge]
        place, candidate = next((i, c) for i, c in enumerate(edge.candidates) if c.name == kept.operation)
        operands = tuple(renamed.get(source, source) for source in edge.sources)
        path = f"{choice.name}.{kept.edge}.{kept.operation}"
        graph = change(candidate.graph, None)
        through = forwarded_input(graph)
        if choice.windows:
            given = operands[place : place + choice.slots]
        elif through is not None:
            given = (operands[through],)
        else:
            nodes.append(Call(path, graph, operands, None, choice.span))
            given = (path,)
        if kept.coefficient is not None:
            names = results(choice, f"{path}_scale") if choice.windows else (f"{path}_scale",)
            nodes += [
                Operation(n, Scale(kept.coefficient), (g,), choice.type) for n, g in zip(names, given, strict=True)
            ]
            given = names
        terms += given
    return nodes, terms


def _total(choice: Choice, key: str, terms: list[str], renamed: Mapping[str, str]) -> tuple[list[Node], list[str]]:
    """The sum of what is kept: a node where more or less than one value is, and the value that holds it."""
    if len(terms) == 1:
        return [], terms
    if terms:
        total = Operation(f"{choice.name}.add", Add(), tuple(terms), choice.type, choice.span)
    else:
        source, zero = _nothing_kept(choice, key)
        total = Operation(f"{choice.name}.zero", zero, (renamed.get(source, source),), choice.type, choice.span)
    return [total], [total.name]
