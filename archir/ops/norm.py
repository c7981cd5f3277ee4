"""Normalisation."""

from __future__ import annotations

from typing import ClassVar

from attrs import field, frozen

from archir.ir.primitive import Primitive, Types, Weight
from archir.ir.types import TensorType
from archir.ops.window import expect_map


@frozen
class BatchNorm(Primitive):
    """Batch normalisation over (batch, height, width), with or without scale and shift."""

    name: ClassVar[str] = "batch_norm"
    summary: ClassVar[str] = "batch normalisation"
    affine: bool = True
    eps: float = field(default=1e-5, converter=float)
    momentum: float = field(default=0.1, converter=float)

    def infer(self, inputs: Types) -> TensorType:
        return expect_map(inputs[0])

    def weights(self, inputs: Types) -> tuple[Weight, ...]:
        shape = (inputs[0].channels,)
        statistics = (
            Weight("running_mean", shape, "buffer"),
            Weight("running_var", shape, "buffer"),
            Weight("num_batches_tracked", (), "buffer"),
        )
        return (Weight("weight", shape), Weight("bias", shape), *statistics) if self.affine else statistics
