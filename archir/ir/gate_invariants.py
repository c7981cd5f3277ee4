"""What holds of gates, of what they read, and of what reads them: values and objectives."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from attrs import frozen

from archir.ir.facts import Facts, ModuleInvariant
from archir.ir.gate_shapes import readable_shapes
from archir.ir.gates import GATE_FUNCTIONS, Apply, Gate, parameters_of
from archir.ir.invariants import Breach, faults_of_names
from archir.ir.module import DISTRIBUTIONS, PARAMETER_KINDS, PERIODS, ArchitectureParameter, Clock, Module, Noise
from archir.ir.numbers import flattened, shape_of

RESERVED = "arch"
"""The path below which architecture parameters live."""


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


def _leaves(module: Module) -> tuple[ArchitectureParameter | Clock | Noise, ...]:
    return (*module.parameters, *module.clocks, *module.noises)


@frozen
class _Expression:
    """An expression of a module: where it stands, which names it may read, and what those are not that it may not."""

    where: str
    value: Gate
    readable: frozenset[str]
    others: str


def _expressions(module: Module) -> Iterator[_Expression]:
    leaves = frozenset(leaf.name for leaf in _leaves(module))
    for gate in module.gates:
        others = "no architecture parameter, clock or noise"
        yield _Expression(f"the gate of `{gate.path}`", gate.gate, leaves, others)
    known = leaves - {noise.name for noise in module.noises} | {gate.path for gate in module.gates}
    others = "no parameter, clock, gate or value before it"
    for value in module.values:
        yield _Expression(f"the value `{value.name}`", value.value, known, others)
        known |= {value.name}
    for objective in module.objectives:
        yield _Expression(f"the objective `{objective.name}`", objective.value, known, others)


def _functions(facts: Facts) -> Iterator[Breach]:
    for expression in _expressions(facts.module):
        for function, found in _applied(expression.value):
            known = GATE_FUNCTIONS.get(function)
            if known is None:
                yield Breach(f"{expression.where} applies `{function}`, which is no gate function")
            elif not known.takes(found):
                yield Breach(f"{expression.where} gives `{function}` {found} arguments instead of {known.arity}")


def _applied(gate: Gate) -> Iterator[tuple[str, int]]:
    if isinstance(gate, Apply):
        yield gate.function, len(gate.arguments)
        for argument in gate.arguments:
            yield from _applied(argument)


def _reads(facts: Facts) -> Iterator[Breach]:
    for expression in _expressions(facts.module):
        for name in dict.fromkeys(parameters_of(expression.value)):
            if name not in expression.readable:
                yield Breach(f"{expression.where} reads `{name}`, which is {expression.others}")


def _shapes(facts: Facts) -> Iterator[Breach]:
    module = facts.module
    shapes = {p.name: p.shape for p in module.parameters} | {n.name: n.shape for n in module.noises}
    shapes |= {c.name: () for c in module.clocks}
    choices = {instance.path: instance.choice for instance in facts.instances}
    for gate in facts.module.gates:
        choice = choices.get(gate.path)
        if choice is None:
            continue
        for name, allowed in dict.fromkeys(readable_shapes(gate.gate, choice, shapes)):
            if name in shapes and shapes[name] not in allowed:
                needed = ", ".join(map(str, allowed[:2]))
                yield Breach(
                    f"`{name}` has the shape {shapes[name]}, but the choice `{gate.path}` needs {needed} or ()",
                    choice.span,
                )


def _parameters(facts: Facts) -> Iterator[Breach]:
    module = facts.module
    used = {name for expression in _expressions(module) for name in parameters_of(expression.value)}
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
    for noise in module.noises:
        if noise.distribution not in DISTRIBUTIONS:
            known = ", ".join(DISTRIBUTIONS)
            yield Breach(f"the noise `{noise.name}` is `{noise.distribution}`, which is none of {known}")
    for parameter in module.parameters:
        if not (math.isfinite(parameter.deviation) and parameter.deviation >= 0):
            yield Breach(f"the deviation of `{parameter.name}` is {parameter.deviation}, which is none")
        yield from _start(parameter)
        if parameter.kind not in PARAMETER_KINDS:
            yield Breach(
                f"`{parameter.name}` is of the kind `{parameter.kind}`, which is none of {', '.join(PARAMETER_KINDS)}"
            )
    for name, count in counts.items():
        if count > 1:
            yield Breach(f"there are {count} architecture parameters, clocks or noises called `{name}`")


def _start(parameter: ArchitectureParameter) -> Iterator[Breach]:
    for number in flattened(parameter.start):
        if not math.isfinite(number):
            yield Breach(f"`{parameter.name}` starts at {number}, which is no finite number")
    if isinstance(parameter.start, tuple) and shape_of(parameter.start) != parameter.shape:
        yield Breach(f"`{parameter.name}` has the shape {parameter.shape}, but starts at a table of another")


def _objectives(facts: Facts) -> Iterator[Breach]:
    names = [objective.name for objective in facts.module.objectives]
    for fault in faults_of_names(names, prefixes=()):
        yield Breach(f"among the objectives, {fault}")
    read = [*(leaf.name for leaf in _leaves(facts.module)), *(gate.path for gate in facts.module.gates)]
    for fault in faults_of_names([*read, *(value.name for value in facts.module.values)], prefixes=()):
        yield Breach(f"among what objectives read, {fault}")


GATE_INVARIANTS = (
    ModuleInvariant(
        "no gates",
        "only a relaxed module has gates, what they read, values, objectives and a base",
        _no_gates,
        ("space", "network"),
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
        "a gate reads architecture parameters, clocks, noise; values and objectives gates and earlier values, no noise",
        _reads,
        ("relaxed",),
    ),
    ModuleInvariant(
        "shapes",
        "what a gate reads is over the choice's edges and most operations, over its edges, or one number",
        _shapes,
        ("relaxed",),
    ),
    ModuleInvariant(
        "parameters",
        "architecture parameters, clocks and noise are below `arch.`, each once, and each is read",
        _parameters,
        ("relaxed",),
    ),
    ModuleInvariant(
        "objectives", "objectives, and all that they read, have names of their own", _objectives, ("relaxed",)
    ),
)
