"""Architecture parameters over the epochs of searches, as `archir report --arch` gives them (HM-NAS, Figure 6)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from archir.cli.findings import Finding
from archir.diagnostics import fail
from archir.sema.suggest import did_you_mean

if TYPE_CHECKING:
    from archir.analysis.readings import Reading
    from archir.show.curves import Curve, Panel

_COLUMNS = 5
Array: TypeAlias = NDArray[np.floating[Any]]


@frozen(eq=False)
class Course:
    """One parameter over the epochs of several runs.

    epochs: which of the runs' epochs, from 1; those in which the module has the parameter. weights: what the gate
    makes of it, [run, epoch, edge, operation]. means: the parameter itself, the mean over its numbers, [run, epoch].
    """

    reading: Reading
    epochs: tuple[int, ...]
    weights: Array
    means: Array


def arch(runs: Sequence[str], kind: str) -> Finding:
    """The parameters of one kind (`alpha`, `beta`) over the epochs that all runs have come to.

    Raises `ArchirError` NAS502 where there are none in a run, or the runs are of different spaces.
    """
    from archir.show.curves import save_curves

    found = courses(runs, kind)
    rows = [_row(course) for course in found]
    panels = [_panels(found, owner) for owner in dict.fromkeys(course.reading.owner for course in found)]
    columns = len(panels[0]) if len({len(p) for p in panels}) == 1 else _COLUMNS
    flat = [panel for row in panels for panel in row]
    return Finding(rows, _lines(found), lambda path: save_curves(path, flat, columns=min(columns, _COLUMNS)))


def courses(runs: Sequence[str], kind: str) -> list[Course]:
    """One course for each choice that has a parameter of the kind."""
    from archir.search.result import load_run

    each = [{r.name: r for r in _readings(run, kind)} for run in runs]
    for run, readings in zip(runs, each, strict=True):
        if readings != each[0]:
            message = f"the runs in `{runs[0]}` and `{run}` have different parameters `{kind}`"
            fail("NAS502", message, help="compare runs of one space and method; look at others one by one")
    histories = [[json.loads(line) for line in load_run(run).architecture] for run in runs]
    return [_course(reading, histories) for reading in each[0].values()]


def _readings(run: str, kind: str) -> list[Reading]:
    from archir.analysis.readings import readings_of
    from archir.search.result import load_searched

    searched = load_searched(run)
    known = () if searched is None else readings_of(searched)
    found = [reading for reading in known if reading.kind == kind]
    if not found:
        kinds = sorted({reading.kind for reading in known})
        help_ = did_you_mean(kind, kinds) or (f"it has {', '.join(kinds)}" if kinds else "name the folder of a search")
        fail("NAS502", f"the run in `{run}` has no architecture parameters `{kind}`", help=help_)
    return found


def _course(reading: Reading, histories: Sequence[Sequence[dict[str, Any]]]) -> Course:
    lines = [{e["epoch"]: e["parameters"] for e in h if reading.name in e["parameters"]} for h in histories]
    epochs = sorted(set.intersection(*(set(line) for line in lines)))
    if not epochs:
        help_ = "wait for an epoch to end; runs of an older archir have no arch.jsonl"
        fail("NAS502", f"no epoch has ended yet in which `{reading.name}` is there", help=help_)
    weights = np.array([[reading.weights(line[epoch]) for epoch in epochs] for line in lines])
    means = np.array([[np.mean(line[epoch][reading.name]) for epoch in epochs] for line in lines])
    return Course(reading, tuple(epochs), weights, means)


def _row(course: Course) -> dict[str, Any]:
    r = course.reading
    return {
        "parameter": r.name, "cell": r.owner, "node": r.node, "gate": str(r.weight), "edges": list(r.edges),
        "operations": _operations(course), "epochs": list(course.epochs), "weights": course.weights.tolist(),
        "means": course.means.tolist(),
    }  # fmt: skip


def _operations(course: Course) -> list[str]:
    """The candidates, for a parameter over them."""
    return list(course.reading.operations) if course.weights.shape[-1] == len(course.reading.operations) else []


def _lines(found: Sequence[Course]) -> list[str]:
    """What has been learned in the end; of several runs, the mean."""
    lines = []
    for course in found:
        reading, last = course.reading, course.weights[:, -1].mean(axis=0)
        lines.append(
            f"{reading.name}: mean {course.means[:, -1].mean():.4f}; {reading.weight} in epoch {course.epochs[-1]}"
        )
        for edge, row in zip(reading.edges if len(last) > 1 else (reading.node,), last, strict=False):
            parts = zip(_operations(course) or [""], row, strict=False)
            lines.append(f"  {edge:<8}  " + "  ".join(f"{name} {x:.4f}".strip() for name, x in parts))
    return lines


def _panels(found: Sequence[Course], owner: str) -> list[Panel]:
    """For one kind of cell the parameter's mean by node (Figure 6), and a panel for each node with its weights.

    The mean of what a softmax over operations takes says nothing, and is left out.
    """
    from archir.ir.gates import Parameter
    from archir.show.curves import Panel

    own = [course for course in found if course.reading.owner == owner]
    over_edges = [course for course in own if not _operations(course)]
    by_node = [_curve(c.reading.node, c, c.means, n, spread=True) for n, c in enumerate(over_edges)]
    panels = [Panel(f"{owner}: mean {own[0].reading.kind} by node", tuple(by_node))] if by_node else []
    wide = (c for c in own if c.weights.shape[-2:] != (1, 1))
    what = own[0].reading.kind if isinstance(own[0].reading.weight, Parameter) else "weights"
    return [*panels, *(Panel(f"{owner}: {what} into {c.reading.node}", tuple(_edges(c))) for c in wide)]


def _edges(course: Course) -> list[Curve]:
    """A line for each edge; for a parameter over operations one for each of these, the mean over the edges."""
    operations = _operations(course)
    by_line = course.weights.mean(axis=2) if operations else course.weights[..., 0]
    names = operations or list(course.reading.edges)
    return [_curve(name, course, by_line[..., n], n) for n, name in enumerate(names)]


def _curve(name: str, course: Course, values: Array, number: int, *, spread: bool = False) -> Curve:
    """The mean over the runs; with `spread` from the smallest to the largest, too, where there are several."""
    from archir.show.curves import Curve
    from archir.show.grid import COLORS

    def by_epoch(over_runs: Array) -> list[float | None]:
        known = dict(zip(course.epochs, over_runs.tolist(), strict=True))
        return [known.get(epoch) for epoch in range(1, course.epochs[-1] + 1)]

    band = (by_epoch(values.min(axis=0)), by_epoch(values.max(axis=0))) if spread and len(values) > 1 else None
    return Curve(name, by_epoch(values.mean(axis=0)), number, number // len(COLORS), band)
