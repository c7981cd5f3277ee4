"""Rows of the pools."""

from __future__ import annotations

from collections.abc import Sequence

from archir.ir.primitive import Primitive, Types
from archir.lowering.source.row import Code, Column, Function, Layer, Row, options, plain
from archir.ops.pool import AvgPool, GlobalAvgPool, MaxPool


def _window(p: MaxPool | AvgPool, _inputs: Types) -> tuple[Column, ...]:
    return (
        Column("k", "k", plain(p.k)),
        Column("stride", "stride", plain(p.stride)),
        Column("pad", "pad", plain(p.pad)),
    )


def _window_arguments(texts: Sequence[str]) -> list[str]:
    k, stride, pad = texts
    # PyTorch's default stride is the window, so the stride is always said.
    return [k, f"stride={stride}", *options(padding=(pad, "0"))]


def _average(p: AvgPool, inputs: Types) -> tuple[Column, ...]:
    return (*_window(p, inputs), Column("count_pad", "flag", p.count_pad))


def _average_arguments(texts: Sequence[str]) -> list[str]:
    *window, count_pad = texts
    return [*_window_arguments(window), *options(count_include_pad=(count_pad, "True"))]


def _mean(operands: Sequence[Code], _texts: Sequence[str]) -> Code:
    return Code(f"{operands[0].within('atom')}.mean(dim=(2, 3))")


ROWS: dict[type[Primitive], Row] = {
    MaxPool: Layer("nn.MaxPool2d", _window, _window_arguments),
    AvgPool: Layer("nn.AvgPool2d", _average, _average_arguments),
    GlobalAvgPool: Function(_mean),
}
