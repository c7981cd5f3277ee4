"""archir fmt: one way to write each .nas file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import click
from attrs import frozen

from archir.cli.common import read_stdin
from archir.cli.texts import nas_files
from archir.diagnostics import ArchirError, Diagnostic
from archir.diagnostics.render import render, wants_color
from archir.sema.library import read_source
from archir.source import Source
from archir.syntax.formatter import format_text


@frozen
class _Formatted:
    """A file, its text before and after, and whether its bytes would change."""

    name: str
    before: str
    after: str
    changed: bool


@click.command("fmt")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; list what would change, and exit with 1.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change, and exit with 1.")
def command(files: tuple[str, ...], only_check: bool, diff: bool) -> int:
    """Format each FILE in place: .nas files, or folders of them.

    `-` reads standard input and writes standard output. A file that is formatted is not touched.
    A file with errors is left as it is; the others are formatted.
    """
    problems: list[Diagnostic] = []
    results = list(_all(files, problems))
    changed = [r for r in results if r.changed]
    for result in results:
        if diff:
            click.echo("".join(_diff(result)), nl=False)
        elif only_check:
            _say(result, "would change")
        elif result.name == "-":
            click.echo(result.after, nl=False)
        elif result.changed:
            try:
                _write(result)
                _say(result, "formatted")
            except ArchirError as error:
                problems += error.diagnostics
    sys.stderr.write(render(problems, color=wants_color(sys.stderr)))
    return 1 if problems or (changed and (only_check or diff)) else 0


def _say(result: _Formatted, what: str) -> None:
    if result.changed:
        click.echo(f"{_shown(result)}: {what}")


def _shown(result: _Formatted) -> str:
    return "<stdin>" if result.name == "-" else result.name


def _all(names: tuple[str, ...], problems: list[Diagnostic]) -> Iterator[_Formatted]:
    for name in names:
        try:
            found = list(nas_files([name]))
        except ArchirError as error:
            problems += error.diagnostics
            continue
        for file in found:
            try:
                yield _formatted(file)
            except ArchirError as error:
                problems += error.diagnostics


def _formatted(name: str) -> _Formatted:
    if name == "-":
        text = read_stdin()
        source, same = Source("<stdin>", _lines(text)), text.encode()
    else:
        source = read_source(Path(name))
        same = Path(name).read_bytes()
    after = format_text(source)
    return _Formatted(name, source.text, after, after.encode() != same)


def _lines(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _write(result: _Formatted) -> None:
    from archir.files import atomic_write

    atomic_write(result.name, result.after)


def _diff(result: _Formatted) -> Iterator[str]:
    """A unified diff; a file without a line break at its end says so."""
    before, after = (text.splitlines(keepends=True) for text in (result.before, result.after))
    for line in unified_diff(before, after, _shown(result), _shown(result)):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
