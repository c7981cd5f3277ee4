"""Conventions of counting multiply-adds, by name: published figures follow different ones.

Parameters are the same in all: every trainable number, the affine part of batch norms and biases included.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from archir.diagnostics import fail
from archir.ir.primitive import Primitive, Types
from archir.ops.conv import Linear
from archir.ops.norm import BatchNorm
from archir.ops.pointwise import Relu, Relu6


@frozen
class Convention:
    """What one evaluation of a primitive on a batch of one costs."""

    name: str
    summary: str
    macs: Callable[[Primitive, Types], int]


def _conv_linear(primitive: Primitive, inputs: Types) -> int:
    return primitive.macs(inputs)


def _nasbench201(primitive: Primitive, inputs: Types) -> int:
    bias = primitive.out if isinstance(primitive, Linear) and primitive.bias else 0
    return primitive.macs(inputs) + bias


def _with_norms(primitive: Primitive, inputs: Types) -> int:
    if isinstance(primitive, BatchNorm):
        return 2 * primitive.infer(inputs).elements
    return primitive.macs(inputs)


def _thop(primitive: Primitive, inputs: Types) -> int:
    if isinstance(primitive, Relu | Relu6):
        return primitive.infer(inputs).elements
    return _with_norms(primitive, inputs)


CONVENTIONS = {
    c.name: c
    for c in (
        Convention("conv-linear", "multiply-adds of convolutions and linear layers", _conv_linear),
        Convention("nasbench201", "conv-linear and the biases of linear layers (NAS-Bench-201)", _nasbench201),
        Convention("thop", "conv-linear, twice the elements of batch norms, and those of relu and relu6", _thop),
        Convention("thop-0.0.31", "conv-linear, twice the elements of batch norms", _with_norms),
    )
}
DEFAULT = "conv-linear"


def convention(name: str) -> Convention:
    """The convention of a name; raises `ArchirError` NAS201 if there is none."""
    if name not in CONVENTIONS:
        fail("NAS201", f"there is no convention `{name}`", help=f"use one of {', '.join(CONVENTIONS)}")
    return CONVENTIONS[name]
