"""What is drawn for a choice: its candidates, or how strong they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from attrs import field, frozen

from archir.ir.graph import Choice, Graph
from archir.ir.module import join
from archir.ir.printer import print_keep
from archir.show.drawing import Arrow, Family, Mark
from archir.show.families import family_of

Coefficients: TypeAlias = Sequence[Sequence[float]]
"""Over (edge, operation)."""
Strengths: TypeAlias = Mapping[str, Coefficients]
"""The coefficients of choices by their shared names."""

_LISTED = 3  # so many candidates are written on an arrow by name


@frozen
class Open:
    """The choices of one graph. `owner`: the name under which its instances share them."""

    owner: str
    choices: tuple[Choice, ...]
    strengths: Strengths = field(factory=dict)

    @classmethod
    def of(cls, graph: Graph, owner: str, strengths: Strengths) -> Open:
        """Those of a graph."""
        return cls(owner, tuple(node for node in graph.nodes if isinstance(node, Choice)), strengths)

    def arrows(self, choice: Choice, box: Mapping[str, str], target: str) -> list[Arrow]:
        """The arrows of a choice into a box, given the box of each value."""
        if choice.windows:
            return self._window_arrows(choice, box, target)
        arrows = []
        for e, edge in enumerate(choice.edges):
            marks, family, strength = self._told(choice, e)
            for place, source in enumerate(edge.sources):
                arrows.append(Arrow(box[source], target, marks if place == 0 else (), family, strength))
        return arrows

    def mark(self, choice: Choice) -> Mark:
        """What a choice of one edge is called in a box of its own."""
        marks, family, strength = self._told(choice, 0)
        if strength is not None and marks:
            return marks[0]
        names = _names(choice)[0]
        return Mark(names[0], family) if len(names) == 1 else Mark(self._short(names), "choice")

    def notes(self) -> tuple[str, ...]:
        """The candidates and the rules, as far as all choices have them in common; the output's window."""
        sums = [c for c in self.choices if not c.windows]
        lines = []
        for names in sorted(self._sets, key=len, reverse=True):
            if len(names) > 1 and (len(self._sets) == 1 or not self._listed(names)):
                told = "on each edge" if len(self._sets) == 1 and self._on_edges else self._short(names)
                lines.append(f"{told}: {self._written(names)}")
        rules = list(dict.fromkeys(print_keep(c.keep) for c in sums))
        if len(rules) == 1:
            lines.append(f"{rules[0]} {'of each layer' if sums[0].keep.edges is None else 'into each node'}")
        if self.strengths and sums:
            lines.append("shown: the strongest operation of each edge, and its coefficient")
        return (*lines, *(_window_note(c, weighed=bool(self.strengths)) for c in self.choices if c.windows))

    def rule(self, choice: Choice) -> str:
        """A choice's rule, where others in the graph have another one."""
        rules = {print_keep(c.keep) for c in self.choices if not c.windows}
        return print_keep(choice.keep) if len(rules) > 1 and not choice.windows else ""

    @property
    def _on_edges(self) -> bool:
        """Whether the candidates stand on arrows, and not in boxes of their own."""
        return any(c.keep.edges is not None for c in self.choices)

    @property
    def _sets(self) -> tuple[tuple[str, ...], ...]:
        """The different sets of candidates."""
        return tuple(dict.fromkeys(names for c in self.choices if not c.windows for names in _names(c)))

    def _told(self, choice: Choice, e: int) -> tuple[tuple[Mark, ...], Family, float | None]:
        """Marks, family and strength of an edge."""
        candidates = [candidate for _, candidate in choice.edges[e].alternatives]
        table = self.strengths.get(join(self.owner, choice.name))
        if table is not None:
            row = [(c, float(table[e][k])) for k, c in choice.edges[e].alternatives]
            solid = [(c, v) for c, v in row if family_of(c.graph, c.name) != "none"] or row
            best, value = max(solid, key=lambda pair: pair[1])
            family = family_of(best.graph, best.name)
            return ((Mark(f"{best.name} {value:.2f}", family),), family, value) if value > 0 else ((), "none", 0.0)
        if len(candidates) == 1:
            family = family_of(candidates[0].graph, candidates[0].name)
            return (Mark(candidates[0].name, family),), family, None
        names = tuple(c.name for c in candidates)
        if len(self._sets) == 1:
            return (), "choice", None
        if self._listed(names):
            return tuple(Mark(c.name, family_of(c.graph, c.name)) for c in candidates), "choice", None
        return (Mark(self._short(names), "choice"),), "choice", None

    def _listed(self, names: tuple[str, ...]) -> bool:
        return len(names) <= _LISTED

    def _short(self, names: tuple[str, ...]) -> str:
        """`8 ops`, with a number where other sets have as many."""
        alike = [s for s in self._sets if len(s) == len(names)]
        number = "" if len(alike) == 1 else f" ({alike.index(names) + 1})"
        return f"{len(names)} ops{number}"

    def _written(self, names: tuple[str, ...]) -> str:
        """A set, by the one name that a larger one has besides if there is such a set."""
        for other in self._sets:
            more = [n for n in other if n not in names]
            if len(more) == 1 and {*names} < {*other}:
                return f"the {len(other)} without {more[0]}"
        return ", ".join(names)

    def _window_arrows(self, choice: Choice, box: Mapping[str, str], target: str) -> list[Arrow]:
        """How much of each value comes through: the sum over the windows that it stands in."""
        sources = choice.edges[0].sources
        table = self.strengths.get(join(self.owner, choice.name))
        if table is None:
            return [Arrow(box[source], target, (), "choice") for source in sources]
        arrows = []
        for place, source in enumerate(sources):
            windows = range(max(0, place - choice.slots + 1), min(place + 1, len(choice.edges[0].candidates)))
            value = float(sum(table[0][w] for w in windows))
            arrows.append(Arrow(box[source], target, (Mark(f"{value:.2f}", "choice"),), "choice", value))
        return arrows


def _window_note(choice: Choice, *, weighed: bool) -> str:
    sources = choice.edges[0].sources
    note = f"into the output: {choice.slots} neighbors of {indexed(sources[0])} to {indexed(sources[-1])}"
    return f"{note}; shown: the sum over those with it" if weighed else note


def indexed(name: str) -> str:
    """`c[2]` for `c.2.inner`: a value as the text has it."""
    found = re.match(r"(\w+)((?:\.\d+)+)(?:\.|$)", name)
    return name if found is None else found[1] + re.sub(r"\.(\d+)", r"[\1]", found[2])


def _names(choice: Choice) -> list[tuple[str, ...]]:
    return [tuple(c.name for _, c in edge.alternatives) for edge in choice.edges]


def grouped(arrows: Iterable[Arrow]) -> tuple[Arrow, ...]:
    """Arrows with their operations side by side where several go from one box to another."""
    found: dict[object, Arrow] = {}
    for i, arrow in enumerate(arrows):
        key: object = (arrow.source, arrow.target) if arrow.marks and arrow.strength is None else i
        known = found.get(key)
        found[key] = arrow if known is None else Arrow(arrow.source, arrow.target, known.marks + arrow.marks, "plain")
    return tuple(found.values())
