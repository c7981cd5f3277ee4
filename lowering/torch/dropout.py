"""Row of dropout, whose noise is drawn for whole batches."""

from __future__ import annotations

from functools import partial

from torch import Tensor
from torch.nn import functional

from archir.ir.primitive import Primitive, Types
from archir.lowering.torch.collective import is_shared, place_in_batch
from archir.lowering.torch.row import Row, Runner
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


def row(p: Dropout, _inputs: Types, training: bool) -> Runner:
    """Zeroes each number with probability `rate`, and scales the others up; nothing outside training."""
    return partial(dropout, rate=p.rate, training=training)


ROWS: dict[type[Primitive], Row] = {Dropout: Row(row)}
