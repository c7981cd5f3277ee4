"""The contests of searches: which part of the space went on each time, and by how much (`archir report --contests`)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, product
from string import ascii_lowercase
from typing import TYPE_CHECKING

from attrs import asdict

from archir.cli.findings import Finding
from archir.diagnostics import fail

if TYPE_CHECKING:
    from archir.search.contest.record import ContestRecord
    from archir.show.dots import Dots


def contests(runs: Sequence[str]) -> Finding:
    """Loss and accuracy of all parts of all contests that are over; a run without any has no rows."""
    from archir.search.result import load_run
    from archir.show.dots import save_dots

    found = [(run, load_run(run).contests) for run in runs]
    rows = [{"run": run, "contests": [asdict(c) for c in of]} for run, of in found]
    lines = [line for run, of in found for line in _lines(run, of)]
    dots = [
        _dots(number, c, f"{run}\n" if len(runs) > 1 else "")
        for run, of in found
        for number, c in enumerate(of, start=1)
    ]

    def draw(path: str) -> None:
        if not dots:
            help_ = "name a search whose method has `compete(...)`, and of which one contest has ended"
            fail("NAS601", "no contest is over that could be drawn", help=help_)
        save_dots(path, dots)

    return Finding(rows, lines, draw)


def _lines(run: str, contests: Sequence[ContestRecord]) -> list[str]:
    lines = [run if contests else f"{run}: no contest is over"]
    for number, contest in enumerate(contests, start=1):
        letters = _letters(contest)
        keeps = [_kept(contest, letters, part) for part in range(len(contest.kept))]
        width = max(map(len, [*keeps, "keeps"]))
        lines.append(f"  {number}: {len(keeps)} parts, decided by {contest.by}")
        lines += [f"    {line}" for line in _key(contest, letters)]
        lines.append(f"    part  {'keeps':<{width}}  {'loss':>7}  {'accuracy':>8}")
        for part, keep in enumerate(keeps):
            loss, accuracy = contest.loss[part][-1], contest.accuracy[part][-1]
            mark = "  goes on" if part == contest.winner else ""
            lines.append(f"    {part:>4}  {keep:<{width}}  {loss:>7.4f}  {accuracy:>8.2%}{mark}")
    return lines


def _letters(contest: ContestRecord) -> list[dict[tuple[str, ...], str]]:
    """A letter for each group of each edge, in the order of the parts."""
    found: list[dict[tuple[str, ...], str]] = []
    for e in range(len(contest.edges)):
        groups = dict.fromkeys(row[e] for row in contest.kept)
        words = (letter for size in count(1) for letter in map("".join, product(ascii_lowercase, repeat=size)))
        found.append(dict(zip(groups, words, strict=False)))
    return found


def _kept(contest: ContestRecord, letters: Sequence[dict[tuple[str, ...], str]], part: int) -> str:
    """What a part keeps: a letter for each edge."""
    return " ".join(of[names] for of, names in zip(letters, contest.kept[part], strict=True))


def _key(contest: ContestRecord, letters: Sequence[dict[tuple[str, ...], str]]) -> list[str]:
    """What the letters mean, a line for each edge."""
    lines = []
    for (key, e), of in zip(contest.edges, letters, strict=True):
        groups = [f"{letter}: {' | '.join(names)}" for names, letter in of.items()]
        lines.append(f"{key}, edge {e}  {'; '.join(groups)}")
    return lines


def _dots(number: int, contest: ContestRecord, prefix: str) -> Dots:
    """A panel: by what the contest was decided, for each part."""
    from archir.show.dots import Dots

    letters = _letters(contest)
    labels = tuple(_kept(contest, letters, part) for part in range(len(contest.kept)))
    is_loss = contest.by == "loss"
    values = tuple(row[-1] if is_loss else 100 * row[-1] for row in (contest.loss if is_loss else contest.accuracy))
    name = "held-out loss" if is_loss else "held-out accuracy, %"
    keys = dict.fromkeys(key for key, _ in contest.edges)
    title = f"{prefix}{number}: {', '.join(keys)}"
    return Dots(title, labels, values, name, contest.winner, "goes on", tuple(_key(contest, letters)))
