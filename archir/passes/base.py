"""What a pass is: a function from a module to a module, with typed options and a small class on top."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from attrs import field, frozen

from archir.ir.module import Form, Module

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Values: TypeAlias = "Mapping[str, NDArray[np.floating[Any]]]"
"""Learned values of architecture parameters, by name; shapes are those of `Module.parameters`."""

WeightMap: TypeAlias = Mapping[str, str]
"""Where weights come from: new path -> old path, for all that lies at or below the new path.

The longest listed path decides. What no listed path covers keeps its path.
"""


@frozen
class Rewrite:
    """What a pass gives: the new module, and the old paths of weights whose paths changed."""

    module: Module
    weights: WeightMap = field(factory=dict)


@frozen
class Pass(ABC):
    """A pass. The fields of a subclass are its options, its docstring is its documentation.

    `takes` and `gives` name forms of a module; `gives` None is the form that came in. A pass with `needs_values` is
    handed values for all architecture parameters of its module.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    takes: ClassVar[tuple[Form, ...]]
    gives: ClassVar[Form | None] = None
    needs_values: ClassVar[bool] = False

    @abstractmethod
    def run(self, module: Module, values: Values | None) -> Rewrite:
        """The rewritten module; raises `ArchirError` where the options do not fit it. Changes nothing in place."""


def option(default: Any, help: str, *, validator: Any = None) -> Any:  # noqa: A002
    """A field of a pass with the line that `archir passes` prints about it."""
    return field(default=default, validator=validator, metadata={"help": help})


def former_path(weights: WeightMap, path: str) -> str:
    """The path that a weight had before a rewrite."""
    here = path
    while here:
        if here in weights:
            return weights[here] + path[len(here) :]
        here = here.rpartition(".")[0]
    return path


def compose(later: WeightMap, earlier: WeightMap) -> dict[str, str]:
    """One map for two rewrites in a row: `former_path` of it is that of `earlier` after that of `later`."""
    keys = set(later) | set(earlier)
    for new, middle in later.items():
        keys |= {new + key[len(middle) :] for key in earlier if key.startswith(f"{middle}.")}
    return {key: former_path(earlier, former_path(later, key)) for key in sorted(keys)}
