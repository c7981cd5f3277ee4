"""archir explain: what an error code means."""

from __future__ import annotations

import textwrap

import click
from attrs import asdict

from archir.cli.common import json_option, print_json
from archir.diagnostics.codes import CODES, GROUPS, Code
from archir.sema.suggest import did_you_mean


@click.command("explain")
@click.argument("code", required=False)
@json_option
def command(code: str | None, as_json: bool) -> None:
    """Say what error CODE means, with an example; without it, list the codes.

    A code may be written short: 301, nas301 and NAS301 are the same.
    """
    if code is not None:
        found = _find(code)
        print_json(asdict(found)) if as_json else click.echo(_page(found))
        return
    if as_json:
        print_json([asdict(c) for c in CODES.values()])
        return
    for digit, about in GROUPS.items():
        click.echo(f"{digit}xx: {about}")
        for known in CODES.values():
            if known.name.startswith(f"NAS{digit}"):
                click.echo(f"  {known.name}  {known.meaning}")
    click.echo("\n`archir explain CODE` says more.")


def _find(text: str) -> Code:
    """The code as a user writes it; a usage error, with the nearest one, if there is none."""
    name = f"NAS{text.strip().upper().removeprefix('NAS')}"
    if name not in CODES:
        advice = did_you_mean(name, CODES) or "`archir explain` lists the codes"
        raise click.UsageError(f"there is no code `{text}`; {advice}")
    return CODES[name]


def _page(code: Code) -> str:
    parts = [f"{code.name}: {code.meaning}", code.explanation]
    if code.wrong:
        parts += ["wrong\n" + textwrap.indent(code.wrong, "    "), "right\n" + textwrap.indent(code.right, "    ")]
    return "\n\n".join(parts)
