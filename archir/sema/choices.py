"""`choose`: candidates on edges, each built for the value that its edge starts from."""

from __future__ import annotations

from collections import Counter

from attrs import evolve

from archir.ir.graph import Amount, Candidate, Choice, Edge
from archir.ir.types import TensorType
from archir.sema.context import Frame, Offer
from archir.sema.keep import kept_amounts
from archir.sema.offers import candidate_set, offers_of, type_words
from archir.sema.values import POISON, CandidatesValue, Tensor, Value, kind_of
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
            offered = offers_of(frame, found[0], tuple(s.type for s in sources), group.candidates.span)
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
        help_ = f"add a candidate that takes {type_words(s.type for s in starts[bare])}"
        frame.error("NAS307", f"no candidate is legal on edge {bare}", e.span, help=help_)
        return None
    keep = kept_amounts(frame, e.keep, edges)
    if not _all_fit(frame, e, edges, wanted) or keep is None:
        return None
    return Choice("", tuple(edges), keep, wanted, e.span), tuple(s for sources in starts for s in sources)


def _edge_set(frame: Frame, group: ast.EdgeSet) -> tuple[CandidatesValue, list[tuple[Tensor, ...]]] | None:
    """The candidates, and for each edge what it starts from: `(a, b)` is one edge, `[a, b]` are two."""
    if group.home is not None or group.active is not None:
        word = "at" if group.home is not None else "active"
        help_ = f"leave it out; the pass `{'share_features' if word == 'at' else 'restrict'}` writes it"
        frame.error("NAS304", f"`{word}` belongs to the flat form", group.span, help=help_)
        return None
    candidates = candidate_set(frame, group.candidates)
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
