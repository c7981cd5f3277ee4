"""The coefficients that the gates of a relaxed module give at learned values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from archir.analysis.axes import Axes, axes_of
from archir.ir.gates import Gate, is_plain
from archir.ir.module import Module, choice_instances
from archir.ir.sampling import unsampled

if TYPE_CHECKING:
    from archir.analysis.gate_rows import Array
    from archir.show.candidates import Strengths


def strengths_of(module: Module, values: Mapping[str, Array]) -> Strengths:
    """The coefficients of each choice, over (edge, operation), by the name that its instances share.

    Of several gates on one choice the first that weighs is taken: a transit cell only says what is strongest. One
    that samples gives the probabilities.
    Raises `ArchirError` NAS403 for a missing value.
    """
    from archir.analysis.gates import evaluate_gate

    gates = {gate.path: gate.gate for gate in module.gates}
    chosen: dict[str, Gate] = {}
    axes: dict[str, Axes] = {}
    for instance in choice_instances(module.graph):
        gate = gates.get(instance.path)
        axes.setdefault(instance.key, axes_of(instance.choice))
        if gate is not None and (instance.key not in chosen or (is_plain(chosen[instance.key]) and not is_plain(gate))):
            chosen[instance.key] = unsampled(gate)
    return {key: evaluate_gate(gate, values, axes[key]).tolist() for key, gate in chosen.items()}
