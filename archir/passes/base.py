"""What a pass is: a function from a module to a module, with typed options and a small class on top."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from attrs import field, frozen

from archir.ir.module import Form, Module
from archir.passes.weights import WeightMap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Values: TypeAlias = "Mapping[str, NDArray[np.floating[Any]]]"
"""Learned values of architecture parameters, by name; shapes are those of `Module.parameters`."""


@frozen
class Rewrite:
    """What a pass gives: the new module, and where those weights come from that moved or are computed.

    notes: what a person should know of this rewrite, a sentence each, written as diagnostics are.
    """

    module: Module
    weights: WeightMap = field(factory=dict)
    notes: tuple[str, ...] = ()


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
