"""Row of batch normalisation."""

from __future__ import annotations

from collections.abc import Sequence

from archir.ir.primitive import Primitive, Types
from archir.lowering.source.row import Column, Layer, Row, options
from archir.ops.norm import BatchNorm


def _columns(p: BatchNorm, inputs: Types) -> tuple[Column, ...]:
    return (
        Column("channels", "channels", inputs[0].channels),
        Column("eps", "number", p.eps),
        Column("momentum", "number", p.momentum),
        Column("affine", "flag", p.scales),
    )


def _arguments(texts: Sequence[str]) -> list[str]:
    channels, eps, momentum, affine = texts
    return [channels, *options(eps=(eps, repr(1e-5)), momentum=(momentum, repr(0.1)), affine=(affine, "True"))]


ROWS: dict[type[Primitive], Row] = {BatchNorm: Layer("nn.BatchNorm2d", _columns, _arguments, norm=True)}
