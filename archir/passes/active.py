"""Active sets: which candidates of a module's choices there are to choose from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from attrs import evolve

from archir.diagnostics import fail
from archir.ir.graph import Choice, Edge, Graph, Node
from archir.ir.module import Module, join, owner_of, shared_choices
from archir.ir.rewrite import with_callees
from archir.sema.suggest import did_you_mean
from archir.space.space import space_of

Place: TypeAlias = tuple[str, int]
"""An edge of a choice: the choice's shared name, and the edge's place."""
Active: TypeAlias = Mapping[Place, Iterable[str]]
"""What is active on some edges, by name; what it does not speak of stays as it is."""


def restricted(module: Module, active: Active) -> Module:
    """The module with no more than these candidates active; all that is indexed by their places keeps its shape.

    Raises `ArchirError` NAS409 for what the module does not have, and where nothing is left to choose.
    """
    choices = shared_choices(module)
    names = {place: _checked(choices, place, tuple(of)) for place, of in active.items()}
    memo: dict[tuple[int, str | None], Graph] = {}

    def change(graph: Graph, tag: str | None) -> Graph:
        key = id(graph), tag
        if key not in memo:
            owner = owner_of(graph, tag)
            nodes = tuple(_node(with_callees(node, change), owner, names) for node in graph.nodes)
            same = all(new is old for new, old in zip(nodes, graph.nodes, strict=True))
            memo[key] = graph if same else evolve(graph, nodes=nodes)
        return memo[key]

    base = None if module.base is None else change(module.base, None)
    after = evolve(module, graph=change(module.graph, None), base=base)
    _refuse_empty(after, choices)
    return after


def _node(node: Node, owner: str, names: Mapping[Place, tuple[str, ...]]) -> Node:
    if not isinstance(node, Choice):
        return node
    key = join(owner, node.name)
    edges = tuple(_edge(edge, names.get((key, e))) for e, edge in enumerate(node.edges))
    same = all(new is old for new, old in zip(edges, node.edges, strict=True))
    return node if same else evolve(node, edges=edges)


def _edge(edge: Edge, names: tuple[str, ...] | None) -> Edge:
    if names is None:
        return edge
    active = tuple(candidate.name for candidate in edge.candidates if candidate.name in names)
    return edge if len(active) == len(edge.alternatives) else evolve(edge, active=active)


def _checked(choices: Mapping[str, Choice], place: Place, names: tuple[str, ...]) -> tuple[str, ...]:
    key, e = place
    active = active_on(choices, place)
    if not names:
        fail("NAS409", f"nothing is left on edge {e} of `{key}`", span=choices[key].span, help=_listed(active))
    for name in names:
        if name not in active:
            message = f"edge {e} of `{key}` has no active candidate `{name}`"
            fail("NAS409", message, span=choices[key].span, help=did_you_mean(name, active) or _listed(active))
    return names


def active_on(choices: Mapping[str, Choice], place: Place) -> tuple[str, ...]:
    """The names that are active on an edge; raises `ArchirError` NAS409 if there is no such edge."""
    key, e = place
    if key not in choices:
        help_ = did_you_mean(key, choices) or f"its choices are {', '.join(choices)}"
        fail("NAS409", f"there is no choice `{key}`", help=help_)
    edges = choices[key].edges
    if not 0 <= e < len(edges):
        help_ = f"it has {len(edges)}, counted from 0"
        fail("NAS409", f"`{key}` has no edge {e}", span=choices[key].span, help=help_)
    return tuple(candidate.name for _, candidate in edges[e].alternatives)


def active_sets(module: Module) -> dict[Place, tuple[str, ...]]:
    """What is active on each edge."""
    choices = shared_choices(module)
    places = [(key, e) for key, choice in choices.items() for e in range(len(choice.edges))]
    return {place: active_on(choices, place) for place in places}


def _listed(active: Iterable[str]) -> str:
    return f"its active candidates are {', '.join(active)}"


def _refuse_empty(module: Module, choices: Mapping[str, Choice]) -> None:
    space = space_of(module)
    if space.size:
        return
    key = next((key for key, size in space.sizes.items() if not size), "")
    span = choices[key].span if key in choices else None
    help_ = "leave it as many edges that can stay as it keeps: `none` keeps no edge"
    fail("NAS409", f"no point is left: `{key}` cannot keep what it has to", span=span, help=help_)


def read_edges(path: str, looks: str) -> dict[Place, Any]:
    """A JSON file of what is said of edges: choice -> a list with an item for each edge, None where it has null.

    Raises `ArchirError` NAS409; `looks` shows a right file.
    """
    file = Path(path)
    try:
        data = json.loads(file.read_text("utf-8"))
    except OSError as error:
        fail("NAS409", f"`{file}` cannot be read: {(error.strerror or str(error)).lower()}", help="name a JSON file")
    except (ValueError, RecursionError) as error:
        fail("NAS409", f"`{file}` is no JSON text: {error}", help=f"it looks like {looks}")
    if not isinstance(data, dict) or not all(isinstance(of, list) for of in data.values()):
        refuse_file(path, looks)
    return {(key, e): said for key, of in data.items() for e, said in enumerate(of)}


def names_in(path: str, said: Any, looks: str) -> tuple[str, ...]:
    """A list of names; raises `ArchirError` NAS409 for anything else."""
    if not isinstance(said, list) or not all(isinstance(name, str) for name in said):
        refuse_file(path, looks)
    return tuple(said)


def refuse_file(path: str, looks: str) -> NoReturn:
    """Raises `ArchirError` NAS409: a file holds something else."""
    fail("NAS409", f"`{path}` does not say what is active on which edge", help=f"it looks like {looks}")
