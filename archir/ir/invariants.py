"""What holds inside each graph, whatever the form of the module.

A check is handed one graph and yields a `Breach` for each place where it finds its invariant broken. It passes over
what another row reports, so that one fault is told once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from attrs import evolve, frozen

from archir.ir.behind import contested
from archir.ir.graph import KINDS, Amount, Call, Choice, Edge, Graph, Keep, Operation, adjacent, results
from archir.ir.primitive import ShapeError
from archir.source import Span

_NAME = re.compile(r"[A-Za-z_]\w*(\.\w+)*", re.ASCII)


@frozen
class Breach:
    """One place where an invariant does not hold."""

    message: str
    span: Span | None = None


@frozen
class GraphInvariant:
    """A row of the table: what must hold in every graph, and who looks."""

    name: str
    statement: str
    check: Callable[[Graph], Iterable[Breach]]


def _names(graph: Graph) -> Iterator[Breach]:
    nodes = [node.name for node in graph.nodes]
    for fault in faults_of_names([value.name for value in graph.inputs] + nodes, prefixes=nodes):
        yield Breach(f"in `{graph.name}`, {fault}")


def faults_of_names(names: Sequence[str], *, prefixes: Sequence[str]) -> Iterator[str]:
    """What is wrong with names that must be legal and unique, and with those that must be prefix-free, too."""
    seen: set[str] = set()
    for name in names:
        if not _NAME.fullmatch(name):
            yield f"`{name}` is not a dotted name"
        if name in seen:
            yield f"the name `{name}` occurs twice"
        seen.add(name)
    owners = set(prefixes)
    for name in prefixes:
        dot = name.rfind(".")
        while dot > 0:
            if name[:dot] in owners:
                yield f"`{name[:dot]}` owns the weights below it, so nothing else may be called `{name}`"
            dot = name.rfind(".", 0, dot)


def _order(graph: Graph) -> Iterator[Breach]:
    defined = {value.name for value in graph.inputs}
    for node in graph.nodes:
        for operand in node.operands:
            if operand not in defined:
                yield Breach(
                    f"in `{graph.name}`, `{node.name}` reads `{operand}`, which is not computed before it", node.span
                )
        defined.update(results(node))
    if graph.output not in defined:
        yield Breach(f"`{graph.name}` returns `{graph.output}`, which it does not compute")


def _operations(graph: Graph) -> Iterator[Breach]:
    types = graph.types()
    for node in graph.nodes:
        if not isinstance(node, Operation) or any(operand not in types for operand in node.operands):
            continue
        where, arity, found = (
            f"in `{graph.name}`, `{node.name} = {node.primitive.name}(...)`",
            node.primitive.arity,
            len(node.operands),
        )
        if found != arity if arity is not None else found < 1:
            expected = "at least one operand" if arity is None else f"{arity} operand{'s' if arity != 1 else ''}"
            yield Breach(f"{where} takes {expected}, found {found}", node.span)
            continue
        inputs = tuple(types[operand] for operand in node.operands)
        try:
            given = node.primitive.infer(inputs)
        except ShapeError as error:
            yield Breach(f"{where} does not fit its operands: {str(error).partition('; ')[0]}", node.span)
            continue
        if given != node.type:
            yield Breach(f"{where} gives {given}, but {node.type} is stated", node.span)
        if node.primitive.resolve(inputs) != node.primitive:
            yield Breach(f"{where} has attributes that are not filled in", node.span)


def _weight_masks(graph: Graph) -> Iterator[Breach]:
    types = graph.types()
    for node in graph.nodes:
        if not isinstance(node, Operation) or node.mask is None or any(o not in types for o in node.operands):
            continue
        where = f"in `{graph.name}`, `{node.name} = {node.primitive.name}(...)`"
        try:
            weights = node.primitive.weights(tuple(types[o] for o in node.operands))
        except ShapeError:
            continue
        if not any(w.is_kernel for w in weights):
            yield Breach(f"{where} has a mask, but no kernel", node.span)
        if not (math.isfinite(node.mask.threshold) and math.isfinite(node.mask.start)):
            yield Breach(f"{where} has a mask whose threshold or start is no finite number", node.span)


def _calls(graph: Graph) -> Iterator[Breach]:
    types = graph.types()
    for node in graph.nodes:
        if not isinstance(node, Call):
            continue
        where, inputs = f"in `{graph.name}`, `{node.name} = {node.graph.name}(...)`", node.graph.inputs
        if len(inputs) != len(node.operands):
            yield Breach(f"{where} takes {len(inputs)} operands, found {len(node.operands)}", node.span)
            continue
        for operand, value in zip(node.operands, inputs, strict=True):
            if operand in types and types[operand] != value.type:
                yield Breach(
                    f"{where} takes {value.type} as `{value.name}`, but `{operand}` is {types[operand]}", node.span
                )


def _output(graph: Graph) -> Iterator[Breach]:
    type_ = graph.types().get(graph.output)
    if type_ is not None and type_ != graph.type:
        yield Breach(f"`{graph.name}` returns `{graph.output}`, which is {type_}, but {graph.type} is stated")


def _kind(graph: Graph) -> Iterator[Breach]:
    if graph.kind not in KINDS:
        yield Breach(f"`{graph.name}` is a `{graph.kind}`, which is none of {', '.join(KINDS)}")


def _choices(graph: Graph) -> Iterator[tuple[str, Choice]]:
    for node in graph.nodes:
        if isinstance(node, Choice):
            yield f"in `{graph.name}`, choice `{node.name}`", node


def _edges(graph: Graph) -> Iterator[Breach]:
    for where, choice in _choices(graph):
        if not choice.edges:
            yield Breach(f"{where} has no edges", choice.span)
        for e, edge in enumerate(choice.edges):
            if not edge.candidates:
                yield Breach(f"{where} has no candidates on edge {e}", choice.span)
            names = [candidate.name for candidate in edge.candidates]
            for fault in faults_of_names(names, prefixes=names):
                yield Breach(f"{where}, edge {e}: {fault}", choice.span)


def _active(graph: Graph) -> Iterator[Breach]:
    for where, choice in _choices(graph):
        for e, edge in enumerate(choice.edges):
            if edge.active is None:
                continue
            listed = [candidate.name for _, candidate in edge.alternatives]
            if list(edge.active) != listed:
                yield Breach(f"{where}, edge {e}: what is active is not some of its candidates in order", choice.span)
            elif not listed or len(listed) == len(edge.candidates):
                much = "all candidates are" if listed else "no candidate is"
                yield Breach(f"{where}, edge {e}: {much} listed as active", choice.span)


def _candidates(graph: Graph) -> Iterator[Breach]:
    types = graph.types()
    for where, choice in _choices(graph):
        for e, edge in enumerate(choice.edges):
            for candidate in edge.candidates:
                inner, here = candidate.graph, f"{where}, edge {e}, candidate `{candidate.name}`"
                if len(inner.inputs) != len(edge.sources):
                    wanted = len(edge.sources) if len(edge.sources) > 1 else "one"
                    yield Breach(f"{here} has {len(inner.inputs)} inputs instead of {wanted}", choice.span)
                    continue
                for value, source in zip(inner.inputs, edge.sources, strict=True):
                    if source in types and types[source] != value.type:
                        yield Breach(f"{here} takes {value.type}, but `{source}` is {types[source]}", choice.span)
                if inner.type != choice.type:
                    yield Breach(f"{here} gives {inner.type}, but {choice.type} is needed", choice.span)


def _homes(graph: Graph) -> Iterator[Breach]:
    owners = [node.name for node in graph.nodes]
    first: dict[str, Edge] = {}
    for where, choice in _choices(graph):
        for e, edge in enumerate(choice.edges):
            if edge.home is None:
                continue
            known = first.setdefault(edge.home, edge)
            mine, theirs = ({c.name: c.graph for c in each.candidates} for each in (edge, known))
            if known.sources != edge.sources:
                shared = ", ".join(known.sources)
                yield Breach(
                    f"{where}, edge {e} shares the weights of `{edge.home}`, but not the source `{shared}`",
                    choice.span,
                )
            elif any(theirs[name] is not mine[name] and theirs[name] != mine[name] for name in mine.keys() & theirs):
                yield Breach(f"{where}, edge {e} shares `{edge.home}` with other candidates of one name", choice.span)
    homes = list(first)
    for fault in faults_of_names(homes + owners, prefixes=homes + owners) if homes else ():
        yield Breach(f"in `{graph.name}`, {fault}")


def _windows(graph: Graph) -> Iterator[Breach]:
    for where, choice in _choices(graph):
        whole = evolve(choice, edges=(evolve(choice.edges[0], active=None),)) if choice.windows else choice
        if choice.windows and whole != adjacent(choice.name, choice.operands, choice.slots, choice.type):
            yield Breach(
                f"{where} fills {choice.slots} slots by one kept edge, but its candidates are no windows", choice.span
            )
    for name in contested(graph):
        yield Breach(f"in `{graph.name}`, two choices of windows could leave out `{name}`")


def _keep(graph: Graph) -> Iterator[Breach]:
    for where, choice in _choices(graph):
        edges, operations = choice.keep.edges, choice.keep.operations
        if choice.slots > 1 and edges is not None and choice.keep != Keep(Amount(choice.slots, choice.slots)):
            yield Breach(
                f"{where} fills {choice.slots} slots, so it keeps that many edges, with one operation each", choice.span
            )
        if edges is None and len(choice.edges) != 1:
            yield Breach(
                f"{where} has {len(choice.edges)} edges, so its `keep` must say how many of them stay", choice.span
            )
        if not all(edge.alternatives for edge in choice.edges):
            continue
        # An edge may stay if it has as many candidates as must stay on it.
        room = sum(len(edge.alternatives) >= operations.least for edge in choice.edges)
        most = max((len(edge.alternatives) for edge in choice.edges), default=0)
        for amount, there, unit in ((edges or Amount(1, 1), room, "edges"), (operations, most, "operations")):
            if amount.least < 0 or (amount.most is not None and amount.most < max(1, amount.least)):
                yield Breach(f"{where} keeps {amount.least} to {amount.most} {unit}, which is no range", choice.span)
            elif amount.least > there:
                yield Breach(f"{where} keeps {amount.least} {unit}, but at most {there} can stay", choice.span)


GRAPH_INVARIANTS = (
    GraphInvariant(
        "names", "inputs and nodes have dotted names, each once, and no node's name is a prefix of another's", _names
    ),
    GraphInvariant("order", "operands and the output are inputs or nodes that were computed before", _order),
    GraphInvariant(
        "operations", "operands fit the primitive, its attributes are resolved, its type is what it infers", _operations
    ),
    GraphInvariant("weight masks", "a mask is on an operation that has kernels", _weight_masks),
    GraphInvariant("calls", "the operands of a call have the types of the graph's inputs", _calls),
    GraphInvariant("output", "the graph has the type of its output", _output),
    GraphInvariant("kind", "a graph is a net, stage, cell or block", _kind),
    GraphInvariant("edges", "a choice has edges, each with candidates whose names are unique on it", _edges),
    GraphInvariant("active", "an edge lists its active candidates in its order, at least one and not all", _active),
    GraphInvariant(
        "candidates", "a candidate takes what its edge starts from, and gives the choice's type", _candidates
    ),
    GraphInvariant(
        "windows",
        "without a rule for edges, slots are filled by windows; a node stands behind one choice of them",
        _windows,
    ),
    GraphInvariant("homes", "edges that share weights start from one source and offer the same under one name", _homes),
    GraphInvariant(
        "keep", "as many edges and operations as a choice keeps are there, and one edge for each slot", _keep
    ),
)
