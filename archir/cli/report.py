"""archir report: runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import click

from archir.cli.common import json_option, print_json
from archir.cli.runs import summarize

if TYPE_CHECKING:
    from archir.search.report import EpochRecord
    from archir.show.curves import Panel


@click.command("report")
@click.argument("runs", nargs=-1, required=True)
@click.option("-o", "--output", metavar="FILE", help="Draw curves over epochs to a file: .svg or .png.")
@json_option
def command(runs: tuple[str, ...], output: str | None, as_json: bool) -> None:
    """Compare finished or running RUNs: accuracy, parameters, multiply-adds, time.

    `derived` is the accuracy of the paths that would be derived, inside the supernet of a search.
    """
    from archir.search.result import load_run

    results = [load_run(run) for run in runs]
    rows = [summarize(result) for result in results]
    if output is not None:
        from archir.show.curves import save_curves

        save_curves(output, panels([(str(r["run"]), result.history) for r, result in zip(rows, results, strict=True)]))
    if as_json:
        print_json(rows)
        return
    _print_table(rows)
    if output is not None:
        click.echo(f"{output}: curves over epochs")


def _print_table(rows: Sequence[dict[str, object]]) -> None:
    width = max(len(str(r["run"])) for r in rows)
    heads = f"{'accuracy':>16}  {'derived':>8}  {'parameters':>12}  {'multiply-adds':>14}  {'epochs':>6}  {'time':>8}"
    click.echo(f"{'run':<{width}}  {heads}")
    for r in rows:
        accuracy = "-" if r["accuracy"] is None else f"{r['accuracy']:.2%} ({r['evaluated_on']})"
        derived = "-" if r["child_accuracy"] is None else f"{r['child_accuracy']:.2%}"
        click.echo(
            f"{r['run']!s:<{width}}  {accuracy:>16}  {derived:>8}  {r['params']:>12,}  {r['macs']:>14,}  "
            f"{r['epochs']:>6}  {r['seconds']:>7.0f}s"
        )
    for r in rows:
        for note in cast("list[str]", r["notes"]):
            click.echo(f"{r['run']}: note: {note}")


def panels(runs: Sequence[tuple[str, Sequence[EpochRecord]]]) -> list[Panel]:
    """Accuracy, loss, and what would be kept of each kind of cell, by epoch; a colour for each run."""
    from archir.show.curves import Curve, Panel

    def name(run: str, what: str) -> str:
        return what if len(runs) == 1 else f"{run}: {what}"

    accuracy, loss, kept = [], [], []
    for number, (run, history) in enumerate(runs):
        evaluated = history[-1].evaluated if history else "test"
        accuracy.append(Curve(name(run, evaluated), [r.accuracy for r in history], number))
        if any(r.child_accuracy is not None for r in history):
            accuracy.append(Curve(name(run, "derived paths"), [r.child_accuracy for r in history], number, 1))
        loss.append(Curve(name(run, "training"), [r.train_loss for r in history], number, 1))
        loss.append(Curve(name(run, evaluated), [r.loss for r in history], number))
        cells = dict.fromkeys(cell for r in history for cell in r.operations)
        kept += [
            Curve(name(run, cell), [r.operations.get(cell) for r in history], number, style)
            for style, cell in enumerate(cells)
        ]
    found = [Panel("accuracy", tuple(accuracy), percent=True), Panel("loss", tuple(loss))]
    return [*found, Panel("operations that would be kept", tuple(kept))] if kept else found
