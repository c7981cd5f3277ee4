"""What `archir report` says of one side of runs: text, JSON and a picture of the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from archir.cli.runs import derived
from archir.diagnostics import fail

if TYPE_CHECKING:
    from archir.search.milestones import Milestone
    from archir.show.bars import Bars
    from archir.space.kept import CellKept


@frozen
class Finding:
    """A report: `rows` for programs, `lines` for people, and how to draw it to a file."""

    rows: list[dict[str, Any]]
    lines: list[str]
    draw: Callable[[str], None]


def kept(runs: Sequence[str]) -> Finding:
    """How many edges into each node, and operations on each edge, the searches keep.

    Raises `ArchirError` NAS502 for a run that has not searched, or has no values yet.
    """
    from archir.show.bars import save_bars

    found = [(run, cells_kept(run)) for run in runs]
    rows = [{"run": run, "cells": kept_rows(cells)} for run, cells in found]
    lines = [line for run, cells in found for line in _kept_lines(run, cells)]
    panels = [p for run, cells in found for p in kept_bars(cells, f"{run}\n" if len(runs) > 1 else "")]
    return Finding(rows, lines, lambda path: save_bars(path, panels))


def cells_kept(run: str) -> tuple[CellKept, ...]:
    """What the search in a folder keeps; derived from its last values if need be."""
    from archir.search.result import load_run, load_searched
    from archir.space.kept import kept_of

    result, searched = load_run(run), load_searched(run)
    if searched is None:
        fail("NAS502", f"the run in `{run}` has searched nothing", help="name the folder of a search")
    origin = derived(result).module.origin
    assert origin is not None, "a run loads its module from a text"
    assert origin.point is not None, "a network that was derived is a point"
    return kept_of(searched, origin.point)


def kept_rows(cells: Sequence[CellKept]) -> dict[str, Any]:
    """What cells keep as JSON: operations by edge of each node, and edges by how many operations they have."""
    return {
        cell.owner: {
            "operations": {node.name: list(node.operations) for node in cell.nodes},
            "edges": {node.name: node.edges for node in cell.nodes},
            "edges_by_operations": list(cell.edges_by_operations),
        }
        for cell in cells
    }


def _kept_lines(run: str, cells: Sequence[CellKept]) -> list[str]:
    lines = [run]
    for cell in cells:
        width = max(len(node.name) for node in cell.nodes)
        lines.append(f"  {cell.owner}")
        for node in cell.nodes:
            counts = " ".join(map(str, node.operations))
            lines.append(
                f"    {node.name:<{width}}  {node.edges} of {len(node.operations)} edges; operations: {counts}"
            )
        parts = [f"{n} with {k}" for k, n in enumerate(cell.edges_by_operations)]
        lines.append(f"    edges by number of operations: {', '.join(parts)}")
    return lines


def kept_bars(cells: Sequence[CellKept], prefix: str = "") -> list[Bars]:
    """Two panels for each kind of cell: Figures 4 (b) and 4 (c) of HM-NAS."""
    from archir.show.bars import Bars

    panels = []
    for cell in cells:
        edges, by = tuple(node.edges for node in cell.nodes), cell.edges_by_operations
        panels += [
            Bars(
                f"{prefix}{cell.owner}: edges into a node", tuple(node.name for node in cell.nodes), edges,
                tuple(map(str, edges)), tuple(len(node.operations) for node in cell.nodes), "node", "edges",
            ),
            Bars(
                f"{prefix}{cell.owner}: operations on an edge", tuple(map(str, range(len(by)))), by,
                tuple(map(str, by)), None, "operations", "edges",
            ),
        ]  # fmt: skip
    return panels


def milestones(runs: Sequence[str]) -> Finding:
    """Test accuracy and parameters after each step (HM-NAS, Table 3); a run that has ended none has no rows."""
    from attrs import asdict

    from archir.search.result import load_run
    from archir.show.bars import save_bars

    found = [(run, load_run(run).milestones) for run in runs]
    rows = [{"run": run, "milestones": [asdict(m) for m in of]} for run, of in found]
    lines = [line for run, of in found for line in _milestone_lines(run, of)]
    panels = [p for run, of in found for p in _milestone_bars(of, f"{run}\n" if len(runs) > 1 else "")]
    return Finding(rows, lines, lambda path: save_bars(path, panels, width=6.0))


def _milestone_lines(run: str, milestones: Sequence[Milestone]) -> list[str]:
    width = max((len(m.after) for m in milestones), default=5)
    heads = (
        f"{'after':<{width}}  {'test accuracy':>13}  {'error':>7}  {'parameters':>12}  {'not zero':>12}  {'fewer':>6}"
    )
    lines = [run, f"  {heads}"]
    for m in milestones:
        accuracy = "-" if m.accuracy is None else f"{m.accuracy:.2%}"
        error = "-" if m.accuracy is None else f"{1 - m.accuracy:.2%}"
        lines.append(
            f"  {m.after:<{width}}  {accuracy:>13}  {error:>7}  {m.params:>12,}  {m.nonzero_params:>12,}  "
            f"{_fewer(m, milestones[0]):>6}"
        )
    return lines


def _fewer(milestone: Milestone, first: Milestone) -> str:
    """Which part of the first milestone's parameters is not there any more, zeros counted as gone."""
    return "-" if milestone == first else f"{1 - milestone.nonzero_params / first.nonzero_params:.1%}"


def _milestone_bars(found: Sequence[Milestone], prefix: str) -> list[Bars]:
    from archir.show.bars import Bars

    if not found:
        return []
    labels = tuple(m.after for m in found)
    accuracies = tuple(0.0 if m.accuracy is None else 100 * m.accuracy for m in found)
    shown = tuple("-" if m.accuracy is None else f"{m.accuracy:.2%}" for m in found)
    nonzero = tuple(m.nonzero_params for m in found)
    counts = tuple(f"{n:,}" if n == m.params else f"{n:,} of {m.params:,}" for n, m in zip(nonzero, found, strict=True))
    wholes = tuple(m.params for m in found)
    return [
        Bars(f"{prefix}test accuracy", labels, accuracies, shown, across=True),
        Bars(f"{prefix}parameters that are not zero", ("",) * len(found), nonzero, counts, wholes, across=True),
    ]
