"""Rows of the operations on each number by itself."""

from __future__ import annotations

from collections.abc import Sequence

from archir.ir.primitive import Primitive, Types
from archir.lowering.source.row import Code, Column, Function, Layer, Row
from archir.ops.pointwise import Add, Dropout, Mul, Relu, Relu6, Scale, ScaleChannels, Sigmoid, Swish


def _activation(function: str) -> Function:
    return Function(lambda operands, _texts: Code(f"{function}({operands[0].text})"), activation=True)


def _rate(p: Dropout, _inputs: Types) -> tuple[Column, ...]:
    return (Column("rate", "number", p.rate),)


def _factor(p: Scale, _inputs: Types) -> tuple[Column, ...]:
    return (Column("factor", "number", p.factor),)


def _scale(operands: Sequence[Code], texts: Sequence[str]) -> Code:
    # The operand stands left of the factor's product only if it needs no parentheses of its own.
    return Code(f"{texts[0]} * {operands[0].within('atom')}", "product")


def _add(operands: Sequence[Code], _texts: Sequence[str]) -> Code:
    first, *others = operands
    if not others:
        return first
    # Sums add from left to right: a sum on the right keeps its parentheses, and with them its rounding.
    return Code(" + ".join([first.text, *(o.within("product") for o in others)]), "sum")


def _mul(operands: Sequence[Code], _texts: Sequence[str]) -> Code:
    return Code(f"{operands[0].within('product')} * {operands[1].within('atom')}", "product")


def _scale_channels(operands: Sequence[Code], _texts: Sequence[str]) -> Code:
    x, factors = operands
    return Code(f"{x.within('product')} * {factors.within('atom')}[:, :, None, None]", "product")


ROWS: dict[type[Primitive], Row] = {
    Relu: _activation("F.relu"),
    Relu6: _activation("F.relu6"),
    Sigmoid: _activation("torch.sigmoid"),
    Swish: _activation("F.silu"),
    Dropout: Layer("nn.Dropout", _rate, list),
    Scale: Function(_scale, _factor),
    Add: Function(_add),
    Mul: Function(_mul),
    ScaleChannels: Function(_scale_channels),
}
