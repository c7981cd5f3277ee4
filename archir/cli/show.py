"""archir show: pictures of nets, stages and cells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archir.cli.common import read_learned, read_module, set_option, split_settings
from archir.ir.module import Module

if TYPE_CHECKING:
    from archir.passes import Values


@click.command("show")
@click.argument("file")
@click.option("-o", "--output", required=True, metavar="FILE", help="The picture: .svg or .png.")
@set_option
@click.option("--only", metavar="NAME", help="Draw the net, or the stages or cells, of this name: `macro`, `macro@0`.")
@click.option("--values", metavar="FILE", help="Learned values of a relaxed FILE: the folder of a run, or a JSON file.")
def command(file: str, output: str, settings: tuple[str, ...], values: str | None, only: str | None) -> None:
    """Draw FILE: its net, and each different stage and cell once.

    FILE is a .nas file in either form (a space, a relaxed module, a network), the name of a shipped space, or the
    folder of a run: that draws the network that was found, or how strong each edge of an unfinished search is now.
    """
    from archir.show import drawings_of, save

    module, found = _of_run(file, settings, values) if Path(file).is_dir() else _of_file(file, settings, values)
    save(output, drawings_of(module, found, only))


def _of_file(file: str, settings: tuple[str, ...], values: str | None) -> tuple[Module, Values | None]:
    module = read_module(file, split_settings(settings))
    return module, read_learned(values, module)


def _of_run(run: str, settings: tuple[str, ...], values: str | None) -> tuple[Module, Values | None]:
    """What a run has found, or where it is; a finished one needs no torch."""
    if values is not None:
        raise click.UsageError("--values is for a file: a run is drawn with its own")
    net = Path(run) / "net.nas"
    if net.is_file():
        return read_module(str(net), split_settings(settings)), None
    if settings:
        raise click.UsageError("--set is for a run that has found a network: this one's space is fixed")
    from archir.search.result import load_run

    result = load_run(run)
    return result.module, result.values if result.module.form == "relaxed" else None
