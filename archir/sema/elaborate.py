"""A linked file -> a module in space or network form."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from archir.diagnostics import ArchirError, Diagnostic, fail
from archir.ir.graph import Kind
from archir.ir.module import Form, Module, choice_instances
from archir.ir.origin import Origin, Setting
from archir.ir.types import TensorType
from archir.limits import current_limits
from archir.sema.adjacent import check_windows
from archir.sema.agreement import disagreements
from archir.sema.builder import GraphBuilder, forwarded, without_unused_inputs
from archir.sema.context import Frame, Session
from archir.sema.expansion import check_expansion
from archir.sema.expressions import evaluate
from archir.sema.library import FileScope, Library, name_span
from archir.sema.names import unknown_names
from archir.sema.statements import execute
from archir.sema.suggest import did_you_mean
from archir.sema.values import POISON, DefinitionValue, Tensor, Value, Word, kind_of
from archir.source import Source
from archir.syntax import ast
from archir.syntax.parser import parse

Settings = Mapping[str, Setting | TensorType]


def elaborate(scope: FileScope, library: Library, net: DefinitionValue, settings: Settings) -> Module:
    """Builds a net with the given parameters; raises `ArchirError` with every error found."""
    session = Session(current_limits(), evaluate, execute)
    for problem in library.errors:
        session.report(problem)
    for each in (scope, *library.scopes.values()):
        if not each.complete:
            continue
        for problem in unknown_names(each):
            session.report(problem)
    module = None
    try:
        if scope.complete:
            module = _net(session, scope, library, net, settings)
    except RecursionError:
        session.report(Diagnostic(
            "NAS102", f"`{net.name}` is nested too deeply", name_span(net.definition, net.name),
            help="definitions call each other some hundred levels deep; repeat with `for` instead",
        ))  # fmt: skip
    if session.errors:
        raise ArchirError(*session.errors.values())
    if module is None:
        where = name_span(net.definition, net.name)
        fail("NAS309", f"the net `{net.name}` returns no tensor", span=where, help="end it with `return VALUE`")
    return module


def _net(
    session: Session, scope: FileScope, library: Library, net: DefinitionValue, settings: Settings
) -> Module | None:
    definition = net.definition
    _check_settings(definition, settings)
    frame = Frame(session, net.scope, GraphBuilder())
    plain: dict[str, Setting] = {}
    for param in definition.params:
        value = _parameter(frame, param, settings)
        if isinstance(value, TensorType):
            frame.locals[param.name] = frame.builder.add_input(param.name, value)
            plain[param.name] = value.shape
        else:
            frame.locals[param.name] = value
            if isinstance(value, bool | int | float | str | tuple):
                plain[param.name] = value
    if any(v is POISON for v in frame.locals.values()):
        return None
    session.calling.append(net.graph_name)
    result = execute(frame, definition.body)
    if not isinstance(result, Tensor):
        return None
    if not frame.builder.inputs:
        where = name_span(definition, net.name)
        frame.error("NAS302", f"net `{net.name}` takes no tensor", where, help="give it `image: tensor[3, 32, 32]`")
        return None
    kind: Kind = "net"
    graph, _ = without_unused_inputs(frame.builder.finish(net.graph_name, kind, result))
    check_windows(frame, graph)
    through = forwarded(graph)
    if through is not None and through[0].kind in ("net", "stage"):  # printed as a stage, it has to keep its paths
        graph = evolve(through[0], kind=kind)
    given = tuple((k, v.shape if isinstance(v, TensorType) else v) for k, v in settings.items())
    origin = Origin(scope.file.source, tuple(sorted(library.read.items())), net.name, given)
    check_expansion(graph, net.definition.span)
    for problem in disagreements(graph):
        session.report(problem)
    form: Form = "space" if any(True for _ in choice_instances(graph)) else "network"
    return Module(net.name, form, graph, origin=origin)


def _check_settings(definition: ast.Definition, settings: Settings) -> None:
    names = [p.name for p in definition.params]
    unknown = [s for s in settings if s not in names]
    if unknown:
        known = ", ".join(names)
        raise ArchirError(*(
            Diagnostic(
                "NAS205", f"net `{definition.name}` has no parameter `{s}`", name_span(definition, definition.name),
                help=did_you_mean(s, names) or f"it has {known}",
            )
            for s in unknown
        ))  # fmt: skip


def _parameter(frame: Frame, param: ast.Param, settings: Settings) -> Value:
    declared = _declared(frame, param)
    if declared is POISON:
        return POISON
    if declared == Word("tensor"):
        help_ = f"write `{param.name}: tensor[3, 32, 32]`"
        return frame.error("NAS304", f"the tensor `{param.name}` has no size", param.span, help=help_)
    given = settings.get(param.name)
    if isinstance(declared, TensorType):
        if given is None or isinstance(given, TensorType):
            return given or declared
        shape = given if isinstance(given, tuple) else (given,)
        if len(shape) == 3 and all(isinstance(n, int) and n > 0 for n in shape):
            return TensorType(tuple(n for n in shape if isinstance(n, int)))
        help_ = f"write --set '{param.name}=(3, 32, 32)'"
        return frame.error(
            "NAS205", f"`{param.name}` is a tensor of channels, height and width", param.span, help=help_
        )
    if given is None:
        if param.default is None:
            help_ = f"give it with --set {param.name}=..."
            return frame.error("NAS205", f"the net's parameter `{param.name}` has no value", param.span, help=help_)
        return evaluate(frame, param.default)
    if isinstance(given, TensorType):
        help_ = "give it a number, a truth value or a word"
        return frame.error("NAS506", f"`{param.name}` is no tensor, but got {given}", param.span, help=help_)
    return _converted(frame, param, declared, given)


def _declared(frame: Frame, param: ast.Param) -> Value:
    """The declared type: a tensor's shape, or a word such as `cell`, or None."""
    if param.type is None:
        return None
    if isinstance(param.type, ast.Index):
        base = evaluate(frame, param.type.base)
        if base is POISON:
            return POISON
        shape = tuple(evaluate(frame, i) for i in param.type.indexes)
        if base == Word("tensor") and len(shape) in (1, 3) and all(isinstance(n, int) and n > 0 for n in shape):
            return TensorType(shape)
        help_ = "write `tensor[channels, height, width]`, for example `tensor[3, 32, 32]`"
        return frame.error("NAS304", "this is no tensor type", param.type.span, help=help_)
    return evaluate(frame, param.type)


def _converted(frame: Frame, param: ast.Param, declared: Value, given: Setting) -> Value:
    """A setting as the parameter's default wants it: numbers stay numbers, words name definitions."""
    default = None if param.default is None else evaluate(frame, param.default)
    if isinstance(default, DefinitionValue) or (
        isinstance(declared, Word) and declared.text in ("cell", "stage", "block")
    ):
        found = frame.scope.lookup(given) if isinstance(given, str) else []
        if len(found) == 1 and isinstance(found[0], DefinitionValue):
            return found[0]
        known = [n for n in frame.scope.names() if any(isinstance(v, DefinitionValue) for v in frame.scope.lookup(n))]
        help_ = did_you_mean(str(given), known) or "name a cell, stage or block of the file"
        return frame.error(
            "NAS205", f"`{param.name}` names a definition; there is no `{given}`", param.span, help=help_
        )
    if isinstance(default, float) and isinstance(given, int) and not isinstance(given, bool):
        return float(given)
    if default is not None and type(default) is not type(given):
        message = f"`{param.name}` is {kind_of(default)} by default; it cannot be {kind_of(given)}"
        help_ = f"give it {_example(default)}"
        return frame.error("NAS205", message, param.span, help=help_)
    return given


def _example(default: Value) -> str:
    """What may be given instead of a default, in words."""
    words = {bool: "`true` or `false`", int: "an integer", float: "a number", str: "a word", tuple: "a list"}
    return words.get(type(default), "a value of that kind")


def parse_setting(name: str, text: str) -> Setting:
    """The value of `--set name=text`: a number, truth value, word or tuple of them.

    Raises `ArchirError` NAS205 if it is none of these.
    """
    source = Source(f"--set {name}", f"const value = {text}\n")
    try:
        (item,) = parse(source).items
    except (ArchirError, ValueError):
        if text.replace("_", "").replace("-", "").isalnum():
            return text
        fail("NAS205", f"`{name}={text}` is no value", help="write a number, true, false, a word, or (a, b)")
    assert isinstance(item, ast.Constant)
    return _plain(name, text, item.value)


def _plain(name: str, text: str, e: ast.Expr) -> Setting:
    match e:
        case ast.Literal():
            return e.value
        case ast.Name(text="true" | "false"):
            return e.text == "true"
        case ast.Name():
            return e.text
        case ast.Minus(value=ast.Literal(value=int() | float() as number)):
            return -number
        case ast.TupleOf() | ast.ListOf():
            return tuple(_plain(name, text, item) for item in e.items)
    fail("NAS205", f"`{name}={text}` is no value", help="write a number, true, false, a word, or (a, b)")
