"""The candidates of an edge, each built for the values that the edge starts from."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from attrs import evolve

from archir.diagnostics import Diagnostic
from archir.ir.graph import Candidate, Graph
from archir.ir.types import TensorType
from archir.sema.arguments import Arguments, absent, bind, evaluated, fit
from archir.sema.builder import GraphBuilder, forwarded
from archir.sema.calls import call
from archir.sema.context import Frame, Offer
from archir.sema.terms import option_suffix
from archir.sema.values import POISON, CandidatesValue, OptionSet, Tensor, Value, kind_of
from archir.source import Span
from archir.syntax import ast


def candidate_set(frame: Frame, e: ast.Expr) -> CandidatesValue | None:
    """`ops` or `ops(arguments)`."""
    callee, written = (e.callee, e.arguments) if isinstance(e, ast.Call) else (e, ())
    value = frame.session.evaluate(frame, callee)
    if value is POISON:
        return None
    if not isinstance(value, CandidatesValue):
        help_ = "define them: `candidates name = relu | sigmoid`"
        frame.error("NAS304", f"`choose` needs candidates, found {kind_of(value)}", e.span, help=help_)
        return None
    arguments = evaluated(frame, written)
    if arguments is None or arguments.poisoned:
        return None
    what, params = f"candidates `{value.name}`", value.candidates.params
    given = bind(frame, what, [p.name for p in params], arguments, e.span)
    if given is None or not fit(frame, what, params, given, arguments, e.span):
        return None
    missing = absent(params, given)
    if missing:
        help_ = f"write `{value.name}({missing[0]}=...)`"
        frame.error("NAS302", f"{what} need `{missing[0]}`", e.span, help=help_)
        return None
    return CandidatesValue(value.candidates, value.scope, tuple(sorted(given.items())))


def offers_of(
    frame: Frame, value: CandidatesValue, sources: tuple[TensorType, ...], span: Span
) -> tuple[Offer, ...] | None:
    """The candidates of an edge that starts from values of these types; built once, so that edges share them."""
    session = frame.session
    key = (id(value.candidates), value.arguments, sources)
    known = session.built_offers.get(key)
    if known is None:
        with session.attempt() as problems:
            made = _make_offers(frame, value, sources)
        known = session.built_offers[key] = (made, tuple(problems))
    made, found = known
    for problem in found:
        note = f"on an edge from a {type_words(sources)}, chosen at {span}"
        session.report(evolve(problem, notes=(*problem.notes, note)))
    return None if found else made


def _make_offers(frame: Frame, value: CandidatesValue, sources: tuple[TensorType, ...]) -> tuple[Offer, ...]:
    session = frame.session
    inner = Frame(session, value.scope, GraphBuilder(), dict(value.arguments))
    for param in value.candidates.params:
        if param.name not in inner.locals and param.default is not None:
            inner.locals[param.name] = session.evaluate(inner, param.default)
    made: list[Offer] = []
    for alternative in value.candidates.alternatives:
        for name, graph in _alternative(inner, alternative, sources):
            if any(o.candidate.name == name for o in made):
                help_ = "put a name of its own before one of them: `name: ...`"
                inner.error("NAS307", f"two candidates are called `{name}`", alternative.span, help=help_)
            made.append(Offer(Candidate(name, graph), alternative.when_legal))
    return tuple(made)


def _alternative(
    frame: Frame, alternative: ast.Alternative, sources: tuple[TensorType, ...]
) -> list[tuple[str, Graph]]:
    """The candidates that one alternative makes, one for each combination of its options."""
    e = alternative.value
    callee_e, written = (e.callee, e.arguments) if isinstance(e, ast.Call) else (e, ())
    callee = frame.session.evaluate(frame, callee_e)
    values = [frame.session.evaluate(frame, a.value) for a in written]
    if callee is POISON or any(v is POISON for v in values):
        return []
    if not hasattr(callee, "name"):
        help_ = "name a primitive, a block, a cell or a stage"
        message = f"a candidate is something that can be called, found {kind_of(callee)}"
        frame.error("NAS304", message, e.span, help=help_)
        return []
    result = []
    for combination in product(*(v.values if isinstance(v, OptionSet) else (v,) for v in values)):
        given = list(zip(written, combination, strict=True))
        chosen = zip(given, values, strict=True)
        options = [option_suffix(a.name, v) for (a, v), every in chosen if isinstance(every, OptionSet)]
        name = "_".join([alternative.label or callee.name, *options])
        graph = _candidate_graph(frame, alternative, name, callee, given, sources)
        if graph is not None:
            result.append((name, graph))
    return result


def _candidate_graph(
    frame: Frame,
    alternative: ast.Alternative,
    name: str,
    callee: Value,
    given: list[tuple[ast.Argument, Value]],
    sources: tuple[TensorType, ...],
) -> Graph | None:
    """The graph of one candidate; None where it does not fit, which is reported unless it may be left out."""
    frame.session.step(alternative.span)
    inner = Frame(frame.session, frame.scope, GraphBuilder())
    names = ["x"] if len(sources) == 1 else [f"x{i}" for i in range(len(sources))]
    inputs = [inner.builder.add_input(n, type_) for n, type_ in zip(names, sources, strict=True)]
    with frame.session.attempt() as problems:
        result = call(inner, callee, _behind(inputs, given), alternative.value.span)
        inner.builder.name_statement("")
    if problems and alternative.when_legal and all(_misfit(p) for p in problems):
        return None
    for problem in problems:
        help_ = problem.help
        if _misfit(problem) and not help_:
            help_ = f"write `when legal` behind the candidate `{name}` to leave it out where it does not fit"
        if len(inputs) > 1 and problem.code == "NAS302":
            help_ = "`from (a, b)` is one edge from both values, `from [a, b]` are two edges"
        notes = (*problem.notes, f"in the candidate `{name}`")
        frame.session.report(evolve(problem, notes=notes, help=help_))
    if problems or result is POISON:
        return None
    if not isinstance(result, Tensor):
        help_ = "a candidate takes a tensor and returns one"
        frame.error("NAS304", f"candidate `{name}` gives {kind_of(result)}, not a tensor", alternative.span, help=help_)
        return None
    graph = inner.builder.finish(name, "block", result)
    through = forwarded(graph)
    return through[0] if through is not None and through[1] == tuple(range(len(inputs))) else graph


def _behind(inputs: list[Tensor], given: list[tuple[ast.Argument, Value]]) -> Arguments:
    """The arguments of a candidate: what its edge starts from, then what is written."""
    unnamed = [(a, v) for a, v in given if a.name is None]
    named = [(a, v) for a, v in given if a.name is not None]
    places: dict[int | str, Span] = {place: a.span for place, (a, _) in enumerate(unnamed, start=len(inputs))}
    places |= {a.name: a.span for a, _ in named if a.name is not None}
    return Arguments((*inputs, *(v for _, v in unnamed)), {a.name: v for a, v in named if a.name is not None}, places)


def _misfit(problem: Diagnostic) -> bool:
    """Whether a problem says that types do not fit (and `when legal` may drop a candidate)."""
    return problem.code in ("NAS303", "NAS306", "NAS301")


def type_words(types: Iterable[TensorType]) -> str:
    """What an edge starts from, in words."""
    return " and ".join(map(str, types))
