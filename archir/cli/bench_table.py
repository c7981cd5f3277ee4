"""archir bench with a table: a search of NAS-Bench-201 beside the true accuracies of its architectures."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Any

import click
from attrs import asdict

from archir.cli.common import print_json, read_module
from archir.cli.judging import Judged, Judging, judge_sample
from archir.cli.runs import found_network
from archir.exchange.nasbench201 import Edges, architecture_text
from archir.exchange.nasbench201_cells import architecture_of
from archir.exchange.nasbench201_space import Cells, cells_of, edges_of
from archir.exchange.nasbench201_table import Table, expected_best, read_table
from archir.files import check_writable

if TYPE_CHECKING:
    from archir.analysis.ranking import Agreement

_CONV_3X3: Edges = (("nor_conv_3x3",), ("nor_conv_3x3",) * 2, ("nor_conv_3x3",) * 3)
_OF_RANDOM = 10


def bench_table(
    space: str, run: str, file: str, dataset: str, judging: Judging, output: str | None, *, as_json: bool
) -> None:
    """Looks up what a run has found, and how its supernet ranks."""
    from archir.analysis.ranking import agreement

    if output is not None:
        check_writable(output)
    cells_of(read_module(space, {}))
    table = read_table(file, dataset)
    architecture = found_in(run)
    rows = {"run": run, "dataset": dataset, **looked_up(table, architecture), "references": references(table)}
    judged = None if judging.sample == 0 else judge_sample(run, judging)
    if judged is not None:
        true = [table.true(a) for a in judged.architectures]
        found = agreement(judged.by(judging.by), true)
        rows |= {"space": inside(table, judged.cells), "supernet": supernet_rows(judged, judging, found, true)}
        if output is not None:
            draw(output, judged, judging.by, true, rows)
    if as_json:
        print_json(rows)
        return
    click.echo("\n".join(lines(rows)))
    if output is not None and judged is not None:
        click.echo(f"{output}: a picture of it")


def found_in(run: str) -> Edges:
    """The architecture that a run has found; derived from its last values if need be.

    Raises `ArchirError` NAS402 if it is none of the benchmark.
    """
    from archir.search.result import load_run, load_searched

    searched = load_searched(run)
    if searched is not None:
        cells_of(searched)
    network = found_network(load_run(run))
    point = None if network.origin is None else network.origin.point
    return architecture_of(network) if searched is None or point is None else edges_of(point)


def looked_up(table: Table, edges: Edges) -> dict[str, Any]:
    """What the table says of an architecture."""
    accuracy, text = table.true(edges), architecture_text(edges)
    return {
        "architecture": text,
        "test": accuracy,
        "valid": table.valid.get(text),
        "rank": table.rank(accuracy),
        "of": len(table.test),
        "percentile": table.percentile(accuracy),
    }


def references(table: Table) -> dict[str, float]:
    """What needs no search, from the table."""
    return {
        "best": table.ordered[-1],
        "conv_3x3": table.true(_CONV_3X3),
        "best_of_10": expected_best(table.ordered, _OF_RANDOM),
        "mean": fmean(table.ordered),
    }


def inside(table: Table, cells: Cells) -> dict[str, Any]:
    """What there is to find in a part of the benchmark."""
    accuracies = [table.true(edges) for edges in cells]
    return {"size": cells.size, "best": max(accuracies), "mean": fmean(accuracies)}


def supernet_rows(judged: Judged, judging: Judging, found: Agreement, true: list[float]) -> dict[str, Any]:
    """How the supernet ranks, and each score."""
    scores = [
        {"architecture": architecture_text(edges), **asdict(score), "test": accuracy}
        for edges, score, accuracy in zip(judged.architectures, judged.scores, true, strict=True)
    ]
    described = {"by": judging.by, "within": judging.within, "images": judged.images, "evaluated": judged.evaluated}
    return {**described, **asdict(found), "scores": scores}


def lines(rows: dict[str, Any]) -> list[str]:
    """The same for people."""
    reference, valid = rows["references"], rows["valid"]
    found = [
        rows["architecture"],
        f"  {rows['test']:.2f}% on the test images of {rows['dataset']}"
        + ("" if valid is None else f" ({valid:.2f}% on validation images)"),
        f"  rank {rows['rank']:,} of {rows['of']:,}; better than {rows['percentile']:.1f}%",
        "beside it",
        f"  {reference['best']:.2f}% the best",
        f"  {reference['conv_3x3']:.2f}% conv_3x3 on every edge",
        f"  {reference['best_of_10']:.2f}% the best of {_OF_RANDOM} random cells, expected",
        f"  {reference['mean']:.2f}% the mean",
    ]
    if "supernet" in rows:
        space, supernet = rows["space"], rows["supernet"]
        images = f"{supernet['images']:,} {'held-out' if supernet['evaluated'] == 'valid' else 'test'} images"
        inside_ = "" if supernet["within"] is None else f", those that {supernet['within']} ended with"
        sampled = f"{len(supernet['scores']):,} of {space['size']:,} architectures{inside_}"
        found += [
            f"the supernet, by {supernet['by']} on {images}",
            f"  {sampled}: best {space['best']:.2f}%, mean {space['mean']:.2f}%",
            f"  Kendall {_number(supernet['kendall'])}, Spearman {_number(supernet['spearman'])}",
        ]
    return found


def _number(correlation: float | None) -> str:
    return "-" if correlation is None else f"{correlation:.3f}"


def draw(path: str, judged: Judged, by: str, true: list[float], rows: dict[str, Any]) -> None:
    """Scores against true accuracies; the line is at the architecture that was found."""
    import numpy as np

    from archir.show.scatter import Axis, Cloud, save_scatter

    scores = [s.loss if by == "loss" else 100 * s.accuracy for s in judged.scores]
    across = Axis("loss in the supernet" if by == "loss" else "accuracy in the supernet, %")
    title = f"Spearman {_number(rows['supernet']['spearman'])}"
    save_scatter(
        path, [Cloud(title, np.array([scores, true]).T)], across, Axis("true accuracy, % (line: found)", rows["test"])
    )
