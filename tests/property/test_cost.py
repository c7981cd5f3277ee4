"""What is counted on a network is what its torch module has and does."""

from __future__ import annotations

import os
from random import Random

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

import archir
from archir.analysis import cost
from archir.analysis.bounds import bounds
from archir.analysis.expected import cost_of
from archir.ir.module import Module
from archir.ir.verifier import verify
from archir.lowering.torch import Options, to_torch
from archir.passes.fix import fixed
from archir.sema import load_source
from archir.source import Source
from archir.space.points import check_point
from archir.space.space import space_of
from tests.property.spaces import space_text

TIMES = int(os.environ.get("ARCHIR_FUZZ", "1"))  # N makes N times as many tries
SEEDS = (Phase.explicit, Phase.reuse, Phase.generate)  # a seed has nothing to shrink
SHIPPED = {
    "darts": {"channels": 4, "cells": 3},
    "darts12": {"channels": 4, "cells": 3},
    "hmnas": {"channels": 4, "cells": 3},
    "hc_das": {"channels": 4, "cells": 5},
    "hs_das": {"channels": 4},
    "nasbench201": {"channels": 4, "cells": 1},
    "fbnet": {"image": (3, 32, 32)},
    "fbnet_k7": {"image": (3, 32, 32)},
    "mnasnet": {"image": (3, 32, 32)},
    "efficientnet": {"image": (3, 32, 32)},
}


def check_a_sample(module: Module, r: Random) -> None:
    """A random point: a member of the space, a right network, and as large and costly as torch finds it."""
    point = space_of(module).sample(r)
    check_point(module, point)
    network = fixed(module, point)
    verify(network)
    lowered = to_torch(network, Options(prune=False)).eval()  # counted is all that is there, also what nothing reads
    mine = cost_of(module, point)
    assert mine.params == cost.parameters(network) == sum(p.numel() for p in lowered.parameters())
    with FlopCounterMode(display=False) as counter, torch.no_grad():  # two flops for each multiply-add
        lowered(torch.zeros(1, *network.graph.inputs[0].type.shape))
    assert 2 * mine.macs == 2 * cost.macs(network) == counter.get_total_flops()


@settings(max_examples=25 * TIMES, deadline=None, phases=SEEDS, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**40))
def test_a_sample_of_a_random_space_costs_what_its_torch_module_does(seed: int) -> None:
    r = Random(seed)
    check_a_sample(load_source(Source("space", space_text(r))), r)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_sample_of_a_shipped_space_costs_what_its_torch_module_does(name: str) -> None:
    module, r = archir.load(name, **SHIPPED[name]), Random(11)
    for _ in range(2 * TIMES):
        check_a_sample(module, r)


@pytest.mark.parametrize("name", ["darts", "hs_das", "mnasnet"])
def test_samples_cost_at_least_the_least_and_at_most_the_most(name: str) -> None:
    module, r = archir.load(name, **SHIPPED[name]), Random(12)
    space, found = space_of(module), bounds(module)
    for _ in range(50):
        mine = cost_of(module, space.sample(r))
        for measure, (least, most) in {m: (b.min, b.max) for m, b in found.items()}.items():
            assert least <= getattr(mine, measure) <= most
