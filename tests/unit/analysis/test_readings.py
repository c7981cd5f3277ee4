from __future__ import annotations

import numpy as np
import pytest

from archir.analysis.readings import readings_of
from archir.ir.module import Module
from archir.passes import run_pipeline
from tests.small_space import small_space


def values(module: Module, **special: float) -> dict[str, np.ndarray]:
    """Zeros, with the last element of each parameter as `special` says."""
    found = {}
    for p in module.parameters:
        found[p.name] = np.zeros(p.shape)
        if p.shape:
            found[p.name].flat[-1] = special.get(p.name.rpartition(".")[2], 0.0)
    return found


def test_each_parameter_is_read_as_the_weight_that_the_gate_makes_of_it() -> None:
    module = run_pipeline(
        small_space(), "widen{edges=some, ops=any},relax{levels=2, temperature=2.0},sparsify,mask"
    ).module
    found = {r.name: r for r in readings_of(module)}
    assert found.keys() == {p.name for p in module.parameters}
    given = values(module, beta=np.log(3.0), alpha=2 * np.log(6.0), mask=0.25, edge_mask=0.5)
    beta = found["arch.normal.x.3.beta"]
    assert (beta.owner, beta.node, beta.kind, beta.edges) == ("normal", "x.3", "beta", ("x.0", "x.1", "x.2"))
    np.testing.assert_allclose(beta.weights(given), [[0.2], [0.2], [0.6]])
    alpha = found["arch.normal.x.3.alpha"]
    assert alpha.operations == ("none", "skip", "max_pool_3x3", "sep_conv_3x3", "dil_conv_3x3")
    np.testing.assert_allclose(alpha.weights(given), [[0.2] * 5, [0.2] * 5, [0.1, 0.1, 0.1, 0.1, 0.6]])
    assert found["arch.normal.x.3.threshold"].weights(given) == pytest.approx(0.5)
    assert found["arch.normal.x.3.mask"].weights(given)[2, 4] == 0.25  # a step is no weight: the mask itself
    assert found["arch.normal.x.3.edge_mask"].weights(given).tolist() == [[0.0], [0.0], [0.5]]


def test_a_space_that_is_not_relaxed_has_none() -> None:
    assert readings_of(small_space()) == ()
