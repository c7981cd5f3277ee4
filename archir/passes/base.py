"""What a pass is: a function from a module to a module, with typed options and a small class on top."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from attrs import field, frozen

from archir.diagnostics import fail
from archir.ir.module import Form, Module
from archir.passes.weights import WeightMap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from archir.passes.active import Place
    from archir.passes.groups import Groups

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


@frozen
class Split(Pass):
    """A pass that gives several modules. Where a pipeline goes on with one of them, `part` says which."""

    part: int | None = option(None, "which of the modules, counted from 0; none: all of them")

    @abstractmethod
    def parts(self, module: Module, values: Values | None) -> tuple[Rewrite, ...]:
        """All modules; raises `ArchirError` where the options do not fit. Changes nothing in place."""

    def grouped(self, module: Module) -> tuple[Place, ...]:
        """The edges whose operations come in groups that may be given; none if it splits by something else."""
        del module
        return ()

    def with_groups(self, groups: Groups) -> Split:
        """The pass with the groups of these edges; raises `ArchirError` NAS402 if it splits by something else."""
        del groups
        fail("NAS402", f"`{self.name}` does not split operations into groups", help="leave the groups to the pass")

    def run(self, module: Module, values: Values | None) -> Rewrite:
        found = self.parts(module, values)
        if self.part is None or not 0 <= self.part < len(found):
            wrong = "one is wanted here" if self.part is None else f"`part` is {self.part}"
            help_ = f"say which: `part=0` to `part={len(found) - 1}`"
            fail("NAS402", f"`{self.name}` gives {len(found)} modules, and {wrong}", help=help_)
        return found[self.part]
