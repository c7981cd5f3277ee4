"""The invariants of a module, in one place. Run after every pass, and on every text in the flat form."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from attrs import frozen

from archir.diagnostics import ArchirError, Diagnostic
from archir.ir.gates import GATE_FUNCTIONS, Apply, Gate, parameters_of
from archir.ir.graph import Call, Choice, Graph
from archir.ir.invariants import GRAPH_INVARIANTS, Breach, GraphInvariant
from archir.ir.module import FORMS, ChoiceInstance, Form, Module, choice_instances

MOST_REPORTED = 20
RESERVED = "arch"
"""The path below which architecture parameters live."""


@frozen
class Facts:
    """A module, its distinct graphs and the instances of its choices, collected once for all rows."""

    module: Module
    graphs: tuple[Graph, ...]
    instances: tuple[ChoiceInstance, ...]


@frozen
class ModuleInvariant:
    """A row of the table: what must hold in a module of one of the `forms`, and who looks."""

    name: str
    statement: str
    check: Callable[[Facts], Iterable[Breach]]
    forms: tuple[Form, ...] = FORMS


def verify(module: Module) -> None:
    """Checks every invariant; raises `ArchirError` (NAS405) that lists what is broken, at most 20 places.

    Each distinct graph is looked at once, however often it is called.
    """
    graphs = distinct_graphs(module.graph)
    found: list[tuple[GraphInvariant | ModuleInvariant, Breach]] = []
    found += [(row, breach) for row in GRAPH_INVARIANTS for graph in graphs for breach in row.check(graph)]
    if not found:  # instances are only well defined where every graph is
        facts = Facts(module, graphs, tuple(choice_instances(module.graph)))
        rows = [row for row in MODULE_INVARIANTS if module.form in row.forms or row is _FORM]
        found = [(row, breach) for row in rows for breach in row.check(facts)]
    if found:
        raise ArchirError(*(_diagnostic(row, breach) for row, breach in found[:MOST_REPORTED]))


def _diagnostic(row: GraphInvariant | ModuleInvariant, breach: Breach) -> Diagnostic:
    return Diagnostic(
        "NAS405",
        breach.message,
        breach.span,
        notes=(f"invariant `{row.name}`: {row.statement}",),
        help="correct the text if it was written by hand; after a pass, this is a fault of the pass",
    )


def distinct_graphs(graph: Graph) -> tuple[Graph, ...]:
    """The graph and all that it calls or offers as candidates, each object once, callers first."""
    seen: dict[int, Graph] = {}
    waiting = [graph]
    while waiting:
        here = waiting.pop()
        if id(here) in seen:
            continue
        seen[id(here)] = here
        for node in here.nodes:
            if isinstance(node, Call):
                waiting.append(node.graph)
            elif isinstance(node, Choice):
                waiting.extend(candidate.graph for edge in node.edges for candidate in edge.candidates)
    return tuple(seen.values())


def _form(facts: Facts) -> Iterator[Breach]:
    if facts.module.form not in FORMS:
        yield Breach(f"`{facts.module.name}` has the form `{facts.module.form}`, which is none of {', '.join(FORMS)}")


def _reserved(facts: Facts) -> Iterator[Breach]:
    for node in facts.module.graph.nodes:
        if node.name.partition(".")[0] == RESERVED:
            yield Breach(f"`{node.name}` is a name below `{RESERVED}`, where architecture parameters live", node.span)


def _agreement(facts: Facts) -> Iterator[Breach]:
    first: dict[str, ChoiceInstance] = {}
    for here in facts.instances:
        there = first.setdefault(here.key, here)
        if there.choice is not here.choice and _shape(there.choice) != _shape(here.choice):
            pair = f"`{there.path}` and `{here.path}` share the choice `{here.key}`"
            yield Breach(f"{pair}, but not its edges, candidates and keep", here.choice.span)


def _shape(choice: Choice) -> tuple[object, ...]:
    return choice.keep, *(tuple(candidate.name for candidate in edge.candidates) for edge in choice.edges)


def _no_choices(facts: Facts) -> Iterator[Breach]:
    for instance in facts.instances:
        yield Breach(f"`{instance.path}` is a choice, but a network has none left", instance.choice.span)


def _no_gates(facts: Facts) -> Iterator[Breach]:
    for gate in facts.module.gates:
        yield Breach(f"`{gate.path}` has a gate, but a {facts.module.form} has none")
    for parameter in facts.module.parameters:
        yield Breach(f"`{parameter.name}` is an architecture parameter, but a {facts.module.form} has none")


def _gated(facts: Facts) -> Iterator[Breach]:
    gates = Counter(gate.path for gate in facts.module.gates)
    for instance in facts.instances:
        if gates[instance.path] != 1:
            found = f"{gates[instance.path]} gates" if gates[instance.path] else "no gate"
            yield Breach(f"the choice `{instance.path}` has {found} instead of one", instance.choice.span)
    paths = {instance.path for instance in facts.instances}
    for path in gates:
        if path not in paths:
            yield Breach(f"`{path}` has a gate, but is no choice")


def _functions(facts: Facts) -> Iterator[Breach]:
    for gate in facts.module.gates:
        for function, found in _applied(gate.gate):
            known = GATE_FUNCTIONS.get(function)
            if known is None:
                yield Breach(f"the gate of `{gate.path}` applies `{function}`, which is no gate function")
            elif known.arity != found:
                yield Breach(f"the gate of `{gate.path}` gives `{function}` {found} arguments instead of {known.arity}")


def _applied(gate: Gate) -> Iterator[tuple[str, int]]:
    if isinstance(gate, Apply):
        yield gate.function, len(gate.arguments)
        for argument in gate.arguments:
            yield from _applied(argument)


def _reads(facts: Facts) -> Iterator[Breach]:
    shapes = {parameter.name: parameter.shape for parameter in facts.module.parameters}
    choices = {instance.path: instance.choice for instance in facts.instances}
    for gate in facts.module.gates:
        choice = choices.get(gate.path)
        for name in dict.fromkeys(parameters_of(gate.gate)):
            if name not in shapes:
                yield Breach(f"the gate of `{gate.path}` reads `{name}`, which is no architecture parameter")
            elif choice is not None and shapes[name] != (needed := _axes(choice)):
                yield Breach(
                    f"`{name}` has the shape {shapes[name]}, but the choice `{gate.path}` needs {needed}", choice.span
                )


def _axes(choice: Choice) -> tuple[int, int]:
    return len(choice.edges), max(len(edge.candidates) for edge in choice.edges)


def _parameters(facts: Facts) -> Iterator[Breach]:
    used = {name for gate in facts.module.gates for name in parameters_of(gate.gate)}
    counts = Counter(parameter.name for parameter in facts.module.parameters)
    for parameter in facts.module.parameters:
        name = parameter.name
        if not name.startswith(f"{RESERVED}."):
            yield Breach(f"the name of the architecture parameter `{name}` does not start with `{RESERVED}.`")
        if name not in used:
            yield Breach(f"no gate reads the architecture parameter `{name}`")
        if not (math.isfinite(parameter.deviation) and parameter.deviation >= 0):
            yield Breach(f"the deviation of `{name}` is {parameter.deviation}, which is none")
    for name, count in counts.items():
        if count > 1:
            yield Breach(f"there are {count} architecture parameters called `{name}`")


_FORM = ModuleInvariant("form", "a module is a space, relaxed, or a network", _form)
MODULE_INVARIANTS = (
    _FORM,
    ModuleInvariant("reserved", f"nothing in the net lives below `{RESERVED}`", _reserved),
    ModuleInvariant(
        "agreement", "instances that share a choice agree in its edges, candidate names and keep", _agreement
    ),
    ModuleInvariant("no choices", "a network has no choices", _no_choices, ("network",)),
    ModuleInvariant(
        "no gates", "only a relaxed module has gates and architecture parameters", _no_gates, ("space", "network")
    ),
    ModuleInvariant(
        "gated", "each instance of a choice has one gate, and each gate has its choice", _gated, ("relaxed",)
    ),
    ModuleInvariant(
        "functions", "a gate applies functions that exist to as many arguments as they take", _functions, ("relaxed",)
    ),
    ModuleInvariant(
        "reads",
        "a gate reads architecture parameters of the choice's shape (edges, most operations)",
        _reads,
        ("relaxed",),
    ),
    ModuleInvariant(
        "parameters",
        "architecture parameters are below `arch.`, each once, and each is read",
        _parameters,
        ("relaxed",),
    ),
)
