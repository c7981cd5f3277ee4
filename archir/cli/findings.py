"""What `archir report` says of one side of runs: text, JSON and a picture of the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from archir.cli.runs import derived
from archir.diagnostics import fail

if TYPE_CHECKING:
    from archir.search.result import Result
    from archir.search.stages import Stage
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


def stages(runs: Sequence[str]) -> Finding:
    """Test accuracy and parameters after each step (HM-NAS, Table 3); a run that has ended none has no rows."""
    from attrs import asdict

    from archir.search.result import load_run
    from archir.show.bars import save_bars

    results = [load_run(run) for run in runs]
    rows = [{"run": run, "stages": [asdict(s) for s in r.stages]} for run, r in zip(runs, results, strict=True)]
    lines = [line for run, r in zip(runs, results, strict=True) for line in _stage_lines(run, r)]
    panels = [p for run, r in zip(runs, results, strict=True) for p in _stage_bars(r, f"{run}\n" if runs[1:] else "")]
    return Finding(rows, lines, lambda path: save_bars(path, panels, width=6.0))


def _stage_lines(run: str, result: Result) -> list[str]:
    width = max((len(stage.after) for stage in result.stages), default=5)
    heads = (
        f"{'after':<{width}}  {'test accuracy':>13}  {'error':>7}  {'parameters':>12}  {'not zero':>12}  {'fewer':>6}"
    )
    lines = [run, f"  {heads}"]
    for stage in result.stages:
        accuracy = "-" if stage.accuracy is None else f"{stage.accuracy:.2%}"
        error = "-" if stage.accuracy is None else f"{1 - stage.accuracy:.2%}"
        lines.append(
            f"  {stage.after:<{width}}  {accuracy:>13}  {error:>7}  {stage.params:>12,}  {stage.nonzero_params:>12,}  "
            f"{_fewer(stage, result.stages[0]):>6}"
        )
    return lines


def _fewer(stage: Stage, first: Stage) -> str:
    """Which part of the first stage's parameters is not there any more, zeros counted as gone."""
    return "-" if stage == first else f"{1 - stage.nonzero_params / first.nonzero_params:.1%}"


def _stage_bars(result: Result, prefix: str) -> list[Bars]:
    from archir.show.bars import Bars

    found = result.stages
    if not found:
        return []
    labels = tuple(stage.after for stage in found)
    accuracies = tuple(0.0 if stage.accuracy is None else 100 * stage.accuracy for stage in found)
    shown = tuple("-" if stage.accuracy is None else f"{stage.accuracy:.2%}" for stage in found)
    nonzero = tuple(stage.nonzero_params for stage in found)
    counts = tuple(f"{n:,}" if n == s.params else f"{n:,} of {s.params:,}" for n, s in zip(nonzero, found, strict=True))
    wholes = tuple(stage.params for stage in found)
    return [
        Bars(f"{prefix}test accuracy", labels, accuracies, shown, across=True),
        Bars(f"{prefix}parameters that are not zero", ("",) * len(found), nonzero, counts, wholes, across=True),
    ]
