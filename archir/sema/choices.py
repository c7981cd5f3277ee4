"""`choose`: candidates on edges, each built for the value that its edge starts from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import product

from attrs import evolve

from archir.ir.graph import Amount, Candidate, Choice, Edge, Graph, Keep
from archir.ir.types import TensorType
from archir.ops.zeros import gives_zeros
from archir.sema.builder import GraphBuilder, forwarded
from archir.sema.calls import bind, call, problem_of_fit
from archir.sema.context import Frame, Offer
from archir.sema.terms import option_suffix
from archir.sema.types import check_type
from archir.sema.values import POISON, CandidatesValue, OptionSet, Tensor, Value, kind_of
from archir.source import Span
from archir.syntax import ast


def choose(frame: Frame, e: ast.Choose) -> Value:
    """A new choice, the sum of what it keeps; POISON where a candidate does not fit."""
    made = _choice(frame, e)
    return POISON if made is None else frame.builder.add(*made, "choose")


def choose_slots(frame: Frame, e: ast.Choose) -> Value:
    """A new choice whose kept edges fill one value each: `*choose ... keep 2 edges`."""
    made = _choice(frame, e)
    if made is None:
        return POISON
    choice, operands = made
    amount = choice.keep.edges
    if amount is None or amount.least != amount.most or choice.keep.operations != Amount(1, 1):
        help_ = "write `keep 2 edges` for the two inputs of a cell"
        return frame.error(
            "NAS307", "`*choose` keeps a fixed number of edges, with one operation each", e.span, help=help_
        )
    slotted = evolve(choice, slots=amount.least)
    return frame.builder.add_all(slotted, operands, "choose")


def _choice(frame: Frame, e: ast.Choose) -> tuple[Choice, tuple[Tensor, ...]] | None:
    offers: list[tuple[Offer, ...]] = []
    starts: list[tuple[Tensor, ...]] = []
    for group in e.edges:
        found = _edge_set(frame, group)
        if found is None:
            return None
        for sources in found[1]:
            offered = _offers(frame, found[0], tuple(s.type for s in sources), group.candidates.span)
            if offered is None:
                return None
            starts.append(sources)
            offers.append(offered)
    if not offers:
        help_ = "begin the loop where there is a value to choose from"
        frame.error("NAS307", "this choice has no edges: its sources are an empty list", e.span, help=help_)
        return None
    wanted = _wanted_type(offers)
    edges = (
        [Edge(("",) * len(s), _legal(frame, offered, wanted)) for s, offered in zip(starts, offers, strict=True)]
        if wanted is not None
        else []
    )
    if wanted is None or not all(edge.candidates for edge in edges):
        bare = next((i for i, edge in enumerate(edges) if not edge.candidates), 0)
        help_ = f"add a candidate that takes {_types(s.type for s in starts[bare])}"
        frame.error("NAS307", f"no candidate is legal on edge {bare}", e.span, help=help_)
        return None
    keep = _keep(frame, e.keep, edges)
    if not _all_fit(frame, e, edges, wanted) or keep is None:
        return None
    return Choice("", tuple(edges), keep, wanted, e.span), tuple(s for sources in starts for s in sources)


def _edge_set(frame: Frame, group: ast.EdgeSet) -> tuple[CandidatesValue, list[tuple[Tensor, ...]]] | None:
    """The candidates, and for each edge what it starts from: `(a, b)` is one edge, `[a, b]` are two."""
    candidates = _candidate_set(frame, group.candidates)
    sources = frame.session.evaluate(frame, group.sources)
    if candidates is None or sources is POISON:
        return None
    listed = isinstance(sources, tuple) and not isinstance(group.sources, ast.TupleOf)
    starts = [value if isinstance(value, tuple) else (value,) for value in (sources if listed else (sources,))]
    for value in (v for start in starts for v in start or (start,)):
        if not isinstance(value, Tensor):
            help_ = "write `choose candidates from x[0..i]`"
            frame.error(
                "NAS304", f"an edge starts from a tensor, found {kind_of(value)}", group.sources.span, help=help_
            )
            return None
    return candidates, starts


def _types(types: Iterable[TensorType]) -> str:
    return " and ".join(map(str, types))


def _candidate_set(frame: Frame, e: ast.Expr) -> CandidatesValue | None:
    """`ops` or `ops(arguments)`."""
    callee, arguments = (e.callee, e.arguments) if isinstance(e, ast.Call) else (e, ())
    value = frame.session.evaluate(frame, callee)
    if value is POISON:
        return None
    if not isinstance(value, CandidatesValue):
        help_ = "define them: `candidates name = relu | sigmoid`"
        frame.error("NAS304", f"`choose` needs candidates, found {kind_of(value)}", e.span, help=help_)
        return None
    positional = tuple(frame.session.evaluate(frame, a.value) for a in arguments if a.name is None)
    keywords = {a.name: frame.session.evaluate(frame, a.value) for a in arguments if a.name is not None}
    if any(v is POISON for v in (*positional, *keywords.values())):
        return None
    params = value.candidates.params
    given = bind(frame, f"candidates `{value.name}`", [p.name for p in params], positional, keywords, e.span)
    if given is None:
        return None
    what = f"candidates `{value.name}`"
    places = argument_places(params, arguments)
    fits = [check_type(frame, p, given[p.name], what, places[p.name]) for p in params if p.name in given]
    if not all(fits):
        return None
    absent = [p.name for p in params if p.name not in given and p.default is None]
    if absent:
        help_ = f"write `{value.name}({absent[0]}=...)`"
        frame.error("NAS302", f"candidates `{value.name}` need `{absent[0]}`", e.span, help=help_)
        return None
    return CandidatesValue(value.candidates, value.scope, tuple(sorted(given.items())))


def argument_places(params: tuple[ast.Param, ...], arguments: tuple[ast.Argument, ...]) -> dict[str, Span]:
    """Where the argument of each parameter is written."""
    named = {a.name: a.span for a in arguments if a.name is not None}
    free = (p.name for p in params if p.name not in named)
    return {**dict(zip(free, (a.span for a in arguments if a.name is None), strict=False)), **named}


def _offers(
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
        note = f"on an edge from a {_types(sources)}, chosen at {span}"
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
    e = alternative.value
    callee_e, arguments = (e.callee, e.arguments) if isinstance(e, ast.Call) else (e, ())
    callee = frame.session.evaluate(frame, callee_e)
    values = [frame.session.evaluate(frame, a.value) for a in arguments]
    if callee is POISON or any(v is POISON for v in values):
        return []
    if not hasattr(callee, "name"):
        help_ = "name a primitive, a block, a cell or a stage"
        frame.error(
            "NAS304", f"a candidate is something that can be called, found {kind_of(callee)}", e.span, help=help_
        )
        return []
    spread = [v.values if isinstance(v, OptionSet) else (v,) for v in values]
    result = []
    for combination in product(*spread):
        options = [
            option_suffix(a.name, v)
            for a, v, all_ in zip(arguments, combination, values, strict=True)
            if isinstance(all_, OptionSet)
        ]
        name = "_".join([alternative.label or callee.name, *options])
        graph = _candidate_graph(frame, alternative, name, callee, arguments, combination, sources)
        if graph is not None:
            result.append((name, graph))
    return result


def _candidate_graph(
    frame: Frame,
    alternative: ast.Alternative,
    name: str,
    callee: Value,
    arguments: tuple[ast.Argument, ...],
    values: tuple[Value, ...],
    sources: tuple[TensorType, ...],
) -> Graph | None:
    frame.session.step(alternative.span)
    inner = Frame(frame.session, frame.scope, GraphBuilder())
    names = ["x"] if len(sources) == 1 else [f"x{i}" for i in range(len(sources))]
    inputs = [inner.builder.add_input(n, type_) for n, type_ in zip(names, sources, strict=True)]
    positional = (*inputs, *(v for a, v in zip(arguments, values, strict=True) if a.name is None))
    keywords = {a.name: v for a, v in zip(arguments, values, strict=True) if a.name is not None}
    with frame.session.attempt() as problems:
        unnamed = [a.span for a in arguments if a.name is None]
        places: dict[int | str, Span] = {len(inputs) + i: where for i, where in enumerate(unnamed)}
        places |= {a.name: a.span for a in arguments if a.name is not None}
        result = call(inner, callee, positional, keywords, alternative.value.span, places)
        inner.builder.name_statement("")
    if problems and alternative.when_legal and all(problem_of_fit(p) for p in problems):
        return None
    for problem in problems:
        help_ = problem.help
        if problem_of_fit(problem) and not help_:
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


def _wanted_type(offers: list[tuple[Offer, ...]]) -> TensorType | None:
    """The type of a choice: what most candidates give, those that may go where they do not fit not counted."""
    every = [offer for offered in offers for offer in offered]
    firm = [offer for offer in every if not offer.when_legal] or every
    count = Counter(offer.candidate.graph.type for offer in firm)
    return count.most_common(1)[0][0] if count else None


def _legal(frame: Frame, offered: tuple[Offer, ...], wanted: TensorType) -> tuple[Candidate, ...]:
    """The candidates of an edge without those `when legal` that give another type; one tuple for equal edges."""
    legal = frame.session.legal
    if (offered, wanted) not in legal:
        legal[offered, wanted] = tuple(
            o.candidate for o in offered if not o.when_legal or o.candidate.graph.type == wanted
        )
    return legal[offered, wanted]


def _all_fit(frame: Frame, e: ast.Choose, edges: list[Edge], wanted: TensorType) -> bool:
    """Whether every candidate gives the choice's type; errors name those that do not."""
    fit = True
    for i, edge in enumerate(edges):
        for candidate in edge.candidates:
            if candidate.graph.type != wanted:
                fit = False
                gives = f"edge {i} needs {wanted}; `{candidate.name}` gives {candidate.graph.type}"
                frame.error(
                    "NAS301", f"candidate `{candidate.name}` does not fit here", e.span, gives,
                    "write `when legal` behind the candidate to leave it out here, or make it give that type",
                )  # fmt: skip
    return fit


def _keep(frame: Frame, keep: ast.Keep, edges: list[Edge]) -> Keep | None:
    most_edges = len(edges)
    most_operations = max(len(edge.candidates) for edge in edges)
    edge_amount = _amount(frame, keep.edges, most_edges, "edges")
    operations = _amount(frame, keep.operations, most_operations, "operations")
    if keep.edges is None and most_edges > 1:
        message = f"there are {most_edges} edges here, and nothing is said about how many stay"
        frame.error("NAS307", message, keep.span, help="write `keep 2 edges`, or `keep any edges`")
        return None
    if (keep.edges is not None and edge_amount is None) or (keep.operations is not None and operations is None):
        return None
    amount = operations or Amount(1, 1)
    if edge_amount is not None:
        usable = sum(sum(not gives_zeros(c.graph) for c in edge.candidates) >= amount.least for edge in edges)
        if usable < edge_amount.least:
            message = f"{edge_amount.least} edges cannot stay: candidates other than `none` are on {usable}"
            frame.error("NAS307", message, keep.span, help="keep fewer, or add candidates")
            return None
    return Keep(edge_amount, amount)


def _amount(frame: Frame, amount: ast.Amount | None, available: int, what: str) -> Amount | None:
    if amount is None:
        return None
    if amount.word == "all":
        return Amount(available, available)
    most = available if amount.most is None else amount.most
    if amount.least > available or most > available or most < amount.least or most < 1:
        written = str(amount.least) if amount.least == most else f"{amount.least}..{most}"
        there = f"there {'is' if available == 1 else 'are'} {available} {what if available > 1 else what[:-1]}"
        help_ = f"keep {'1' if available == 1 else f'1 to {available}'}, or `any`, `some` or `all`"
        frame.error("NAS307", f"cannot keep {written} {what}: {there}", amount.span, help=help_)
        return None
    return Amount(amount.least, amount.most)
