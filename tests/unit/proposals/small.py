"""Costs of made-up spaces, with layers of different numbers of operations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archir.proposals.costs import Costs


def made_up(operations: Sequence[int], measures: int = 2, seed: int = 0, largest: int = 1000) -> Costs:
    """Whole numbers up to `largest`, the same for the same seed."""
    random = np.random.default_rng(seed)
    exists = np.arange(max(operations)) < np.array(operations)[:, None]
    table = random.integers(0, largest, size=(measures, *exists.shape)).astype(np.float64)
    fixed = random.integers(0, largest, size=measures).astype(np.float64)
    return Costs(tuple(f"measure {i}" for i in range(measures)), fixed, np.where(exists, table, 0.0), exists)
