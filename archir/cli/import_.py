"""archir import: a network that another project holds, as a .nas file."""

from __future__ import annotations

import re

import click

from archir.cli.common import set_option, split_settings, write_text
from archir.diagnostics import fail
from archir.ir.origin import Setting
from archir.source import Source

_KNOWN = ("channels", "cells", "classes")


@click.command("import")
@click.argument("network", metavar="FILE|TEXT")
@click.option("--from", "form", type=click.Choice(["darts", "nasbench201"]), required=True, help="What NETWORK is.")
@click.option("--stem", type=click.Choice(["cifar", "imagenet"]), help="For darts.  [default: cifar]")
@click.option("--name", metavar="NAME", help="Which genotype of several; also what the net is called.")
@click.option("-o", "--output", metavar="FILE", help="Write to a file instead of standard output.")
@set_option
def command(
    network: str, form: str, stem: str | None, name: str | None, output: str | None, settings: tuple[str, ...]
) -> None:
    """Write a network as a .nas file.

    With --from darts: a file that holds a Genotype (`-`: standard input), as the DARTS repository writes it. It is
    parsed, never run. With --from nasbench201: the architecture itself, such as '|skip_connect~0|+...'.
    --set channels, cells and classes change the defaults of the net's parameters.
    """
    from archir.exchange import genotype, nasbench201
    from archir.syntax.formatter import format_text

    given = _numbers(split_settings(settings))
    if form == "nasbench201":
        if stem is not None:
            raise click.UsageError("--stem belongs to --from darts")
        edges = nasbench201.parse_architecture(Source("<architecture>", network))
        text = nasbench201.network_text(edges, _identifier(name or "imported"), given)
    else:
        found = genotype.parse_genotype(_read(network), name)
        text = genotype.network_text(found, _identifier(name or "imported"), stem or "cifar", given)
    write_text(output, format_text(Source("<imported>", text)))


def _read(file: str) -> Source:
    from pathlib import Path

    from archir.cli.common import read_stdin
    from archir.sema.library import read_source

    return Source("<stdin>", read_stdin()) if file == "-" else read_source(Path(file))


def _identifier(name: str) -> str:
    """A genotype's name as a net's: `DARTS_V1` is `darts_v1`."""
    word = re.sub(r"\W", "_", name).lower()
    return word if re.match(r"[a-z_]", word) else f"net_{word}"


def _numbers(settings: dict[str, Setting]) -> dict[str, int]:
    found = {}
    for name, value in settings.items():
        if name not in _KNOWN:
            fail("NAS205", f"an imported net has no parameter `{name}`", help=f"it has {', '.join(_KNOWN)}")
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            fail("NAS205", f"`{name}` must be a number of at least 1, found {value}", help=f"write --set {name}=16")
        found[name] = value
    return found
