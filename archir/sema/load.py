"""A file's path or text -> a module."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from archir.diagnostics import ArchirError, fail
from archir.ir.module import Module
from archir.ir.origin import Origin, Setting
from archir.ir.types import TensorType
from archir.sema.elaborate import elaborate
from archir.sema.expansion import check_expansion
from archir.sema.library import FileScope, Library, library_folder, read_source
from archir.sema.named_files import with_named_files
from archir.sema.suggest import did_you_mean
from archir.sema.values import DefinitionValue
from archir.source import Source
from archir.syntax import ast
from archir.syntax.expression_text import expression_text


def load(path: str | Path, **parameters: Setting | TensorType) -> Module:
    """The module of a .nas file.

    `path` is a file, or the name of a space that archir ships (`darts`); `file.nas:name`
    picks one of several nets. Parameters are those of the net (`channels=16`).
    Raises `ArchirError` with every error found.
    """
    text, _, net = str(path).partition(".nas:")
    file = find_file(Path(f"{text}.nas" if net else text))
    return load_source(read_source(file), file.parent, net or None, parameters)


@frozen
class NetParameter:
    """A net's parameter: its name, whether it is an input (a tensor), and its default as written."""

    name: str
    is_tensor: bool
    default: str | None


def net_parameters(path: str | Path) -> tuple[NetParameter, ...]:
    """The parameters of the net that `load` would take, without elaborating it."""
    text, _, net = str(path).partition(".nas:")
    file = find_file(Path(f"{text}.nas" if net else text))
    return text_parameters(read_source(file), file.parent, net or None)


def recorded_parameters(origin: Origin) -> tuple[NetParameter, ...]:
    """The parameters of the net that a module came from, read from its recorded texts."""
    return text_parameters(origin.source, None, origin.net, dict(origin.library))


def text_parameters(
    source: Source,
    folder: Path | None = None,
    net: str | None = None,
    library: Mapping[str, Source] | None = None,
) -> tuple[NetParameter, ...]:
    """The parameters of the net that `load_source` would take, without elaborating it."""
    linked = Library(dict(library or {}))
    scope = linked.link(source, folder)
    definition = pick_net(scope, linked, net).definition
    return tuple(NetParameter(p.name, _is_tensor(p), _written(p.default)) for p in definition.params)


def _is_tensor(param: ast.Param) -> bool:
    return (
        isinstance(param.type, ast.Index) and isinstance(param.type.base, ast.Name) and param.type.base.text == "tensor"
    )


def _written(e: ast.Expr | None) -> str | None:
    return None if e is None else expression_text(e)


def find_file(path: Path) -> Path:
    """The file itself, or the shipped space of that name; raises `ArchirError` NAS103."""
    if os.path.exists(path) or (path.suffix == ".nas" and len(path.parts) > 1):
        return path
    shipped = [p for p in library_folder().rglob("*.nas") if "lib" not in p.relative_to(library_folder()).parts[:-1]]
    for known in shipped:
        if known.stem == str(path).removesuffix(".nas"):
            return known
    help_ = did_you_mean(str(path).removesuffix(".nas"), [p.stem for p in shipped]) or "check the path"
    fail("NAS103", f"there is no file `{path}`, and no shipped space of that name", help=help_)


def load_source(
    source: Source,
    folder: Path | None = None,
    net: str | None = None,
    parameters: Mapping[str, Setting | TensorType] | None = None,
    library: Mapping[str, Source] | None = None,
) -> Module:
    """The module of a text. `library` gives the texts of imports instead of the disk."""
    linked = Library(dict(library or {}))
    scope = linked.link(source, folder)
    return linked_module(scope, linked, net, with_named_files(scope, linked, folder, parameters or {}))


def linked_module(
    scope: FileScope, library: Library, net: str | None, parameters: Mapping[str, Setting | TensorType]
) -> Module:
    """The module of a file that is linked already; neither its scope nor the library is changed."""
    flat = flat_module(scope)
    if flat is not None:
        return flat
    if not scope.file.items:
        fail(
            "NAS101",
            f"`{scope.file.source.name}` is empty",
            help="a space starts like `net name(image: tensor[3, 32, 32]) { ... }`",
        )
    return elaborate(scope, library, pick_net(scope, library, net), parameters)


def flat_module(scope: FileScope) -> Module | None:
    """The module of a text in the flat form, or None if it is in source form."""
    from archir.sema.flat import read_flat  # only texts that archir printed need it

    flats = [item for item in scope.file.items if isinstance(item, ast.Flat)]
    if not flats:
        return None
    if len(scope.file.items) != 1:
        fail(
            "NAS304",
            "a module in the flat form stands alone in its file",
            span=flats[0].span,
            help="move the rest into a file of its own",
        )
    module = read_flat(flats[0])
    check_expansion(module.graph, flats[0].span)
    return module


def reload(origin: Origin, **parameters: Setting | TensorType) -> Module:
    """The module again from its recorded texts, perhaps with other parameters."""
    given = {**dict(origin.settings), **parameters}
    return load_source(origin.source, None, origin.net, given, dict(origin.library))


def pick_net(scope: FileScope, library: Library, name: str | None) -> DefinitionValue:
    """The net asked for, the one named like its file, or the only one; raises `ArchirError`."""
    nets = [v for v in scope.own.values() if isinstance(v, DefinitionValue) and v.definition.kind == "net"]
    wanted = name or Path(scope.file.source.name).stem
    for net in nets:
        if net.name == wanted:
            return net
    if name is None and len(nets) == 1:
        return nets[0]
    if library.errors:
        raise ArchirError(*library.errors)
    where = f"`{scope.file.source.name}`"
    if not nets:
        fail("NAS201", f"{where} defines no net", help="add `net name(image: tensor[3, 32, 32]) { ... }`")
    known = ", ".join(net.name for net in nets)
    if name is None:
        fail("NAS201", f"{where} defines several nets", help=f"write {scope.file.source.name}:NAME with one of {known}")
    fail(
        "NAS201",
        f"{where} defines no net `{name}`",
        help=did_you_mean(name, known.split(", ")) or f"it defines {known}",
    )
