"""Calling primitives, functions and definitions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from attrs import evolve, fields

from archir.diagnostics import Diagnostic
from archir.ir.graph import Call, Operation
from archir.ir.origin import NamedDefinition, Setting
from archir.ir.primitive import Primitive, ShapeError
from archir.sema.adjacent import check_windows
from archir.sema.arithmetic import is_number
from archir.sema.builder import GraphBuilder, forwarded, without_unused_inputs
from archir.sema.builtins import FUNCTIONS
from archir.sema.context import Built, Frame
from archir.sema.library import name_span
from archir.sema.suggest import did_you_mean
from archir.sema.types import check_size, check_type
from archir.sema.values import (
    POISON,
    CandidatesValue,
    DefinitionValue,
    Family,
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
from archir.syntax import ast

_NOTED = ("NAS301", "NAS302", "NAS303", "NAS304", "NAS305", "NAS306", "NAS307")
_MOST_NOTES = 4


Places: TypeAlias = Mapping[int | str, Span]
"""Where arguments were written, by place or name."""


def call(
    frame: Frame,
    callee: Value,
    positional: tuple[Value, ...],
    keywords: dict[str, Value],
    span: Span,
    places: Places = MappingProxyType({}),
) -> Value:
    """The value of a call; POISON where callee or arguments are wrong."""
    if callee is POISON or any(v is POISON for v in (*positional, *keywords.values())):
        return POISON
    match callee:
        case PrimitiveValue():
            return _call_primitive(frame, callee.cls, positional, keywords, span)
        case Function():
            return _call_function(frame, callee.name, positional, keywords, span)
        case DefinitionValue():
            return call_definition(frame, callee, None, positional, keywords, span, places)
        case Tagged():
            return call_definition(frame, callee.definition, callee.tag, positional, keywords, span, places)
        case WidthOf():
            return _width(frame, callee.definition, positional, keywords, span)
    help_ = "primitives, functions, blocks, cells and stages can be"
    if isinstance(callee, Namespace):
        help_ = f"call what it defines: {', '.join(f'`{callee.name}.{n}`' for n in callee.scope.own)}"
    return frame.error("NAS304", f"{kind_of(callee)} cannot be called", span, help=help_)


def bind(
    frame: Frame, what: str, names: list[str], positional: tuple[Value, ...], keywords: dict[str, Value], span: Span
) -> dict[str, Value] | None:
    """Arguments by parameter: positional ones fill what no keyword names, in order."""
    for name in keywords:
        if name not in names:
            help_ = did_you_mean(name, names) or _takes(names)
            frame.error("NAS302", f"{what} has no parameter `{name}`", span, help=help_)
            return None
    free = [n for n in names if n not in keywords]
    if len(positional) > len(free):
        extra = len(positional) - len(free)
        many = f"{extra} argument{'s' if extra > 1 else ''} too many"
        frame.error("NAS302", f"{what} got {many}", span, help=_takes(names))
        return None
    return {**dict(zip(free, positional, strict=False)), **keywords}


def _takes(names: list[str]) -> str:
    return f"it takes {', '.join(f'`{n}`' for n in names)}" if names else "it takes nothing more"


def _numbers(listed: tuple[Value, ...] | range) -> tuple[Value, ...]:
    """The values of a list; of a range, which may be long, its ends."""
    return (listed[0], listed[-1]) if isinstance(listed, range) and listed else tuple(listed)


def _call_function(
    frame: Frame, name: str, positional: tuple[Value, ...], keywords: dict[str, Value], span: Span
) -> Value:
    function = FUNCTIONS[name]
    if keywords:
        first = next(iter(keywords))
        return frame.error("NAS302", f"`{name}` has no parameter `{first}`", span, help=f"write `{function.example}`")
    listed = len(positional) == 1 and isinstance(positional[0], tuple | range) and function.takes_list
    values = _numbers(positional[0]) if listed else positional
    if function.takes_list and (not values or (not listed and function.most == 1)):
        found = kind_of(positional[0]) if positional and not listed else "nothing"
        return frame.error("NAS302", f"`{name}` takes a list, found {found}", span, help=f"write `{function.example}`")
    wrong = next((v for v in values if not is_number(v)), None)
    if wrong is not None and name != "len":
        return frame.error(
            "NAS302", f"`{name}` takes numbers, found {kind_of(wrong)}", span, help=f"write `{function.example}`"
        )
    if not listed and not function.least <= len(values) <= (function.most or len(values)):
        wanted = f"{function.least} number{'s' if function.least > 1 else ''}"
        return frame.error(
            "NAS302", f"`{name}` takes {wanted}, found {len(values)}", span, help=f"write `{function.example}`"
        )
    try:
        return function.compute(*(positional if name == "len" or not listed else (values,)))
    except (ValueError, ArithmeticError) as error:
        return frame.error("NAS302", f"`{name}` cannot be computed: {error}", span, help=f"write `{function.example}`")


def _flat(values: tuple[Value, ...]) -> tuple[Value, ...]:
    nested = (v if isinstance(v, tuple) and v and all(isinstance(t, Tensor) for t in v) else (v,) for v in values)
    return tuple(value for group in nested for value in group)


def _call_primitive(
    frame: Frame, cls: type[Primitive], positional: tuple[Value, ...], keywords: dict[str, Value], span: Span
) -> Value:
    values = _flat(positional)
    operands = tuple(v for v in values if isinstance(v, Tensor))
    rest = tuple(v for v in values if not isinstance(v, Tensor))
    known = [f.name for f in fields(cls)]
    given = bind(frame, f"`{cls.name}`", known, rest, keywords, span)
    if given is None:
        return POISON
    primitive = _made(frame, cls, given, span)
    if primitive is None:
        return POISON
    return use_primitive(frame, primitive, operands, span)


def _made(frame: Frame, cls: type[Primitive], given: dict[str, Value], span: Span) -> Primitive | None:
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


def call_definition(
    frame: Frame,
    callee: DefinitionValue,
    tag: str | None,
    positional: tuple[Value, ...],
    keywords: dict[str, Value],
    span: Span,
    places: Places = MappingProxyType({}),
) -> Value:
    """A new instance of a definition, built once for each set of types and arguments."""
    definition = callee.definition
    what = f"{definition.kind} `{definition.name}`"
    given = bind(frame, what, [p.name for p in definition.params], positional, keywords, span)
    if given is None:
        return POISON
    absent = [p.name for p in definition.params if p.name not in given and p.default is None]
    if absent:
        missing = ", ".join(f"`{n}`" for n in absent)
        return frame.error("NAS302", f"{what} needs {missing}", span, help="give it by position or by name")
    where = _places(definition.params, positional, keywords, places)
    fits = [
        check_type(frame, p, given[p.name], what, where.get(p.name, span)) for p in definition.params if p.name in given
    ]
    if not all(fits):
        return POISON
    tensors: list[Tensor] = []
    shapes = {name: _abstract(value, tensors) for name, value in given.items()}
    try:
        key = (id(definition), tuple(sorted(shapes.items(), key=lambda item: item[0])))
        known = frame.session.built.get(key)
    except TypeError:
        return frame.error(
            "NAS302",
            f"{what} got a value that it cannot take",
            span,
            help="give numbers, tensors, lists or definitions",
        )
    if known is None:
        with frame.session.attempt() as problems:
            built = _build(frame, callee, shapes, span)
        known = frame.session.built[key] = (built, tuple(problems))
    built, found = known
    for problem in found:
        frame.session.report(_called(problem, what, span))
    return POISON if found else _use(frame, built, tag, tuple(tensors), definition.name, span)


def _places(
    params: tuple[ast.Param, ...], positional: tuple[Value, ...], keywords: dict[str, Value], places: Places
) -> dict[str, Span]:
    """Where the argument of each parameter was written, if that is known."""
    free = [p.name for p in params if p.name not in keywords]
    by_place = {name: places.get(i) for i, name in zip(range(len(positional)), free, strict=False)}
    found = {**by_place, **{name: places.get(name) for name in keywords}}
    return {name: span for name, span in found.items() if span is not None}


def _width(
    frame: Frame, callee: DefinitionValue, positional: tuple[Value, ...], keywords: dict[str, Value], span: Span
) -> Value:
    """The channels of a definition's result: its last parameters are as given, those before are tensors.

    The tensors are like the first input of the definition where this is asked.
    """
    if not frame.builder.inputs:
        return frame.error("NAS304", f"`{callee.name}.width` needs a tensor here", span, help="ask inside a definition")
    required = [p.name for p in callee.definition.params if p.default is None and p.name not in keywords]
    numbers = max(0, len(required) - len(positional))
    apart = Frame(frame.session, frame.scope, GraphBuilder())
    given = dict(zip(required[numbers:], positional, strict=False)) | keywords
    for name in required[:numbers]:
        given[name] = apart.builder.add_input(name, frame.builder.inputs[0].type)
    result = call_definition(apart, callee, None, (), given, span)
    return result.type.channels if isinstance(result, Tensor) else result


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
    if callee.graph_name in session.calling:
        frame.error(
            "NAS308", f"{definition.kind} `{definition.name}` calls itself", span, help="repeat with a `for` loop"
        )
        return Built(None, ())
    what = f"{definition.kind} `{definition.name}`"
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
        for param in definition.params:
            check_size(inner, param, inner.locals[param.name], what)
        arguments = recorded(inner.locals)
        result = session.execute(inner, definition.body)
    finally:
        session.calling.pop()
    return _finish(inner, callee, result, inputs, arguments)


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


def _concrete(shape: Value, name: str, frame: Frame, inputs: list[Tensor]) -> Value:
    if isinstance(shape, Tensor):
        inputs.append(frame.builder.add_input(name, shape.type))
        return inputs[-1]
    if isinstance(shape, tuple):
        return tuple(_concrete(v, f"{name}.{i}", frame, inputs) for i, v in enumerate(shape))
    return shape


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


def problem_of_fit(problem: Diagnostic) -> bool:
    """Whether a problem says that types do not fit (and `when legal` may drop a candidate)."""
    return problem.code in ("NAS303", "NAS306", "NAS301")


__all__ = ["bind", "call", "call_definition", "problem_of_fit", "use_primitive"]
