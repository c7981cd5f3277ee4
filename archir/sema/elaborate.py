"""A linked file -> a module in space or network form."""

from __future__ import annotations

from attrs import evolve

from archir.diagnostics import ArchirError, Diagnostic, fail
from archir.ir.graph import Kind
from archir.ir.module import Form, Module, choice_instances
from archir.ir.origin import Origin
from archir.ir.types import TensorType
from archir.limits import current_limits
from archir.sema.adjacent import check_windows
from archir.sema.agreement import disagreements
from archir.sema.builder import GraphBuilder, forwarded, without_unused_inputs
from archir.sema.context import Frame, Session
from archir.sema.definitions import recorded
from archir.sema.expansion import check_expansion
from archir.sema.expressions import evaluate
from archir.sema.library import FileScope, Library, name_span
from archir.sema.names import unknown_names
from archir.sema.parameters import Settings, check_settings, parameter
from archir.sema.statements import execute
from archir.sema.values import POISON, DefinitionValue, Tensor


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
    check_settings(definition, settings)
    frame = Frame(session, net.scope, GraphBuilder())
    for param in definition.params:
        value = parameter(frame, param, settings, f"net `{net.name}`")
        if isinstance(value, TensorType):
            session.input = session.input or (value if value.is_map else None)
            frame.locals[param.name] = frame.builder.add_input(param.name, value)
        else:
            frame.locals[param.name] = value
    if any(v is POISON for v in frame.locals.values()):
        return None
    arguments = recorded(frame.locals)
    session.calling.append(net.graph_name)
    result = execute(frame, definition.body)
    if not isinstance(result, Tensor):
        return None
    if not frame.builder.inputs:
        where = name_span(definition, net.name)
        frame.error("NAS302", f"net `{net.name}` takes no tensor", where, help="give it `image: tensor[3, 32, 32]`")
        return None
    kind: Kind = "net"
    graph, _ = without_unused_inputs(evolve(frame.builder.finish(net.graph_name, kind, result), arguments=arguments))
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
