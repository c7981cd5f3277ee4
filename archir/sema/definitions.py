"""Calling definitions: each is built once for each set of types and arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from archir.diagnostics import Diagnostic
from archir.ir.graph import Call
from archir.ir.origin import NamedDefinition, Setting
from archir.sema.adjacent import check_windows
from archir.sema.arguments import Arguments, absent, bind, fit
from archir.sema.builder import GraphBuilder, forwarded, without_unused_inputs
from archir.sema.context import Built, Frame
from archir.sema.library import name_span
from archir.sema.types import check_size, check_type
from archir.sema.values import POISON, CandidatesValue, DefinitionValue, Family, Tensor, Value, kind_of
from archir.source import Span

_NOTED = ("NAS301", "NAS302", "NAS303", "NAS304", "NAS305", "NAS306", "NAS307")
_MOST_NOTES = 4


def call_definition(frame: Frame, callee: DefinitionValue, tag: str | None, arguments: Arguments, span: Span) -> Value:
    """A new instance of a definition, built once for each set of types and arguments."""
    definition = callee.definition
    what = f"{definition.kind} `{definition.name}`"
    given = bind(frame, what, [p.name for p in definition.params], arguments, span)
    if given is None:
        return POISON
    missing = ", ".join(f"`{name}`" for name in absent(definition.params, given))
    if missing:
        return frame.error("NAS302", f"{what} needs {missing}", span, help="give it by position or by name")
    if not fit(frame, what, definition.params, given, arguments, span):
        return POISON
    tensors: list[Tensor] = []
    shapes = {name: _abstract(value, tensors) for name, value in given.items()}
    try:
        key = (id(definition), tuple(sorted(shapes.items(), key=lambda item: item[0])))
        known = frame.session.built.get(key)
    except TypeError:
        help_ = "give numbers, tensors, lists or definitions"
        return frame.error("NAS302", f"{what} got a value that it cannot take", span, help=help_)
    if known is None:
        with frame.session.attempt() as problems:
            built = _build(frame, callee, shapes, span)
        known = frame.session.built[key] = (built, tuple(problems))
    built, found = known
    for problem in found:
        frame.session.report(_called(problem, what, span))
    return POISON if found else _use(frame, built, tag, tuple(tensors), definition.name, span)


def _called(problem: Diagnostic, what: str, span: Span) -> Diagnostic:
    """The problem with a note on the call that led to it."""
    if problem.span is None or problem.code not in _NOTED or len(problem.notes) >= _MOST_NOTES:
        return problem
    return evolve(problem, notes=(*problem.notes, f"in {what}, called at {span}"))


def _abstract(value: Value, tensors: list[Tensor]) -> Value:
    """The value with its tensors replaced by (place, type), which are gathered."""
    if isinstance(value, Tensor):
        tensors.append(value)
        return Tensor(len(tensors) - 1, value.type)
    if isinstance(value, tuple):
        return tuple(_abstract(v, tensors) for v in value)
    return value


def _concrete(shape: Value, name: str, frame: Frame, inputs: list[Tensor]) -> Value:
    if isinstance(shape, Tensor):
        inputs.append(frame.builder.add_input(name, shape.type))
        return inputs[-1]
    if isinstance(shape, tuple):
        return tuple(_concrete(v, f"{name}.{i}", frame, inputs) for i, v in enumerate(shape))
    return shape


def _use(frame: Frame, built: Built, tag: str | None, tensors: tuple[Tensor, ...], label: str, span: Span) -> Value:
    if built.returns_input is not None:
        return tensors[built.returns_input]
    if built.graph is None:
        return built.result
    operands = tuple(tensors[i] for i in built.kept)
    own = None if built.forwards else tag  # the tag is the definition's, not that of the one that it calls
    return frame.builder.add(Call("", built.graph, (), own, span), operands, label)


def _build(frame: Frame, callee: DefinitionValue, shapes: dict[str, Any], span: Span) -> Built:
    definition, session = callee.definition, frame.session
    what = f"{definition.kind} `{definition.name}`"
    if callee.graph_name in session.calling:
        frame.error("NAS308", f"{what} calls itself", span, help="repeat with a `for` loop")
        return Built(None, ())
    inner = Frame(session, callee.scope, GraphBuilder())
    inputs: list[Tensor] = []
    for name, shape in shapes.items():
        inner.locals[name] = _concrete(shape, name, inner, inputs)
    session.calling.append(callee.graph_name)
    try:
        for param in definition.params:
            if param.name not in inner.locals:
                assert param.default is not None
                inner.locals[param.name] = session.evaluate(inner, param.default)
                if not check_type(inner, param, inner.locals[param.name], what, param.default.span):
                    return Built(None, ())
        exact = definition.kind != "net"  # the data say what a net takes, and its text only what it takes by itself
        for param in definition.params:
            check_size(inner, param, inner.locals[param.name], what, exact=exact)
        arguments = recorded(inner.locals)
        result = session.execute(inner, definition.body)
    finally:
        session.calling.pop()
    return _finish(inner, callee, result, inputs, arguments)


def _finish(
    frame: Frame,
    callee: DefinitionValue,
    result: Value,
    inputs: list[Tensor],
    arguments: tuple[tuple[str, Setting | NamedDefinition], ...],
) -> Built:
    definition = callee.definition
    if result is POISON or result is None:
        return Built(None, ())
    if not isinstance(result, Tensor):
        if isinstance(result, Family) or _holds_tensors(result):
            message = f"{definition.kind} `{definition.name}` returns {kind_of(result)}, not one tensor"
            help_ = "return one tensor: `concat` them, or write one definition for each"
            frame.error("NAS304", message, name_span(definition, definition.name), help=help_)
            return Built(None, ())
        return Built(None, (), result)
    if result in inputs:
        return Built(None, (), returns_input=inputs.index(result))
    graph = frame.builder.finish(callee.graph_name, definition.kind, result)  # type: ignore[arg-type]
    graph, kept = without_unused_inputs(evolve(graph, arguments=arguments))
    check_windows(frame, graph)
    through = forwarded(graph)
    if through is not None:
        graph, places = through
        kept = tuple(kept[i] for i in places)
    return Built(graph, kept, forwards=through is not None)


def _holds_tensors(value: Value) -> bool:
    return isinstance(value, Tensor) or (isinstance(value, tuple) and any(map(_holds_tensors, value)))


def recorded(values: Mapping[str, Value]) -> tuple[tuple[str, Setting | NamedDefinition], ...]:
    """What a graph tells of the arguments that it was built at."""
    named = {
        k: NamedDefinition(v.scope.prefix, v.name) if isinstance(v, DefinitionValue | CandidatesValue) else v
        for k, v in values.items()
    }
    return tuple((k, v) for k, v in named.items() if isinstance(v, NamedDefinition) or _is_plain(v))


def _is_plain(value: Value) -> bool:
    """Whether a value is a setting: a number, truth value, word, or a list of them."""
    return isinstance(value, bool | int | float | str) or (isinstance(value, tuple) and all(map(_is_plain, value)))
