"""archir passes: which passes there are, and what each does."""

from __future__ import annotations

import click
from attrs import asdict

from archir.cli.common import json_option, print_json
from archir.passes.describe import PassDescription, describe_pass, describe_passes


@click.command("passes")
@click.argument("name", required=False)
@json_option
def command(name: str | None, as_json: bool) -> None:
    """List the passes, or explain the one called NAME."""
    if name is not None:
        described = describe_pass(name)
        print_json(asdict(described)) if as_json else click.echo(_page(described))
        return
    listed = describe_passes()
    if as_json:
        print_json([asdict(p) for p in listed])
        return
    wide = max(len(p.name) for p in listed)
    for p in listed:
        click.echo(f"{p.name:<{wide}}  {p.summary}")
    click.echo('\n`archir passes NAME` says more; `archir opt FILE -p "NAME,..."` runs them.')


def _page(p: PassDescription) -> str:
    forms = f"{' or '.join(p.takes)} -> {p.gives or 'the same form'}"
    values = ", needs learned values" if p.needs_values else ""
    origin = "" if p.distribution == "archir" else f"\nfrom {p.distribution}"
    lines = [f"{p.name}: {p.summary}", f"{forms}{values}{origin}", "", p.documentation]
    if p.options:
        lines += ["", "options"]
    for o in p.options:
        default = "must be given" if o.default is None else f"default {o.default}"
        lines.append(f"  {o.name}: {o.type}; {default}\n      {o.help}")
    return "\n".join(lines)
