"""archir derive: the network that a search has found, as text."""

from __future__ import annotations

import click

from archir.cli.common import write_text
from archir.cli.runs import found_network


@click.command("derive")
@click.argument("run")
@click.option("-o", "--output", metavar="FILE", help="Write to a file instead of standard output.")
@click.option("--rule", metavar="RULE", help="How values become a point, for a run that is not finished.")
def command(run: str, output: str | None, rule: str | None) -> None:
    """Print the network that the search in RUN has found, as a .nas file with the space's parameters.

    A run that is not finished is derived from the values of its last checkpoint; one whose method selects a path has
    none before that, but for what --rule makes of its values.
    """
    from archir.search.result import load_run
    from archir.sema.specialize import print_source

    result = load_run(run)
    module = found_network(result, rule)
    how = f": {', '.join(module.history)}" if module.history else ""
    write_text(output, f"# Found by archir in {result.setup.origin.source.name}{how}\n\n{print_source(module)}")
