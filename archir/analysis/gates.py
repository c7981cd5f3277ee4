"""The value of gates and objectives in NumPy: what passes and analyses read, and what backends are compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from attrs import evolve

from archir.analysis.axes import Axes, axes_by_name, axes_of, axes_over, axes_under, row_axes
from archir.analysis.gate_rows import ROWS, Array, elements
from archir.diagnostics import fail
from archir.ir.gates import Gate, Number, Parameter, Table, parameters_of
from archir.ir.module import GateOf, Module, choice_instances
from archir.ir.sampling import unsampled


def evaluate_gate(gate: Gate, values: Mapping[str, Array], axes: Axes) -> Array:
    """Coefficients over (edge, operation); where no candidate is active, they mean nothing.

    Raises `ArchirError` NAS403 for a missing value.
    """
    return _evaluate(gate, values, lambda _: axes, lambda _: axes)


def _evaluate(
    gate: Gate, values: Mapping[str, Array], over: Callable[[Gate], Axes], under: Callable[[Gate], Axes]
) -> Array:
    """`over`: the axes of an expression, `under`: those of its arguments."""
    if isinstance(gate, Number):
        return np.asarray(gate.value, dtype=np.float64)
    if isinstance(gate, Table):
        return np.asarray(gate.rows, dtype=np.float64)
    if isinstance(gate, Parameter):
        if gate.name not in values:
            fail("NAS403", f"there is no value for `{gate.name}`", help="take the values of a run of this space")
        return np.asarray(values[gate.name], dtype=np.float64)
    if gate.function == "mix":  # its weights have axes of their own
        p = _evaluate(gate.arguments[1], values, over, under)
        row = row_axes(len(p))
        weights = _evaluate(gate.arguments[0], values, lambda _: row, lambda _: row)
        return ROWS["mix"](row, weights, p)
    arguments = [_evaluate(argument, values, over, under) for argument in gate.arguments]
    if gate.function == "mean":
        arguments = [elements(over(a), x) for a, x in zip(gate.arguments, arguments, strict=True)]
    return ROWS[gate.function](under(gate), *arguments)


def _evaluate_part(part: Gate, values: Mapping[str, Array], named: Mapping[str, Axes]) -> Array:
    """An objective, or a value that objectives read, from all that it reads by name, and the axes of that."""
    return _evaluate(part, values, partial(axes_over, named=named), partial(axes_under, named=named))


def evaluate_objective(module: Module, objective: Gate, values: Mapping[str, Array]) -> float:
    """The number of an objective; raises `ArchirError` NAS403 for a missing value."""
    return float(_evaluate_part(objective, _readable(module, values), axes_by_name(module)))


def evaluate_values(module: Module, values: Mapping[str, Array]) -> dict[str, Array]:
    """The module's named values; raises `ArchirError` NAS403 for a missing value of a parameter."""
    found = _readable(module, values)
    return {named.name: found[named.name] for named in module.values}


def _readable(module: Module, values: Mapping[str, Array]) -> dict[str, Array]:
    """All that objectives read by name: parameters, clocks, gates (probabilities where these sample) and values."""
    expected = evolve(module, gates=tuple(GateOf(g.path, unsampled(g.gate)) for g in module.gates))
    found: dict[str, Array] = {**values, **evaluate_gates(expected, values)}
    axes = axes_by_name(module) if module.values else {}
    for named in module.values:
        found[named.name] = _evaluate_part(named.value, found, axes)
    return found


def reported_values(module: Module, values: Mapping[str, Array]) -> dict[str, Array]:
    """Those named values that neither values nor objectives read: they are there to be looked at."""
    if not module.values:
        return {}
    readers = [*(v.value for v in module.values), *(o.value for o in module.objectives)]
    read = {name for reader in readers for name in parameters_of(reader)}
    return {name: value for name, value in evaluate_values(module, values).items() if name not in read}


def evaluate_gates(module: Module, values: Mapping[str, Array]) -> dict[str, Array]:
    """The coefficients of each instance of a choice, by its path; noise without a value is zero.

    Raises `ArchirError` NAS403 for a missing value of a parameter or a clock.
    """
    values = {noise.name: np.zeros(noise.shape) for noise in module.noises} | {**values}
    axes = {i.path: axes_of(i.choice) for i in choice_instances(module.graph)}
    return {g.path: evaluate_gate(g.gate, values, axes[g.path]) for g in module.gates}
