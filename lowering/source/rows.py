"""The whole table: one row for each primitive."""

from __future__ import annotations

from archir.ir.primitive import Primitive
from archir.lowering.source import conv, layout, norm, pointwise, pool
from archir.lowering.source.row import Row

ROWS: dict[type[Primitive], Row] = {
    **conv.ROWS,
    **norm.ROWS,
    **pointwise.ROWS,
    **pool.ROWS,
    **layout.ROWS,
}
