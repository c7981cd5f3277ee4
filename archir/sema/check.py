"""Everything that a text holds, checked: each net that it defines, or the names of a library."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from archir.diagnostics import ArchirError, Diagnostic
from archir.ir.module import Module
from archir.ir.origin import Setting
from archir.sema.library import FileScope, Library
from archir.sema.load import linked_module
from archir.sema.named_files import with_named_files
from archir.sema.names import unknown_names
from archir.source import Source
from archir.syntax import ast


@frozen
class Checked:
    """What a text holds: modules (one for each net, or the one in the flat form), or definitions alone.

    `method` says that it is a method file, whose steps are for `search` to check.
    """

    modules: tuple[Module, ...] = ()
    definitions: tuple[str, ...] = ()
    method: bool = False


def check_source(
    source: Source, folder: Path | None, settings: Mapping[str, Setting] | None = None, net: str | None = None
) -> Checked:
    """Checks a text; raises `ArchirError` with every error found. `settings` are parameters of its nets.

    `net` names the one net that is meant; without it all are checked.
    """
    library = Library()
    scope = library.link(source, folder)
    settings = with_named_files(scope, library, folder, settings or {})
    items = scope.file.items
    if any(isinstance(i, ast.Definition) and i.kind == "method" for i in items):
        return Checked(method=True)
    nets = [i.name for i in items if isinstance(i, ast.Definition) and i.kind == "net"]
    if net is not None or not items or any(isinstance(i, ast.Flat) for i in items):
        return Checked((linked_module(scope, library, net, settings),))
    if not nets:
        _check_library(scope, library)
        return Checked(definitions=tuple(i.name for i in items if isinstance(i, ast.Definition | ast.Candidates)))
    modules: list[Module] = []
    problems: list[Diagnostic] = []
    for name in nets:
        try:
            modules.append(linked_module(scope, library, name, settings))
        except ArchirError as error:
            problems += error.diagnostics
    if problems:
        raise ArchirError(*dict.fromkeys(problems))
    return Checked(tuple(modules))


def _check_library(scope: FileScope, library: Library) -> None:
    """Imports, names and doubles of a file without a net; raises `ArchirError` with every error found."""
    problems = list(library.errors)
    for each in (scope, *library.scopes.values()):
        problems += unknown_names(each) if each.complete else ()
    if problems:
        raise ArchirError(*problems)
