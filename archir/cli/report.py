"""archir report: runs side by side."""

from __future__ import annotations

import click

from archir.cli.common import json_option, print_json
from archir.cli.runs import summarize


@click.command("report")
@click.argument("runs", nargs=-1, required=True)
@json_option
def command(runs: tuple[str, ...], as_json: bool) -> None:
    """Compare finished or running RUNs: accuracy, parameters, multiply-adds, time."""
    from archir.search.result import load_run

    rows = [summarize(run) for run in map(load_run, runs)]
    if as_json:
        print_json(rows)
        return
    width = max(len(str(r["run"])) for r in rows)
    heads = f"{'accuracy':>16}  {'parameters':>12}  {'multiply-adds':>14}  {'epochs':>6}  {'time':>8}"
    click.echo(f"{'run':<{width}}  {heads}")
    for r in rows:
        accuracy = "-" if r["accuracy"] is None else f"{r['accuracy']:.2%} ({r['evaluated_on']})"
        click.echo(
            f"{r['run']!s:<{width}}  {accuracy:>16}  {r['params']:>12,}  {r['macs']:>14,}  {r['epochs']:>6}  "
            f"{r['seconds']:>7.0f}s"
        )
