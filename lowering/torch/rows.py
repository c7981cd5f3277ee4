"""The whole table: one row for each primitive."""

from __future__ import annotations

from archir.ir.primitive import Primitive
from archir.lowering.torch import conv, dropout, layout, norm, pointwise, pool
from archir.lowering.torch.row import Row

ROWS: dict[type[Primitive], Row] = {
    **conv.ROWS,
    **norm.ROWS,
    **pointwise.ROWS,
    **dropout.ROWS,
    **pool.ROWS,
    **layout.ROWS,
}
