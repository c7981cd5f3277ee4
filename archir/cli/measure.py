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

    A batch of one, float32, random weights; medians of interleaved rounds. `archir propose --latency FILE` reads it.

    \b
    choice        the choice; empty for what every network runs
    edge          the edge of the choice, from 0
    operation     the candidate
    input         the shape that it gets
    count         how often a network runs it there
    milliseconds  the median of one run, without the call of ONNX Runtime
    spread        milliseconds between the quartiles
    """
    import numpy as np
    from rich.console import Console
    from rich.progress import Progress

    from archir.analysis.blocks import blocks_of
    from archir.analysis.latency import Timing, latency_to_csv
    from archir.lowering.onnx.timing import milliseconds

    blocks = blocks_of(read_module(space, split_settings(settings)))
    with Progress(console=Console(file=sys.stderr), transient=True, disable=quiet) as bar:
        task = bar.add_task("timing", total=None)
        times = milliseconds(
            [block.graph for block in blocks], rounds, threads,
            lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    timings = []
    for block, of in zip(blocks, times, strict=True):
        low, median, high = np.quantile(of, (0.25, 0.5, 0.75)).tolist()
        timings.append(Timing(block.place, block.count, median, high - low))
    busy = sum(t.spread > t.milliseconds / 2 for t in timings)
    if busy:
        message = (
            f"{busy} of {len(timings)} times spread over more than half of their median: other work slows this machine"
        )
        click.echo(message, err=True)
    write_text(output, latency_to_csv(timings))
    if output != "-":
        distinct = len({block.graph for block in blocks})
        click.echo(
            f"{output}: {len(blocks)} places, {distinct} different blocks, {rounds} rounds on {threads} thread(s)"
        )
