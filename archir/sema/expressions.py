"""Evaluating expressions inside a definition."""

from __future__ import annotations

from archir.sema.access import lookup, read_attribute, read_index
from archir.sema.adjacent import choose_adjacent
from archir.sema.arguments import Arguments, evaluated
from archir.sema.calls import call
from archir.sema.choices import choose, choose_slots
from archir.sema.context import Frame
from archir.sema.operators import arithmetic, logic
from archir.sema.values import POISON, DefinitionValue, OptionSet, Tagged, Value, kind_of, poisoned_or
from archir.source import Span
from archir.syntax import ast


def evaluate(frame: Frame, e: ast.Expr) -> Value:
    """The value of an expression; POISON where something is wrong (and was reported)."""
    frame.session.step(e.span)
    match e:
        case ast.Literal():
            return e.value
        case ast.Name():
            return lookup(frame, e)
        case ast.Call():
            return _call(frame, e)
        case ast.Pipe():
            return _pipe(frame, e)
        case ast.Index():
            return read_index(frame, e)
        case ast.Attribute():
            return read_attribute(frame, e)
        case ast.Arithmetic():
            return arithmetic(frame, e)
        case ast.TupleOf() | ast.ListOf():
            return poisoned_or(tuple(evaluate(frame, item) for item in e.items))
        case ast.Options():
            values = poisoned_or(tuple(evaluate(frame, item) for item in e.items))
            return values if values is POISON else OptionSet(values)
        case ast.Range():
            return _range(frame, e)
        case ast.Choose():
            return choose(frame, e)
        case ast.Own():
            return _own(frame, e)
        case ast.Adjacent():
            return choose_adjacent(frame, e)
        case ast.Path() | ast.GraphName():
            return frame.error("NAS304", "`%` and `@` names belong to the flat form", e.span, help="write a plain name")
        case _:
            return logic(frame, e)


def _call(frame: Frame, e: ast.Call, *before: tuple[Value, Span]) -> Value:
    """The value of a call, behind a pipe with what is put into it."""
    callee = evaluate(frame, e.callee)
    arguments = evaluated(frame, e.arguments, before, _spread)
    return POISON if arguments is None else call(frame, callee, arguments, e.span)


def _spread(frame: Frame, e: ast.Expr) -> Value:
    """The values behind a `*`: of a choice, one for each edge that is kept."""
    return choose_slots(frame, e) if isinstance(e, ast.Choose) else evaluate(frame, e)


def _pipe(frame: Frame, e: ast.Pipe) -> Value:
    value, span = evaluate(frame, e.first), e.first.span
    for stage in e.stages:
        if isinstance(stage, ast.Call):
            value = _call(frame, stage, (value, span))
        else:
            value = call(frame, evaluate(frame, stage), Arguments((value,), {}, {0: span}), stage.span)
        span = stage.span
    return value


def _own(frame: Frame, e: ast.Own) -> Value:
    base, tag = evaluate(frame, e.base), evaluate(frame, e.tag)
    if base is POISON or tag is POISON:
        return POISON
    if isinstance(base, Tagged):
        message = f"`{base.name}` has the tag `{base.tag}` already"
        return frame.error("NAS304", message, e.span, help="give it a tag here, or where it is handed on")
    if not isinstance(base, DefinitionValue):
        help_ = "write `cell@tag(...)` to call a cell with architecture parameters of its own"
        return frame.error("NAS304", f"`@` belongs to a definition, found {kind_of(base)}", e.span, help=help_)
    text = str(tag)
    if isinstance(tag, bool) or not isinstance(tag, int | str) or not text.replace("_", "").isalnum():
        return frame.error(
            "NAS304", f"a tag is a number or a word, found {kind_of(tag)}", e.tag.span, help="write `@1` or `@(i)`"
        )
    return Tagged(base, text)


def _range(frame: Frame, e: ast.Range) -> Value:
    start, stop = evaluate(frame, e.start), evaluate(frame, e.stop)
    if start is POISON or stop is POISON:
        return POISON
    for value, part in ((start, e.start), (stop, e.stop)):
        if not isinstance(value, int) or isinstance(value, bool):
            return frame.error(
                "NAS304", f"a range needs integers, found {kind_of(value)}", part.span, help="write `0..n`"
            )
    return range(start, max(start, stop))
