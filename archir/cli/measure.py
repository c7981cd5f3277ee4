"""archir measure: the latency of each block of a space on this machine."""

from __future__ import annotations

import sys

import click

from archir.cli.common import read_module, set_option, split_settings, write_text


@click.command("measure")
@click.argument("space")
@click.option("-o", "--output", required=True, metavar="FILE", help="The table, a .csv file; `-` prints it.")
@click.option("--rounds", type=click.IntRange(min=3), default=50, show_default=True, help="Runs of each block.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Of ONNX Runtime.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@set_option
def command(space: str, output: str, rounds: int, threads: int, quiet: bool, settings: tuple[str, ...]) -> None:
    r"""Time each candidate of each choice in ONNX Runtime, and write a latency table.

    A batch of one, float32, random weights; medians of interleaved rounds: on one thread of the time that this
    thread runs, on several of the time that passes. `archir propose --latency FILE` reads the table.

    \b
    choice        the choice; empty for what every network runs
    edge          the edge of the choice, from 0
    operation     the candidate; `rest`: what random networks take beyond their blocks
    input         the shape that it gets
    count         how often a network runs it there
    milliseconds  the median of one run, without the call of ONNX Runtime
    spread        milliseconds between the quartiles
    """
    from rich.console import Console
    from rich.progress import Progress

    from archir.analysis.latency import latency_to_csv
    from archir.files import check_writable
    from archir.lowering.onnx.latency import measured

    module = read_module(space, split_settings(settings))
    if output != "-":
        check_writable(output)
    with Progress(console=Console(file=sys.stderr), transient=True, disable=quiet) as bar:
        task = bar.add_task("timing", total=None)
        found = measured(module, rounds, threads, lambda done, total: bar.update(task, completed=done, total=total))
    write_text(output, latency_to_csv(found.timings))
    if output == "-":
        return
    busy = sum(t.spread > t.milliseconds / 2 for t in found.timings[:-1])
    if busy:
        click.echo(f"{busy} of {len(found.timings)} times spread over more than half of their median", err=True)
    rest = found.timings[-1]
    off = max(abs((c.blocks + rest.milliseconds) / c.network - 1) for c in found.checks)
    click.echo(
        f"{output}: {len(found.timings)} lines, {rounds} rounds on {threads} thread{'s' if threads > 1 else ''}; "
        f"sums differ from {len(found.checks)} whole networks by at most {off:.1%}"
    )
