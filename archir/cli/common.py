"""Options and helpers that several subcommands share."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from archir.cli.together import are_several
from archir.diagnostics import fail
from archir.ir.module import Module
from archir.ir.origin import Setting
from archir.ir.types import TensorType
from archir.sema import load, load_source, parse_setting
from archir.source import Source

if TYPE_CHECKING:
    from archir.passes import Values

F = TypeVar("F", bound=Callable[..., Any])

set_option = click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Give a parameter a value; may be repeated."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def split_settings(settings: tuple[str, ...]) -> dict[str, Setting]:
    """`name=value` texts as values; raises a usage error for one without `=`."""
    found: dict[str, Setting] = {}
    for text in settings:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--set takes NAME=VALUE, found `{text}`")
        found[name.strip()] = parse_setting(name.strip(), value.strip())
    return found


def read_module(file: str, settings: Mapping[str, Setting | TensorType]) -> Module:
    """The module of a file, of a shipped space, or (`-`) of standard input."""
    if file == "-":
        return load_source(Source("<stdin>", read_stdin()), Path.cwd(), None, settings)
    return load(file, **settings)


def read_stdin() -> str:
    """Standard input as text; raises `ArchirError` NAS103 if it is not UTF-8, NAS508 if others read it, too."""
    if are_several():
        fail("NAS508", "several processes cannot read one standard input", help="write the text to a file, and name it")
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError:
        fail("NAS103", "standard input is not UTF-8 text", help="pipe a .nas text into it")


def read_learned(path: str | None, module: Module | None = None) -> Values | None:
    """The values of `--values`, if it was given; with a `module`, raises NAS403 for one that has nothing to learn."""
    if path is None:
        return None
    from archir.passes.values import read_values

    if module is not None and module.form != "relaxed":
        help_ = "leave `--values` out, or relax a space first: `archir opt FILE -p relax -o relaxed.nas`"
        fail("NAS403", f"`{module.name}` is a {module.form}, which no learned values belong to", help=help_)
    return read_values(path)


def print_json(value: object) -> None:
    """A value as JSON on standard output."""
    click.echo(json.dumps(value, indent=2))


def print_notes(notes: Iterable[str]) -> None:
    """What passes have to say of what they did, to standard error."""
    for note in notes:
        click.echo(f"note: {note}", err=True)


def write_text(path: str | None, text: str) -> None:
    """To a file, written whole or not at all; without one, or with `-`, to standard output."""
    if path in (None, "-"):
        click.echo(text, nl=False)
        return
    from archir.files import atomic_write

    assert path is not None
    atomic_write(path, text)
