"""archir enumerate: the points of a space as a stream of JSON lines."""

from __future__ import annotations

import json
from itertools import islice

import click

from archir.cli.common import read_module, set_option, split_settings


@click.command("enumerate")
@click.argument("file", metavar="FILE")
@set_option
@click.option("--limit", type=click.IntRange(min=0), help="Stop after so many points.")
@click.option(
    "--start", type=click.IntRange(min=0), default=0, help="Begin at the point of this rank.", show_default=True
)
def command(file: str, settings: tuple[str, ...], limit: int | None, start: int) -> None:
    """Print the points of a space in order, one JSON object a line.

    Each is a point as `archir opt -p fix{point=FILE}` takes it; `archir info` says how many there are.
    """
    from archir.space.points import point_rows
    from archir.space.space import space_of

    space = space_of(read_module(file, split_settings(settings)))
    for point in islice(space.enumerate(start), limit):
        click.echo(json.dumps(point_rows(point)))
