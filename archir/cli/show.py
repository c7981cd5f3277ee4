"""archir show: pictures of cells."""

from __future__ import annotations

from pathlib import Path

import click

from archir.cli.common import read_module, set_option, split_settings
from archir.diagnostics import fail


@click.command("show")
@click.argument("file")
@click.option("-o", "--output", required=True, metavar="FILE", help="The picture: .svg or .png.")
@set_option
def command(file: str, output: str, settings: tuple[str, ...]) -> None:
    """Draw the cells of a space or network (a .nas file or a run)."""
    from archir.show import drawings_of, save_cells

    path = str(Path(file) / "net.nas") if Path(file).is_dir() else file
    module = read_module(path, split_settings(settings))
    drawings = drawings_of(module)
    if not drawings:
        fail("NAS402", f"`{path}` has no cells to draw", help="pictures show `cell` and `stage` definitions")
    save_cells(output, drawings)
    click.echo(f"{output}: {len(drawings)} cell{'s' if len(drawings) > 1 else ''}")
