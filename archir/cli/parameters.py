"""What `--set` and the data say of the parameters of a net and of a method."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from archir.diagnostics import fail
from archir.ir.module import Module
from archir.ir.origin import Setting
from archir.ir.types import TensorType
from archir.sema.load import NetParameter, load_source, text_parameters
from archir.sema.suggest import did_you_mean
from archir.source import Source

if TYPE_CHECKING:
    from archir.search.data import Data


def split_by_owner(
    settings: Mapping[str, Setting], space: Mapping[str, bool], method: tuple[str, ...]
) -> tuple[dict[str, Setting], dict[str, Setting]]:
    """`--set` values of the space and of the method: `space.name` and `method.name` say which.

    `space` maps parameters to whether they are tensors. Raises `ArchirError` NAS205 for a name
    that neither has, or both.
    """
    of_space: dict[str, Setting] = {}
    of_method: dict[str, Setting] = {}
    for full, value in settings.items():
        owner, dot, name = full.partition(".")
        if dot and owner in ("space", "method"):
            (of_space if owner == "space" else of_method)[name] = value
        elif full in space and full in method:
            help_ = f"write `--set space.{full}=...` or `--set method.{full}=...`"
            fail("NAS205", f"both the space and the method have a parameter `{full}`", help=help_)
        elif full in space:
            of_space[full] = value
        elif full in method:
            of_method[full] = value
        else:
            known = f"the space has {', '.join(space)}" + (f"; the method has {', '.join(method)}" if method else "")
            fail("NAS205", f"there is no parameter `{full}`", help=did_you_mean(full, [*space, *method]) or known)
    return of_space, of_method


def tensor_flags(parameters: Iterable[NetParameter]) -> dict[str, bool]:
    """A net's parameters, and whether each is a tensor."""
    return {p.name: p.is_tensor for p in parameters}


def load_for_data(text: tuple[Source, Path | None, str | None], settings: Mapping[str, Setting], data: Data) -> Module:
    """The net of a text (as `read_text` gives it) at the data's input type and number of classes.

    Raises `ArchirError` NAS506 where they disagree.
    """
    flags = tensor_flags(text_parameters(*text))
    given: dict[str, Setting | TensorType] = dict(settings)
    supplied: dict[str, Setting | TensorType] = {name: data.type for name, is_tensor in flags.items() if is_tensor}
    if "classes" in flags:
        supplied["classes"] = data.classes
    for name, value in supplied.items():
        set_shape = given.get(name)
        wanted = value.shape if isinstance(value, TensorType) else value
        if set_shape is not None and set_shape != wanted:
            message = f"`--set {name}={set_shape}` disagrees with the data: {data.name} gives {value}"
            fail("NAS506", message, help=f"leave `{name}` to the data; `--size` scales the images")
        given[name] = value
    return load_source(*text, given)
