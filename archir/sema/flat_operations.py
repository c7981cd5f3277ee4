"""Operations of the flat form, and what their lines are made of."""

from __future__ import annotations

from attrs import fields

from archir.diagnostics import fail
from archir.ir.graph import Operation, WeightMask
from archir.ir.primitive import ShapeError
from archir.ir.types import TensorType
from archir.ops import PRIMITIVES
from archir.sema.flat_values import FLAT, literal, real, refuse, split
from archir.sema.suggest import did_you_mean
from archir.source import Span
from archir.syntax import ast


def operation_of(name: str, primitive: str, e: ast.Call, types: dict[str, TensorType]) -> Operation:
    """The operation `name = primitive(...)` of a line; raises `ArchirError` NAS201, NAS302 or NAS303."""
    if primitive not in PRIMITIVES:
        fail(
            "NAS201",
            f"there is no primitive `{primitive}`",
            span=e.span,
            help=did_you_mean(primitive, PRIMITIVES) or "`archir ops` lists all",
        )
    places, named = split(e.arguments)
    operands = tuple(operand(value, types) for value in places)
    attributes = {name: literal(value) for name, value in named.items()}
    mask = _mask(attributes.pop("mask"), e.span) if "mask" in attributes else None
    known = [f.name for f in fields(PRIMITIVES[primitive])]
    for a in e.arguments:
        if a.name is not None and a.name not in known and a.name != "mask":
            help_ = did_you_mean(a.name, known) or f"it takes {', '.join(known) or 'none'}"
            fail("NAS302", f"`{primitive}` has no attribute `{a.name}`", span=a.span, help=help_)
    inputs = tuple(types[o] for o in operands)
    arity = PRIMITIVES[primitive].arity
    if not operands or (arity is not None and len(operands) != arity):
        wanted = "one or more" if arity is None else str(arity)
        fail("NAS302", f"`{primitive}` does not take {len(operands)} operands", span=e.span, help=f"give it {wanted}")
    try:
        resolved = PRIMITIVES[primitive](**attributes).resolve(inputs)
        return Operation(name, resolved, operands, resolved.infer(inputs), e.span, mask)
    except ShapeError as error:
        reason, _, remedy = str(error).partition("; ")
        fail("NAS303", f"`{primitive}`: {reason}", span=e.span, help=remedy or FLAT)
    except (TypeError, ValueError, OverflowError) as error:
        help_ = "`archir ops` lists what each primitive takes"
        fail("NAS302", f"`{primitive}` cannot be made: {error.args[0]}", span=e.span, help=help_)


def _mask(value: object, span: Span) -> WeightMask:
    match value:
        case (first, second) if (threshold := real(first)) is not None and (start := real(second)) is not None:
            return WeightMask(threshold, start)
    refuse(span, "`mask=(threshold, start)`")


def operand(e: ast.Expr, types: dict[str, TensorType]) -> str:
    """The value that an expression names; raises `ArchirError` NAS201 if it has none here."""
    if not isinstance(e, ast.Path):
        refuse(e.span, "a value such as `%x.0`")
    if e.text not in types:
        fail(
            "NAS201",
            f"`%{e.text}` has no value here",
            span=e.span,
            help=did_you_mean(e.text, types) or "compute it before",
        )
    return e.text


def type_of(e: ast.Expr | None, span: Span) -> TensorType:
    """The type that is written, `span` being where one is missing; raises `ArchirError`."""
    if isinstance(e, ast.Index) and isinstance(e.base, ast.Name) and e.base.text == "tensor":
        shape = tuple(literal(i) for i in e.indexes)
        if len(shape) in (1, 3) and all(isinstance(n, int) and n > 0 for n in shape):
            return TensorType(shape)
    refuse(e.span if e is not None else span, "a type such as `tensor[16, 32, 32]`")
