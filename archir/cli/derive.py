"""archir derive: the network that a search has found, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archir.cli.common import write_text
from archir.diagnostics import fail

if TYPE_CHECKING:
    from archir.ir.module import Module
    from archir.search.run import Result


@click.command("derive")
@click.argument("run")
@click.option("-o", "--output", metavar="FILE", help="Write to a file instead of standard output.")
@click.option("--rule", help="How values become a point, for a run that has not come to its own `derive` yet.")
def command(run: str, output: str | None, rule: str | None) -> None:
    """Print the network that the search in RUN has found, as a .nas file with the space's parameters.

    A run that is not finished is derived from the values of its last checkpoint.
    """
    from archir.search.run import load_run
    from archir.sema.specialize import print_source

    result = load_run(run)
    module = found_network(result, rule)
    how = f": {', '.join(module.history)}" if module.history else ""
    write_text(output, f"# Found by archir in {result.setup.origin.source.name}{how}\n\n{print_source(module)}")


def found_network(result: Result, rule: str | None = None) -> Module:
    """The network of a run, derived from its last values if need be.

    Raises `ArchirError` NAS502 if no epoch has ended yet.
    """
    from archir.passes import run_pipeline

    module = result.module
    if module.form == "network":
        return module
    if module.form == "space":
        message = f"the run in `{result.folder}` has no learned values: it was stopped in its first epoch"
        fail("NAS502", message, help="go on with it: `archir search --resume`")
    return run_pipeline(module, "derive" if rule is None else f"derive{{rule={rule}}}", result.values).module
