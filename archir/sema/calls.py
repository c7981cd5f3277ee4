"""Calling whatever can be called."""

from __future__ import annotations

from archir.sema.arguments import Arguments, absent
from archir.sema.builder import GraphBuilder
from archir.sema.context import Frame
from archir.sema.definitions import call_definition
from archir.sema.functions import call_function
from archir.sema.primitives import call_primitive
from archir.sema.values import (
    POISON,
    DefinitionValue,
    Function,
    Namespace,
    PrimitiveValue,
    Tagged,
    Tensor,
    Value,
    WidthOf,
    kind_of,
)
from archir.source import Span


def call(frame: Frame, callee: Value, arguments: Arguments, span: Span) -> Value:
    """The value of a call; POISON where callee or arguments are wrong."""
    if callee is POISON or arguments.poisoned:
        return POISON
    match callee:
        case PrimitiveValue():
            return call_primitive(frame, callee.cls, arguments, span)
        case Function():
            return call_function(frame, callee.name, arguments, span)
        case DefinitionValue():
            return call_definition(frame, callee, None, arguments, span)
        case Tagged():
            return call_definition(frame, callee.definition, callee.tag, arguments, span)
        case WidthOf():
            return _width(frame, callee.definition, arguments, span)
    help_ = "primitives, functions, blocks, cells and stages can be"
    if isinstance(callee, Namespace):
        help_ = f"call what it defines: {', '.join(f'`{callee.name}.{n}`' for n in callee.scope.own)}"
    return frame.error("NAS304", f"{kind_of(callee)} cannot be called", span, help=help_)


def _width(frame: Frame, callee: DefinitionValue, arguments: Arguments, span: Span) -> Value:
    """The channels of a definition's result: its last parameters are as given, those before are tensors.

    The tensors are like the first input of the definition where this is asked.
    """
    if not frame.builder.inputs:
        return frame.error("NAS304", f"`{callee.name}.width` needs a tensor here", span, help="ask inside a definition")
    required = absent(callee.definition.params, arguments.keywords)
    numbers = max(0, len(required) - len(arguments.positional))
    apart = Frame(frame.session, frame.scope, GraphBuilder())
    given = {**dict(zip(required[numbers:], arguments.positional, strict=False)), **arguments.keywords}
    for name in required[:numbers]:
        given[name] = apart.builder.add_input(name, frame.builder.inputs[0].type)
    result = call_definition(apart, callee, None, Arguments((), given), span)
    return result.type.channels if isinstance(result, Tensor) else result
