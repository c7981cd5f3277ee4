"""What a search leaves: the point, the values and the weights that a derived network takes from its supernet."""

from __future__ import annotations

import torch
from torch import Tensor

from archir.ir.module import Module
from archir.ir.point import Point
from archir.lowering.torch import Supernet, to_torch
from archir.passes import Rewrite, Values
from archir.search.carry import carried, fitting


def point_of(network: Module) -> Point:
    """What was kept in a network."""
    assert network.origin is not None
    assert network.origin.point is not None
    return network.origin.point


def values_of(net: Supernet) -> Values:
    """The values of all that gates read."""
    state = net.state_dict()
    return {name: state[name].numpy() for name in (*net.architecture(), *net.clocks())}


def inherited(rewrite: Rewrite, net: Supernet) -> Supernet:
    """The derived network with the supernet's weights and statistics."""
    derived = to_torch(rewrite.module).to(next(net.parameters()).dtype)
    own = derived.state_dict()
    found = fitting(carried(net.state_dict(), own, [rewrite.weights]), own)
    missing = [name for name in own if name not in found]
    assert all(name.endswith(("batch_norm.weight", "batch_norm.bias")) for name in missing), "what the search had not"
    derived.load_state_dict(found, strict=False)
    return derived


def randomize_statistics(net: Supernet) -> None:
    """Running statistics as those of a net that was trained: none is 0 or 1."""
    with torch.no_grad():
        for name, buffer in net.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_()
            elif name.endswith("running_var"):
                buffer.uniform_(0.5, 2.0)


def images(seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """A batch for the small spaces."""
    return torch.randn(5, 3, 8, 8, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def assert_same(one: Supernet, other: Supernet, x: Tensor, within: float) -> None:
    """Evaluating, training, and evaluating with the statistics that training has moved."""
    for training in (False, True, False):
        found, wanted = one.train(training)(x), other.train(training)(x)
        torch.testing.assert_close(found, wanted, rtol=within, atol=within)
