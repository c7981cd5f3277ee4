"""What noise is drawn from: one row for each distribution."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from archir.ir.module import Distribution


def gumbel(shape: tuple[int, ...]) -> Tensor:
    """Standard Gumbel numbers, float64: minus the logarithm of exponential ones."""
    drawn = torch.empty(shape, dtype=torch.float64).exponential_()
    return -drawn.clamp_(min=torch.finfo(torch.float64).tiny).log_()


DRAWN: dict[Distribution, Callable[[tuple[int, ...]], Tensor]] = {"gumbel": gumbel}
"""Each draws from torch's random state on the CPU: a step has the same noise on every device."""
