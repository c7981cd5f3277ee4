"""Rows of the convolution and the linear layer."""

from __future__ import annotations

from collections.abc import Sequence

from archir.ir.primitive import Primitive, Types
from archir.lowering.source.row import Column, Layer, Row, options, plain
from archir.ops.conv import Conv, Linear


def _conv_columns(p: Conv, inputs: Types) -> tuple[Column, ...]:
    full = p.resolve(inputs)
    assert full.out is not None
    assert full.pad is not None
    return (
        Column("in_channels", "channels", inputs[0].channels),
        Column("out_channels", "channels", full.out),
        Column("k", "k", plain(full.k)),
        Column("stride", "stride", plain(full.stride)),
        Column("pad", "pad", plain(full.pad)),
        Column("dilation", "dilation", plain(full.dilation)),
        Column("groups", "channels", full.groups),
        Column("bias", "flag", full.bias),
    )


def _conv_arguments(texts: Sequence[str]) -> list[str]:
    inputs, outputs, k, stride, pad, dilation, groups, bias = texts
    how = options(
        stride=(stride, "1"), padding=(pad, "0"), dilation=(dilation, "1"), groups=(groups, "1"), bias=(bias, "True")
    )
    return [inputs, outputs, k, *how]


def _linear_columns(p: Linear, inputs: Types) -> tuple[Column, ...]:
    return (
        Column("in_features", "channels", inputs[0].channels),
        Column("out_features", "channels", p.out),
        Column("bias", "flag", p.bias),
    )


def _linear_arguments(texts: Sequence[str]) -> list[str]:
    inputs, outputs, bias = texts
    return [inputs, outputs, *options(bias=(bias, "True"))]


ROWS: dict[type[Primitive], Row] = {
    Conv: Layer("nn.Conv2d", _conv_columns, _conv_arguments),
    Linear: Layer("nn.Linear", _linear_columns, _linear_arguments),
}
