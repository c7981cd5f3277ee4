"""Choices that are made once for several places: do all places offer the same?"""

from __future__ import annotations

from collections.abc import Iterator

from archir.diagnostics import Diagnostic
from archir.ir.graph import Choice, Graph, Keep
from archir.ir.module import ChoiceInstance, choice_instances


def disagreements(graph: Graph) -> Iterator[Diagnostic]:
    """One error for each choice whose instances differ in edges, candidates or keep."""
    first: dict[str, ChoiceInstance] = {}
    told: set[str] = set()
    for here in choice_instances(graph):
        there = first.setdefault(here.key, here)
        if there.choice is here.choice or _shape(there.choice) == _shape(here.choice) or here.key in told:
            continue
        told.add(here.key)
        note = f"at `{there.path}`: {_words(there.choice)}; at `{here.path}`: {_words(here.choice)}"
        help_ = (
            "tag the calls, `cell@tag(...)`, so that each has choices of its own, or make the candidates fit everywhere"
        )
        message = f"the choice `{here.key}` is made once for all its instances, and they offer different things"
        yield Diagnostic("NAS307", message, here.choice.span, "", (note,), help_)


def _shape(choice: Choice) -> tuple[tuple[tuple[str, ...], ...], Keep]:
    return tuple(tuple(c.name for c in edge.candidates) for edge in choice.edges), choice.keep


def _words(choice: Choice) -> str:
    names = dict.fromkeys(c.name for edge in choice.edges for c in edge.candidates)
    edges = f"{len(choice.edges)} edge{'' if len(choice.edges) == 1 else 's'}"
    return f"{edges} with {', '.join(names)}"
