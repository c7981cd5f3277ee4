"""The whole table: one row for each primitive."""

from __future__ import annotations

from archir.ir.primitive import Primitive, Types
from archir.lowering.torch import conv, dropout, layout, norm, pointwise, pool
from archir.lowering.torch.depthwise import depthwise
from archir.lowering.torch.options import Options
from archir.lowering.torch.row import Row, Runner
from archir.ops.conv import Conv

ROWS: dict[type[Primitive], Row] = {
    **conv.ROWS,
    **norm.ROWS,
    **dropout.ROWS,
    **pointwise.ROWS,
    **pool.ROWS,
    **layout.ROWS,
}


def runner(primitive: Primitive, inputs: Types, training: bool, options: Options) -> Runner:
    """What computes a primitive; for batch normalisation the plan has a step of its own."""
    if options.depthwise and isinstance(primitive, Conv):
        special = depthwise(primitive, inputs)
        if special is not None:
            return special
    run = ROWS[type(primitive)].run
    assert run is not None, f"`{primitive.name}` is run by a step of its own"
    return run(primitive, inputs, training)
