"""Calling primitives."""

from __future__ import annotations

from attrs import fields

from archir.ir.graph import Operation
from archir.ir.primitive import Primitive, ShapeError
from archir.sema.arguments import Arguments, bind
from archir.sema.context import Frame
from archir.sema.values import POISON, Tensor, Value, kind_of
from archir.source import Span


def call_primitive(frame: Frame, cls: type[Primitive], arguments: Arguments, span: Span) -> Value:
    """A new operation: tensors are its operands, all else its attributes."""
    values = _flat(arguments.positional)
    operands = tuple(v for v in values if isinstance(v, Tensor))
    rest = tuple(v for v in values if not isinstance(v, Tensor))
    names = [f.name for f in fields(cls)]
    given = bind(frame, f"`{cls.name}`", names, Arguments(rest, arguments.keywords), span)
    primitive = None if given is None else make_primitive(frame, cls, given, span)
    return POISON if primitive is None else use_primitive(frame, primitive, operands, span)


def _flat(values: tuple[Value, ...]) -> tuple[Value, ...]:
    nested = (v if isinstance(v, tuple) and v and all(isinstance(t, Tensor) for t in v) else (v,) for v in values)
    return tuple(value for group in nested for value in group)


def make_primitive(frame: Frame, cls: type[Primitive], given: dict[str, Value], span: Span) -> Primitive | None:
    """The primitive with its attributes; None (reported) where a value does not fit one."""
    wrong = False
    for name, value in given.items():
        numbers = value if isinstance(value, tuple) else (value,)
        if not all(isinstance(v, bool | int | float) for v in numbers):
            message = f"`{name}` of `{cls.name}` cannot be {kind_of(value)}"
        else:
            try:
                cls(**{name: value})
                continue
            except (TypeError, ValueError, OverflowError) as error:
                reason = str(error.args[0]).removeprefix(f"`{name}` ")
                message = f"`{name}` of `{cls.name}`{'' if reason.startswith('must') else ':'} {reason}"
        wrong = True
        frame.error("NAS302", message, span, help="`archir ops` lists what each primitive takes")
    return None if wrong else cls(**given)


def use_primitive(frame: Frame, primitive: Primitive, operands: tuple[Tensor, ...], span: Span) -> Value:
    """A new operation, type-checked."""
    name, arity = primitive.name, primitive.arity
    if (arity is not None and len(operands) != arity) or not operands:
        wanted = "at least one tensor" if arity is None else f"{arity} tensor{'s' if arity > 1 else ''}"
        names = ", ".join("xyz"[: arity or 2])
        return frame.error(
            "NAS302", f"`{name}` takes {wanted}, found {len(operands)}", span, help=f"write `{name}({names})`"
        )
    types = tuple(o.type for o in operands)
    try:
        resolved = primitive.resolve(types)
        type_ = resolved.infer(types)
    except ShapeError as error:
        reason, _, remedy = str(error).partition("; ")
        return frame.error("NAS303", f"`{name}`: {reason}", span, help=remedy)
    return frame.builder.add(Operation("", resolved, (), type_, span), operands, name)
