"""archir check: whether spaces, networks, libraries and methods are right, and how large they are."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from archir.cli.common import json_option, print_json, set_option, split_settings
from archir.cli.texts import nas_files, read_text
from archir.diagnostics import ArchirError, Diagnostic
from archir.diagnostics.render import Style, as_json, in_order, render, wants_color
from archir.ir.module import Module, shared_choices
from archir.ir.origin import Setting

_FORMS = {"space": "a space", "relaxed": "a relaxed module", "network": "a network"}


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@set_option
@click.option(
    "--format", "style", type=click.Choice(["full", "concise", "json", "github"]), default="full",
    help="How errors are shown.", show_default=True,
)  # fmt: skip
@json_option
def command(files: tuple[str, ...], settings: tuple[str, ...], style: Style, as_json: bool) -> int:
    """Say whether each FILE is right, and how large it is.

    FILE is a .nas file, a folder of them, the name of a shipped space, `file.nas:net`, or `-` for
    standard input. All errors of all files are shown; the exit status is 1 if there is any.
    """
    given = split_settings(settings)
    rows: list[dict[str, Any]] = []
    problems: list[Diagnostic] = []
    try:
        names = list(nas_files(files))
    except ArchirError as error:
        names, problems = [], list(error.diagnostics)
    for name in names:
        try:
            rows += _check(name, given)
        except ArchirError as error:
            problems += error.diagnostics
    if as_json or style == "json":
        print_json({"files": rows, "errors": _plain(problems)})
    else:
        for row in rows:
            click.echo(_line(row))
        sys.stderr.write(render(problems, style, color=wants_color(sys.stderr)))
    return 1 if problems else 0


def _plain(problems: list[Diagnostic]) -> list[dict[str, object]]:
    return [as_json(d) for d in in_order(problems)]


def _check(name: str, settings: Mapping[str, Setting]) -> list[dict[str, Any]]:
    """What there is to say of one file, a row a net; raises `ArchirError` with all its errors."""
    from archir.ir.verifier import verify
    from archir.sema.check import check_source

    source, folder, net = read_text(name)
    checked = check_source(source, folder, settings, net)
    if checked.method:
        from archir.search.method import read_method

        method = read_method(source, settings)
        return [{"file": name, "kind": "method", "name": method.name, "steps": len(method.steps)}]
    if not checked.modules:
        return [{"file": name, "kind": "library", "definitions": list(checked.definitions)}]
    for module in checked.modules:
        verify(module)
    return [_of_module(name, module) for module in checked.modules]


def _of_module(name: str, module: Module) -> dict[str, Any]:
    from archir.analysis import cost

    return {
        "file": name,
        "form": module.form,
        "name": module.name,
        "choices": len(shared_choices(module)),
        "params": cost.parameters(module),
        "macs": cost.macs(module),
        "inputs": {v.name: list(v.type.shape) for v in module.graph.inputs},
        "output": list(module.graph.type.shape),
    }


def _line(row: Mapping[str, Any]) -> str:
    if row.get("kind") == "method":
        return f"{row['file']}: a method: {_count(row['steps'], 'step')}"
    if row.get("kind") == "library":
        return f"{row['file']}: a library: {_count(len(row['definitions']), 'definition')}"
    choices = f"{_count(row['choices'], 'choice')}, " if row["form"] != "network" else ""
    size = f"{row['params']:,} parameters, {row['macs']:,} multiply-adds"
    return f"{row['file']}: {_FORMS[row['form']]} `{row['name']}`: {choices}{size}"


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"
