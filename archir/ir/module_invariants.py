"""What holds in a module as a whole, by its form."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from attrs import frozen

from archir.ir.gates import GATE_FUNCTIONS, Apply, Gate, parameters_of
from archir.ir.graph import Choice, Graph, Operation
from archir.ir.invariants import Breach, faults_of_names
from archir.ir.module import (
    FORMS,
    PARAMETER_KINDS,
    PERIODS,
    ArchitectureParameter,
    ChoiceInstance,
    Clock,
    Form,
    Module,
    choice_instances,
)

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
    edges = ((*(candidate.name for candidate in edge.candidates), edge.active) for edge in choice.edges)
    return choice.keep, *edges


def _no_choices(facts: Facts) -> Iterator[Breach]:
    for instance in facts.instances:
        yield Breach(f"`{instance.path}` is a choice, but a network has none left", instance.choice.span)


def _no_gates(facts: Facts) -> Iterator[Breach]:
    module = facts.module
    for gate in module.gates:
        yield Breach(f"`{gate.path}` has a gate, but a {module.form} has none")
    for leaf in _leaves(module):
        yield Breach(f"`{leaf.name}` is something that gates read, but a {module.form} has no gates")
    for value in module.values:
        yield Breach(f"`{value.name}` is a value that objectives read, but a {module.form} has none")
    for objective in module.objectives:
        yield Breach(f"`{objective.name}` is an objective, but a {module.form} has none")
    if module.base is not None:
        yield Breach(f"only a relaxed module has a base, but this is a {module.form}")


def _no_weight_masks(facts: Facts) -> Iterator[Breach]:
    for graph in facts.graphs:
        for node in graph.nodes:
            if isinstance(node, Operation) and node.mask is not None:
                yield Breach(f"in `{graph.name}`, `{node.name}` has a mask on its weights", node.span)


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


def _leaves(module: Module) -> tuple[ArchitectureParameter | Clock, ...]:
    return (*module.parameters, *module.clocks)


def _functions(facts: Facts) -> Iterator[Breach]:
    for where, expression in _expressions(facts.module):
        for function, found in _applied(expression):
            known = GATE_FUNCTIONS.get(function)
            if known is None:
                yield Breach(f"{where} applies `{function}`, which is no gate function")
            elif not known.takes(found):
                yield Breach(f"{where} gives `{function}` {found} arguments instead of {known.arity}")


def _expressions(module: Module) -> Iterator[tuple[str, Gate]]:
    for gate in module.gates:
        yield f"the gate of `{gate.path}`", gate.gate
    for value in module.values:
        yield f"the value `{value.name}`", value.value
    for objective in module.objectives:
        yield f"the objective `{objective.name}`", objective.value


def _applied(gate: Gate) -> Iterator[tuple[str, int]]:
    if isinstance(gate, Apply):
        yield gate.function, len(gate.arguments)
        for argument in gate.arguments:
            yield from _applied(argument)


def _reads(facts: Facts) -> Iterator[Breach]:
    shapes = {p.name: p.shape for p in facts.module.parameters} | {c.name: () for c in facts.module.clocks}
    choices = {instance.path: instance.choice for instance in facts.instances}
    gates = {gate.path for gate in facts.module.gates}
    before = {f"the value `{value.name}`": value.name for value in facts.module.values}
    known = shapes.keys() | gates
    for where, expression in _expressions(facts.module):
        readable = shapes.keys() if where.startswith("the gate") else known
        if where in before:  # those behind it read it, too
            known = known | {before[where]}
        for name in dict.fromkeys(parameters_of(expression)):
            if name not in readable:
                yield Breach(f"{where} reads `{name}`, which is no architecture parameter and no clock")
    for gate in facts.module.gates:
        choice = choices.get(gate.path)
        for name in dict.fromkeys(parameters_of(gate.gate)):
            if choice is not None and name in shapes and shapes[name] not in (allowed := _axes(choice)):
                needed = ", ".join(map(str, allowed[:2]))
                yield Breach(
                    f"`{name}` has the shape {shapes[name]}, but the choice `{gate.path}` needs {needed} or ()",
                    choice.span,
                )


def _axes(choice: Choice) -> tuple[tuple[int, ...], ...]:
    """The shapes that a gate of a choice can read: an element for each operation, for each edge, or one for all."""
    edges = len(choice.edges)
    return (edges, max(len(edge.candidates) for edge in choice.edges)), (edges, 1), ()


def _parameters(facts: Facts) -> Iterator[Breach]:
    module = facts.module
    used = {name for _, expression in _expressions(module) for name in parameters_of(expression)}
    leaves = _leaves(module)
    counts = Counter(leaf.name for leaf in leaves)
    for leaf in leaves:
        if not leaf.name.startswith(f"{RESERVED}."):
            yield Breach(f"gates read `{leaf.name}`, whose name does not start with `{RESERVED}.`")
        if leaf.name not in used:
            yield Breach(f"no gate reads `{leaf.name}`")
    for clock in module.clocks:
        if clock.unit not in PERIODS:
            yield Breach(f"the clock `{clock.name}` counts `{clock.unit}`, which is none of {', '.join(PERIODS)}")
    for parameter in module.parameters:
        if not (math.isfinite(parameter.deviation) and parameter.deviation >= 0):
            yield Breach(f"the deviation of `{parameter.name}` is {parameter.deviation}, which is none")
        if not math.isfinite(parameter.start):
            yield Breach(f"`{parameter.name}` starts at {parameter.start}, which is no finite number")
        if parameter.kind not in PARAMETER_KINDS:
            yield Breach(
                f"`{parameter.name}` is of the kind `{parameter.kind}`, which is none of {', '.join(PARAMETER_KINDS)}"
            )
    for name, count in counts.items():
        if count > 1:
            yield Breach(f"there are {count} architecture parameters or clocks called `{name}`")


def _objectives(facts: Facts) -> Iterator[Breach]:
    names = [objective.name for objective in facts.module.objectives]
    for fault in faults_of_names(names, prefixes=()):
        yield Breach(f"among the objectives, {fault}")
    read = [*(leaf.name for leaf in _leaves(facts.module)), *(gate.path for gate in facts.module.gates)]
    for fault in faults_of_names([*read, *(value.name for value in facts.module.values)], prefixes=()):
        yield Breach(f"among what objectives read, {fault}")


def _base(facts: Facts) -> Iterator[Breach]:
    base = facts.module.base
    if base is None:
        return
    mine = {instance.path: _shape(instance.choice) for instance in facts.instances}
    there = {instance.path: _shape(instance.choice) for instance in choice_instances(base)}
    for path in sorted(mine.keys() | there.keys()):
        if mine.get(path) != there.get(path):
            yield Breach(f"the choice `{path}` is not the same in the base")


FORM = ModuleInvariant("form", "a module is a space, relaxed, or a network", _form)
MODULE_INVARIANTS = (
    FORM,
    ModuleInvariant("reserved", f"nothing in the net lives below `{RESERVED}`", _reserved),
    ModuleInvariant(
        "agreement",
        "instances that share a choice agree in its edges, candidate names, active sets and keep",
        _agreement,
    ),
    ModuleInvariant("no choices", "a network has no choices", _no_choices, ("network",)),
    ModuleInvariant(
        "no gates",
        "only a relaxed module has gates, what they read, values, objectives and a base",
        _no_gates,
        ("space", "network"),
    ),
    ModuleInvariant(
        "no weight masks", "only a relaxed module has masks on weights", _no_weight_masks, ("space", "network")
    ),
    ModuleInvariant(
        "gated", "each instance of a choice has one gate, and each gate has its choice", _gated, ("relaxed",)
    ),
    ModuleInvariant(
        "functions",
        "gates, values and objectives apply functions that exist to as many arguments as they take",
        _functions,
        ("relaxed",),
    ),
    ModuleInvariant(
        "reads",
        "a gate reads architecture parameters of the choice's edges and most operations, its edges, or one number",
        _reads,
        ("relaxed",),
    ),
    ModuleInvariant(
        "parameters",
        "architecture parameters and clocks are below `arch.`, each once, and each is read",
        _parameters,
        ("relaxed",),
    ),
    ModuleInvariant(
        "objectives", "objectives, and all that they read, have names of their own", _objectives, ("relaxed",)
    ),
    ModuleInvariant("base", "the base has the same choices", _base, ("relaxed",)),
)
