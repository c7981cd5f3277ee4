"""archir report: runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from archir.cli.common import json_option, print_json
from archir.cli.runs import summarize

if TYPE_CHECKING:
    from archir.cli.findings import Finding
    from archir.search.report import EpochRecord
    from archir.show.curves import Panel


@click.command("report")
@click.argument("runs", nargs=-1, required=True)
@click.option("--kept", is_flag=True, help="Edges into each node, and operations on each edge, that are kept.")
@click.option("--milestones", is_flag=True, help="Test accuracy and parameters after each step of the method.")
@click.option("--contests", is_flag=True, help="Loss and accuracy of all parts of a search that splits its space.")
@click.option("--arch", "kind", metavar="KIND", help="Architecture parameters over epochs: alpha, beta, ...")
@click.option("-o", "--output", metavar="FILE", help="Draw it to a file: .svg or .png.")
@json_option
def command(
    runs: tuple[str, ...], kept: bool, milestones: bool, contests: bool, kind: str | None, output: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Compare finished or running RUNs: accuracy, parameters, multiply-adds, time; curves over epochs.

    `derived` is the accuracy of the paths that would be derived, inside the supernet of a search. Of several runs,
    --arch gives the means and draws from the smallest to the largest.
    """
    if kept + milestones + contests + (kind is not None) > 1:
        names = "--kept, --milestones, --contests and --arch"
        raise click.UsageError(f"{names} are reports of their own; ask for one of them")
    report = _of_its_own(runs, kept, milestones, contests, kind)
    if report is not None:
        if output is not None:
            report.draw(output)
        if as_json:
            print_json(report.rows)
        else:
            click.echo("\n".join(report.lines + ([f"{output}: a picture of it"] if output is not None else [])))
        return
    _compare(runs, output, as_json)


def _of_its_own(runs: Sequence[str], kept: bool, milestones: bool, contests: bool, kind: str | None) -> Finding | None:
    """The one that is asked for, if any is."""
    from archir.cli import arch_report, contest_report, findings

    if kept:
        return findings.kept(runs)
    if milestones:
        return findings.milestones(runs)
    if contests:
        return contest_report.contests(runs)
    return None if kind is None else arch_report.arch(runs, kind)


def _compare(runs: tuple[str, ...], output: str | None, as_json: bool) -> None:
    """Runs side by side, a line each."""
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


def _print_table(rows: Sequence[dict[str, Any]]) -> None:
    width = max(len(str(r["run"])) for r in rows)
    cut = any(r["nonzero_params"] not in (None, r["params"]) for r in rows)
    nonzero = f"{'not zero':>12}  " if cut else ""
    heads = f"{'accuracy':>16}  {'derived':>8}  {'parameters':>12}  {nonzero}{'multiply-adds':>14}"
    click.echo(f"{'run':<{width}}  {heads}  {'epochs':>6}  {'time':>8}")
    for r in rows:
        accuracy = "-" if r["accuracy"] is None else f"{r['accuracy']:.2%} ({r['evaluated_on']})"
        derived = "-" if r["child_accuracy"] is None else f"{r['child_accuracy']:.2%}"
        nonzero = f"{'-' if r['nonzero_params'] is None else format(r['nonzero_params'], ','):>12}  " if cut else ""
        click.echo(
            f"{r['run']!s:<{width}}  {accuracy:>16}  {derived:>8}  {r['params']:>12,}  {nonzero}{r['macs']:>14,}  "
            f"{r['epochs']:>6}  {r['seconds']:>7.0f}s"
        )
    for r in rows:
        for note in r["notes"]:
            click.echo(f"{r['run']}: note: {note}")


def panels(runs: Sequence[tuple[str, Sequence[EpochRecord]]]) -> list[Panel]:
    """Accuracy, loss, and what would be kept of each kind of cell, by epoch; a colour for each run."""
    from archir.show.curves import Curve, Panel

    def name(run: str, what: str) -> str:
        return what if len(runs) == 1 else f"{run}: {what}"

    accuracy, loss, kept = [], [], []
    for number, (run, history) in enumerate(runs):
        for style, images in enumerate(dict.fromkeys(r.evaluated for r in reversed(history))):
            here = [r if r.evaluated == images else None for r in history]
            accuracy.append(
                Curve(name(run, images), [None if r is None else r.accuracy for r in here], number, 2 * style)
            )
            loss.append(Curve(name(run, images), [None if r is None else r.loss for r in here], number, 2 * style))
        if any(r.child_accuracy is not None for r in history):
            accuracy.append(Curve(name(run, "derived paths"), [r.child_accuracy for r in history], number, 1))
        loss.append(Curve(name(run, "training"), [r.train_loss for r in history], number, 1))
        cells = dict.fromkeys(cell for r in history for cell in r.operations)
        kept += [
            Curve(name(run, cell), [r.operations.get(cell) for r in history], number, style)
            for style, cell in enumerate(cells)
        ]
    found = [Panel("accuracy", tuple(accuracy), percent=True), Panel("loss", tuple(loss))]
    return [*found, Panel("operations that would be kept", tuple(kept))] if kept else found
