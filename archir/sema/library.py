"""Files and what their names mean: imports, definitions, constants."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from importlib.resources import files
from pathlib import Path as FilePath

from attrs import Factory, define, field

from archir.diagnostics import ArchirError, Diagnostic
from archir.sema.suggest import did_you_mean
from archir.sema.values import CandidatesValue, DefinitionValue, Namespace, Value
from archir.source import Source, Span
from archir.syntax import ast, parse


@define(eq=False)
class FileScope:
    """One file's names. `prefix` is empty for the file that was asked for.

    `given`: files that settings name, whose definitions are known by dotted names alone.
    """

    file: ast.File
    prefix: str
    own: dict[str, Value] = Factory(dict)
    uses: dict[str, Namespace] = Factory(dict)
    given: dict[str, Namespace] = Factory(dict)
    complete: bool = True
    """False where an import failed: then an unknown name may be one of the import's."""

    def lookup(self, name: str) -> list[Value]:
        """What a name means here: one value; none; or several from different imports."""
        if name in self.own:
            return [self.own[name]]
        if name in self.uses:
            return [self.uses[name]]
        if name in self.given:
            return [self.given[name]]
        return [n.scope.own[name] for n in self.uses.values() if name in n.scope.own]

    def names(self) -> set[str]:
        """Every name that means something here."""
        imported = (n.scope.own for n in self.uses.values())
        return set(self.own) | set(self.uses) | {name for own in imported for name in own}


@define
class Library:
    """Finds, reads and links files; gathers what goes wrong.

    `texts` are files given by the caller instead of the disk (a checkpoint's copies).
    """

    texts: dict[str, Source] = Factory(dict)
    scopes: dict[str, FileScope] = Factory(dict)
    errors: list[Diagnostic] = Factory(list)
    read: dict[str, Source] = Factory(dict)
    _open: list[str] = field(factory=list)
    _first: dict[tuple[int, str], ast.Node] = field(factory=dict)

    def link(self, source: Source, folder: FilePath | None, prefix: str = "") -> FileScope:
        """Parses a text and links its imports; syntax errors of this text raise, all others are gathered."""
        scope = FileScope(_parse_import(source, prefix) if prefix else parse(source), prefix)
        for item in scope.file.items:
            match item:
                case ast.Use():
                    scope.complete &= self._use(scope, item, folder)
                case ast.Definition():
                    self._define(scope, item, item.name, DefinitionValue(item, scope))
                case ast.Candidates():
                    self._define(scope, item, item.name, CandidatesValue(item, scope))
                case ast.Constant():
                    self._define(scope, item, item.name, item)
                case ast.Flat():
                    self._define(scope, item, item.name, item)
        return scope

    def _define(self, scope: FileScope, item: ast.Node, name: str, value: Value) -> None:
        if name in scope.own:
            line, _ = self._first[id(scope), name].span.source.location(self._first[id(scope), name].span.start)
            note = f"it is defined in line {line}, too"
            where = name_span(item, name)
            self.errors.append(
                Diagnostic("NAS202", f"`{name}` is defined twice", where, "", (note,), "rename one of them")
            )
            return
        self._first[id(scope), name] = item
        scope.own[name] = value

    def _use(self, scope: FileScope, item: ast.Use, folder: FilePath | None) -> bool:
        dotted = ".".join(item.path)
        alias = item.alias or item.path[-1]
        if dotted in self._open:
            circle = " -> ".join([*self._open[self._open.index(dotted) :], dotted])
            help_ = "move what they share into a third file"
            self.errors.append(Diagnostic("NAS204", f"files import each other: {circle}", item.span, help=help_))
            return False
        if dotted in self.scopes and not self._same_file(item, dotted, folder):
            return False
        if dotted not in self.scopes:
            found = self._find(item.path, folder, item.span)
            if found is None:
                return False
            source, where = found
            self._open.append(dotted)
            try:
                self.scopes[dotted] = self.link(source, where, dotted)
            except ArchirError as error:
                self.errors.extend(error.diagnostics)
                return False
            finally:
                self._open.pop()
            self.read[dotted] = source
        scope.uses[alias] = Namespace(alias, self.scopes[dotted])
        return True

    def bring(self, scope: FileScope, name: str, file: FilePath | None) -> None:
        """Makes the definitions of a file known to a scope as `name.x`, and in no other way.

        Without a file its text is among those that were given. Raises `ArchirError` for a file that cannot be read or
        has errors.
        """
        if name not in self.scopes:
            source = self.texts[name] if file is None or name in self.texts else read_source(file)
            folder = None if file is None or name in self.texts else file.parent
            self._open.append(name)
            try:
                self.scopes[name] = self.link(source, folder, name)
            finally:
                self._open.pop()
            self.read[name] = source
        scope.given[name] = Namespace(name, self.scopes[name])

    @staticmethod
    def places(path: tuple[str, ...], folder: FilePath | None) -> list[FilePath]:
        """Where the file of a dotted name may be, in order."""
        return _places(path, folder)

    def _same_file(self, item: ast.Use, dotted: str, folder: FilePath | None) -> bool:
        """Whether a name that was used before means the same file here; files find others from their own folder."""
        if dotted in self.texts:
            return True
        before = self.read[dotted].name
        here = next((p for p in _places(item.path, folder) if os.path.isfile(p)), None)
        if here is None or os.path.realpath(here) == os.path.realpath(before):  # a folder may be a link
            return True
        message = f"`use {dotted}` means two files: `{before}` and `{here}`"
        self.errors.append(Diagnostic("NAS203", message, item.span, help="rename one of them"))
        return False

    def _find(
        self, path: tuple[str, ...], folder: FilePath | None, span: Span
    ) -> tuple[Source, FilePath | None] | None:
        dotted = ".".join(path)
        if dotted in self.texts:
            return self.texts[dotted], None
        for candidate in _places(path, folder):
            if os.path.isfile(candidate):  # False where the name is too long for a file, too
                try:
                    return read_source(candidate, span), candidate.parent
                except ArchirError as error:
                    self.errors.extend(error.diagnostics)
                    return None
        inside = ".".join(path[:-1])
        known = [p.stem for base in search_folders(folder) for p in _folder(base, path[:-1]).glob("*.nas")]
        near = did_you_mean(dotted, [f"{inside}.{stem}" if inside else stem for stem in known])
        near = near or f"write the file `{'/'.join(path)}.nas`, or correct the name"
        places = "beside this file, in its folder `lib`, and in archir's library"
        self.errors.append(
            Diagnostic("NAS203", f"there is no file for `use {dotted}`", span, "", (f"looked {places}",), near)
        )
        return None


@lru_cache(maxsize=64)
def _parse_import(source: Source, _prefix: str) -> ast.File:
    """The tree of a file under one of its names: trees never change, and few files are used again and again.

    What files define is told apart by their trees, so a file that has two names has two trees.
    """
    return parse(source)


def _places(path: tuple[str, ...], folder: FilePath | None) -> list[FilePath]:
    """Where the file of a dotted name may be, in order."""
    return [base.joinpath(*path).with_suffix(".nas") for base in search_folders(folder)]


def _folder(base: FilePath, parts: tuple[str, ...]) -> FilePath:
    """A folder below another; the other where there is none."""
    inner = base.joinpath(*parts)
    return inner if os.path.isdir(inner) else base


def name_span(item: ast.Node, name: str) -> Span:
    """The place of a definition's name."""
    found = re.compile(rf"\b{re.escape(name)}\b").search(item.span.source.text, item.span.start, item.span.end)
    return item.span if found is None else Span(item.span.source, *found.span())


def library_folder() -> FilePath:
    """The folder of the spaces that archir ships."""
    return FilePath(str(files("archir.spaces")))


def search_folders(folder: FilePath | None) -> list[FilePath]:
    """Where `use` looks, in order."""
    shipped = library_folder()
    near = [folder, folder / "lib"] if folder is not None else []
    return [*near, shipped, shipped / "lib", shipped / "nets"]


def read_source(path: FilePath, span: Span | None = None) -> Source:
    """A file's text; raises `ArchirError` NAS103 if it cannot be read."""
    try:
        return Source(str(path), path.read_text("utf-8-sig"))
    except FileNotFoundError:
        problem = Diagnostic("NAS103", f"there is no file `{path}`", span, help="check the path")
    except IsADirectoryError:
        problem = Diagnostic("NAS103", f"`{path}` is a folder", span, help="name a .nas file in it")
    except UnicodeDecodeError as error:
        problem = Diagnostic(
            "NAS103", f"`{path}` is not UTF-8 text (byte {error.start})", span, help="is it a .nas file?"
        )
    except OSError as error:
        problem = Diagnostic("NAS103", f"`{path}` cannot be read: {error.strerror}", span, help="check its permissions")
    raise ArchirError(problem)
