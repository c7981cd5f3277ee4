"""Normalisation."""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, field, frozen

from archir.ir.graph import Node, Operation
from archir.ir.primitive import Primitive, Types, Weight
from archir.ir.types import TensorType
from archir.ops.attributes import flag, number
from archir.ops.window import expect_map


@frozen
class BatchNorm(Primitive):
    """Batch normalisation over (batch, height, width), with or without scale and shift.

    `deferred`: there is no scale and shift while the supernet is searched, but there will
    be in the derived network (as in DARTS); `relax` sets it, `fix` takes it away.
    """

    name: ClassVar[str] = "batch_norm"
    summary: ClassVar[str] = "batch normalisation"
    affine: bool = field(default=True, converter=flag)
    eps: float = field(default=1e-5, converter=number)
    momentum: float = field(default=0.1, converter=number)
    deferred: bool = field(default=False, converter=flag)

    @property
    def scales(self) -> bool:
        """Whether this operation owns scale and shift now."""
        return self.affine and not self.deferred

    def infer(self, inputs: Types) -> TensorType:
        return expect_map(inputs[0])

    def weights(self, inputs: Types) -> tuple[Weight, ...]:
        shape = (inputs[0].channels,)
        statistics = (
            Weight("running_mean", shape, "buffer"),
            Weight("running_var", shape, "buffer"),
            Weight("num_batches_tracked", (), "buffer"),
        )
        return (Weight("weight", shape), Weight("bias", shape), *statistics) if self.scales else statistics


def restored(node: Node) -> Node:
    """The node; a batch norm that has no scale and shift until derived has them now."""
    if isinstance(node, Operation) and isinstance(node.primitive, BatchNorm) and node.primitive.deferred:
        return evolve(node, primitive=evolve(node.primitive, deferred=False))
    return node
