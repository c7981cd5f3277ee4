"""archir export-genotype: a network as the text of another project."""

from __future__ import annotations

import click

from archir.cli.common import set_option, split_settings, write_text
from archir.cli.networks import read_network


@click.command("export-genotype")
@click.argument("net")
@click.option("--to", "form", type=click.Choice(["darts", "nasbench201"]), default="darts", show_default=True)
@click.option("-o", "--output", metavar="FILE", help="Write to a file instead of standard output.")
@set_option
def command(net: str, form: str, output: str | None, settings: tuple[str, ...]) -> None:
    """Write the cells of the network NET (a .nas file or a training run) as a genotype.

    The cells are those called `normal` and `reduce`. Their operations are recognized by what they compute.
    """
    from archir.exchange.darts_cells import genotype_of
    from archir.exchange.genotype import genotype_text
    from archir.exchange.nasbench201 import architecture_text
    from archir.exchange.nasbench201_cells import architecture_of

    module = read_network(net, split_settings(settings))
    text = genotype_text(genotype_of(module)) if form == "darts" else f"{architecture_text(architecture_of(module))}\n"
    write_text(output, text)
