"""Names of the IR as names of Python."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable
from functools import cache

# What the emitted code itself says inside a method.
_SPOKEN = frozenset({"self", "super", "torch", "nn", "F", "Tensor"})


def class_name(definition: str, kind: str, taken: Iterable[str]) -> str:
    """`lib.max_pool_3x3` as `MaxPool3x3`; numbered where the name is taken."""
    words = definition.rpartition(".")[2].split("_")
    name = "".join(word[:1].upper() + word[1:] for word in words)
    if not name.isidentifier() or keyword.iskeyword(name) or name in _SPOKEN:
        name = kind.capitalize() + name if not name.isidentifier() else name + kind.capitalize()
    return unused(name, {*taken, *_SPOKEN, "Named"})


def identifier(path: str) -> str:
    """`x.2.sum` as `x2_sum`: a local name for a value."""
    name = ""
    for part in path.split("."):
        name += part if part.isdigit() or not name else f"_{part}"
    name = name.lstrip("_")
    if not name.isidentifier():
        name = f"v{name}"
    return f"{name}_" if keyword.iskeyword(name) or name in _SPOKEN or hasattr(builtins, name) else name


def unused(name: str, taken: Iterable[str]) -> str:
    """The name itself, or with the first number from 2 on that makes it new."""
    known = set(taken)
    if name not in known:
        return name
    joint = "_" if name[-1].isdigit() else ""
    count = 2
    while f"{name}{joint}{count}" in known:
        count += 1
    return f"{name}{joint}{count}"


def own_name(path: str, label: str) -> str:
    """The part of a node's name that its author wrote: `s1` of `s1.conv` where `label` is `conv`; may be empty."""
    head, _, last = path.rpartition(".")
    return head if re.fullmatch(rf"{re.escape(label)}(_\d+)?", last) else path


def without_counters(path: str) -> str:
    """`x` of `x.4`."""
    return ".".join(part for part in path.split(".") if not part.isdigit())


@cache
def _used_by_torch() -> frozenset[str]:
    from torch import nn  # emitting is the only job here that needs torch, and only for this

    return frozenset(dir(nn.Module())) | frozenset(dir(nn.ModuleDict()))


def is_free(name: str) -> bool:
    """Whether neither `nn.Module` nor `nn.ModuleDict` uses the name itself."""
    return not name.startswith("__") and name not in _used_by_torch()


def is_attribute(name: str) -> bool:
    """Whether `self.name` can be a child module."""
    return name.isidentifier() and not keyword.iskeyword(name) and is_free(name)
