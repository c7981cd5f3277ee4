"""How the parts of a contest have done: one entry of contests.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from attrs import field, frozen

from archir.ir.module import Module
from archir.passes.active import Place, active_sets
from archir.search.evaluation import best_of
from archir.search.report import EpochRecord
from archir.search.steps import Compete

Table: TypeAlias = tuple[tuple[float, ...], ...]
Names: TypeAlias = tuple[str, ...]


def _table(rows: Any) -> Table:
    """Lists, as JSON has them, as tuples."""
    return tuple(map(tuple, rows))


def _edges(rows: Any) -> tuple[Place, ...]:
    return tuple((key, e) for key, e in rows)


def _kept(rows: Any) -> tuple[tuple[Names, ...], ...]:
    return tuple(tuple(map(tuple, row)) for row in rows)


@frozen
class ContestRecord:
    """One contest.

    step: index in the method. split: the pass, with the groups that it had. groups, distill, by: as the method says.
    winner: the part that went on. evaluated: on which images the others are measured, `valid`. loss, accuracy: of each
    part after each of its epochs. train_loss: the mean over each epoch, of the labels alone. seconds: training and
    evaluation of all parts together. edges: those on which parts differ. kept: what each part has on each of them.
    """

    step: int
    split: str
    groups: str
    distill: str
    by: str
    winner: int
    evaluated: str
    loss: Table = field(converter=_table)
    accuracy: Table = field(converter=_table)
    train_loss: Table = field(converter=_table)
    seconds: float
    edges: tuple[Place, ...] = field(converter=_edges)
    kept: tuple[tuple[Names, ...], ...] = field(converter=_kept)

    @classmethod
    def of(
        cls, index: int, split: str, step: Compete, modules: Sequence[Module], parts: Sequence[Sequence[EpochRecord]]
    ) -> ContestRecord:
        """The contest of these modules, which had these epochs."""
        loss, accuracy, train_loss = (
            [[getattr(record, what) for record in part] for part in parts]
            for what in ("loss", "accuracy", "train_loss")
        )
        return cls(
            index, split, step.groups, step.distill, step.by, winner_of(parts, step.by), parts[0][-1].evaluated,
            loss, accuracy, train_loss, sum(record.seconds for part in parts for record in part),
            *differences(modules),
        )  # fmt: skip


def differences(modules: Sequence[Module]) -> tuple[tuple[Place, ...], tuple[tuple[Names, ...], ...]]:
    """The edges on which not all have the same candidates active, and what each module has on them."""
    found = [active_sets(module) for module in modules]
    edges = tuple(place for place in found[0] if len({of[place] for of in found}) > 1)
    return edges, tuple(tuple(of[place] for place in edges) for of in found)


def winner_of(parts: Sequence[Sequence[EpochRecord]], by: str) -> int:
    """Which part is the best at its end: of the largest accuracy, or the smallest loss; the first of equals."""
    return best_of([part[-1] for part in parts], by)


def contest_line(record: ContestRecord, *, scores: bool = True) -> str:
    """A contest in a line, with or without how good the parts are."""
    words = f"part={record.winner} of {len(record.loss)} goes on"
    if not scores:
        return words
    shown = []
    for what, table, text in (("accuracy", record.accuracy, "{:.2%}"), ("loss", record.loss, "{:.4f}")):
        last = [part[-1] for part in table]
        low, high = text.format(min(last)), text.format(max(last))
        shown.append(f"{record.evaluated} {what} {text.format(last[record.winner])} (all: {low} to {high})")
    return f"{words}: {', '.join(shown)}"
