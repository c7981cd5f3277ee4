"""Row of dropout, whose noise is drawn for whole batches."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from archir.ir.primitive import Primitive, Types
from archir.lowering.torch.collective import is_shared, place_in_batch
from archir.lowering.torch.row import Row
from archir.ops.pointwise import Dropout


def dropout(x: Tensor, rate: float, training: bool) -> Tensor:
    """`functional.dropout` with noise that depends on torch's random state alone.

    Not on the memory format, in whose order torch draws, and not on how many processes share a batch:
    each draws for all of it and takes its own rows.
    """
    if not training:
        return x
    start, whole = place_in_batch(len(x), x.device) if is_shared() else (0, len(x))
    noise = functional.dropout(x.new_ones((whole, *x.shape[1:])), rate, training)
    return x * noise[start : start + len(x)]


class Drop(nn.Dropout):
    """Dropout by `dropout`: a module without weights, since it has to know whether it trains."""

    def forward(self, x: Tensor) -> Tensor:
        """Keeps the shape."""
        return dropout(x, self.p, self.training)


def row(p: Dropout, _inputs: Types) -> Drop:
    """Zeroes each number with probability `rate`, and scales the others up."""
    return Drop(p.rate)


ROWS: dict[type[Primitive], Row] = {Dropout: row}
