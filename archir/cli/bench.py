"""archir bench: what a machine gives a supernet, and what a benchmark's table says of a search."""

from __future__ import annotations

import click
from click.core import ParameterSource

from archir.cli.common import json_option, set_option
from archir.cli.running import DATA_HELP

_OF_TIMING = {"method_name": "--method", "batch": "--batch", "rounds": "--rounds", "settings": "--set"}
_OF_TABLE = {
    name: f"--{name}" for name in ("dataset", "sample", "within", "by", "images", "data", "seed", "output")
}  # fmt: skip


@click.command("bench")
@click.argument("space")
@click.argument("run", required=False)
@click.option("--method", "method_name", default="darts", show_default=True, help="A shipped method, or a .nas file.")
@click.option("--batch", type=click.IntRange(min=2), default=16, show_default=True, help="Images in a step.")
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True, help="Steps of each variant.")
@set_option
@click.option("--table", metavar="FILE", help="True accuracies of SPACE's architectures: .csv or .csv.gz.")
@click.option("--dataset", default="cifar10", show_default=True, help="Whose accuracies of the table.")
@click.option("--sample", type=click.IntRange(min=0), default=100, show_default=True, help="Architectures to judge.")
@click.option("--within", metavar="RUN", help="Sample the space that another search ended with.")
@click.option(
    "--by", type=click.Choice(["loss", "accuracy"]), default="loss", show_default=True, help="What ranks them."
)
@click.option("--images", type=click.IntRange(min=2), default=5000, show_default=True, help="Held-out images at most.")
@click.option("--data", metavar="DATA", help=f"Where the run's images are now. {DATA_HELP}")
@click.option("--seed", type=int, default=0, show_default=True, help="Which architectures are sampled.")
@click.option("-o", "--output", metavar="FILE", help="Draw scores against true accuracies: .svg or .png.")
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads; 1 where other work shares the cores.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@json_option
@click.pass_context
def command(
    context: click.Context, space: str, run: str | None, method_name: str, batch: int, rounds: int,
    settings: tuple[str, ...], table: str | None, dataset: str, sample: int, within: str | None, by: str, images: int,
    data: str | None, seed: int, output: str | None, threads: int | None, quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    """Time training steps of SPACE's supernet, or look a search of SPACE up in a table (--table).

    Without a table: each option of the lowering off and on. The supernet is the one of the method's first training
    phase; a network is timed as it is. A step is a forward and a backward on random images. Variants take turns, so
    what disturbs one disturbs all.

    With a table of NAS-Bench-201: the true accuracy and rank of the cell that the search in RUN has found, and how well
    the run's supernet ranks a sample of its space: Kendall's tau-b and Spearman's rho between its scores on held-out
    images and true accuracies. --sample 0 leaves the supernet out.
    """
    if table is None:
        _refuse_given(context, _OF_TABLE, "belongs to a table: give one with `--table FILE`")
        if run is not None:
            raise click.UsageError(f"`{run}` is to be looked up in a table: give one with `--table FILE`")
    else:
        _refuse_given(context, _OF_TIMING, "belongs to timing, which a table has nothing to do with; leave it out")
        if run is None:
            raise click.UsageError("name the run to look up in the table: `archir bench SPACE --table FILE RUN`")
        if output is not None and sample == 0:
            raise click.UsageError("`--output` draws the scores of a sample, and `--sample 0` takes none")
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    if table is None or run is None:
        from archir.cli.bench_lowering import bench_lowering

        bench_lowering(space, method_name, batch, rounds, settings=settings, as_json=as_json, quiet=quiet)
        return
    from archir.cli.bench_table import bench_table
    from archir.cli.judging import Judging

    judging = Judging(sample, within, by, images, data, seed, quiet)
    bench_table(space, run, table, dataset, judging, output, as_json=as_json)


def _refuse_given(context: click.Context, names: dict[str, str], why: str) -> None:
    for name, option in names.items():
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"`{option}` {why}")
