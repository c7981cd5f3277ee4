"""Rows of the operations that move or drop numbers."""

from __future__ import annotations

from collections.abc import Sequence

from archir.ir.primitive import Primitive, Types
from archir.lowering.source.row import Code, Column, Function, Row
from archir.ops.layout import ChannelShuffle, Concat, Slice, Zero


def _concat(operands: Sequence[Code], _texts: Sequence[str]) -> Code:
    return Code(f"torch.cat([{', '.join(o.text for o in operands)}], dim=1)")


def _corner(p: Slice, _inputs: Types) -> tuple[Column, ...]:
    return (Column("top", "number", p.top), Column("left", "number", p.left))


def _slice(operands: Sequence[Code], texts: Sequence[str]) -> Code:
    rows, columns = (":" if text == "0" else f"{text}:" for text in texts)
    return Code(f"{operands[0].within('atom')}[:, :, {rows}, {columns}]")


def _groups(p: ChannelShuffle, _inputs: Types) -> tuple[Column, ...]:
    return (Column("groups", "number", p.groups),)


def _channel_shuffle(operands: Sequence[Code], texts: Sequence[str]) -> Code:
    return Code(f"F.channel_shuffle({operands[0].text}, {texts[0]})")


def _strides(p: Zero, inputs: Types) -> tuple[Column, ...]:
    if not inputs[0].is_map:
        return ()
    return (Column("stride", "stride", p.stride[0]), Column("stride", "stride", p.stride[1]))


def _zero(operands: Sequence[Code], texts: Sequence[str]) -> Code:
    if all(text == "1" for text in texts):
        return Code(f"torch.zeros_like({operands[0].text})")
    rows, columns = texts
    return Code(f"torch.zeros_like({operands[0].within('atom')}[:, :, ::{rows}, ::{columns}])")


ROWS: dict[type[Primitive], Row] = {
    Concat: Function(_concat),
    Slice: Function(_slice, _corner),
    ChannelShuffle: Function(_channel_shuffle, _groups),
    Zero: Function(_zero, _strides),
}
