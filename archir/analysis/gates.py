"""The value of gates, in NumPy: what passes and analyses read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from archir.diagnostics import fail
from archir.ir.gates import Gate, Parameter


def _softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


ROWS: dict[str, Callable[..., np.ndarray]] = {"softmax": _softmax}


def evaluate_gate(gate: Gate, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Coefficients over (edge, operation); raises `ArchirError` NAS403 if a value is missing."""
    if isinstance(gate, Parameter):
        if gate.name not in values:
            fail("NAS403", f"there is no value for `{gate.name}`", help="take the values of a run of this space")
        return np.asarray(values[gate.name], dtype=np.float64)
    return ROWS[gate.function](*(evaluate_gate(argument, values) for argument in gate.arguments))
