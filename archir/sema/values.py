"""What expressions evaluate to while a file is elaborated.

Numbers, truth values, strings, tuples (lists are tuples, too) and ranges are
Python's own; the rest stands here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import Factory, define, field, frozen

from archir.ir.primitive import Primitive
from archir.ir.types import TensorType
from archir.syntax import ast

if TYPE_CHECKING:
    from archir.sema.library import FileScope


@frozen
class Poison:
    """The value of an expression whose error was reported; it silences what follows."""


POISON = Poison()


@frozen
class Tensor:
    """A value of the graph that is being built, by its number in the builder."""

    id: int
    type: TensorType


@define(eq=False)
class Family:
    """Values by index: `x` after `x[0] = ...`. Grows while a definition is elaborated."""

    name: str
    items: dict[tuple[int, ...], Value] = Factory(dict)

    def range(self, start: int, stop: int) -> tuple[Value, ...] | None:
        """The values of `start..stop`, or None where one is missing."""
        if stop - start > len(self.items):
            return None
        keys = [(i,) for i in range(start, stop)]
        return tuple(self.items[k] for k in keys) if all(k in self.items for k in keys) else None


@frozen(eq=False)
class DefinitionValue:
    """A cell, net, block or stage, and the file that gives its names a meaning."""

    definition: ast.Definition
    scope: FileScope = field(repr=False)

    @property
    def name(self) -> str:
        """The name in its own file."""
        return self.definition.name

    @property
    def graph_name(self) -> str:
        """The name that graphs and choices carry: dotted where the file was imported."""
        return f"{self.scope.prefix}.{self.name}" if self.scope.prefix else self.name

    def owns(self, owner: str) -> bool:
        """Whether `owner` is this definition, perhaps with a tag (`archir.ir.module.owner_of`)."""
        return owner == self.graph_name or owner.startswith(f"{self.graph_name}.")


@frozen(eq=False)
class CandidatesValue:
    """A candidate set, perhaps with arguments already given."""

    candidates: ast.Candidates
    scope: FileScope = field(repr=False)
    arguments: tuple[tuple[str, Value], ...] = ()

    @property
    def name(self) -> str:
        """The name in its own file."""
        return self.candidates.name


@frozen
class PrimitiveValue:
    """A primitive, not yet called."""

    cls: type[Primitive]

    @property
    def name(self) -> str:
        """The primitive's name."""
        return self.cls.name


@frozen
class Tagged:
    """A definition with a tag: `cell@tag`."""

    definition: DefinitionValue
    tag: str

    @property
    def name(self) -> str:
        """The definition's name."""
        return self.definition.name


@frozen(eq=False)
class WidthOf:
    """`cell.width`: gives the channels of the cell's result at given numbers."""

    definition: DefinitionValue

    @property
    def name(self) -> str:
        """As it is written."""
        return f"{self.definition.name}.width"


@frozen
class Function:
    """A function of numbers: `max`, `min`, `round_to`, ..."""

    name: str


@frozen
class OptionSet:
    """`{3, 5}`: one candidate for each value."""

    values: tuple[Value, ...]


@frozen(eq=False)
class Namespace:
    """An imported file."""

    name: str
    scope: FileScope = field(repr=False)


Value: TypeAlias = Any
"""bool | int | float | str | tuple | range | one of the classes above (a recursive union that mypy cannot narrow)."""


def poisoned_or(values: tuple[Value, ...]) -> Value:
    """The tuple itself, or POISON if any of it is."""
    return POISON if any(v is POISON for v in values) else values


def kind_of(value: Value) -> str:
    """A value's kind in words, for messages."""
    match value:
        case bool():
            return "a truth value"
        case int():
            return f"the number {value}"
        case float():
            return f"the number {value:g}{'.0' if f'{value:g}'.lstrip('-').isdecimal() else ''}"
        case str():
            return f'the string "{value}"'
        case tuple():
            return f"a list of {len(value)} values"
        case range():
            return f"the range {value.start}..{value.stop}"
        case Tensor():
            return f"a {value.type}"
        case Family():
            return f"the indexed values `{value.name}[...]`"
        case DefinitionValue() | Tagged():
            definition = value.definition if isinstance(value, DefinitionValue) else value.definition.definition
            return f"the {definition.kind} `{definition.name}`"
        case CandidatesValue():
            return f"the candidates `{value.name}`"
        case PrimitiveValue():
            return f"the primitive `{value.name}`"
        case Function():
            return f"the function `{value.name}`"
        case Namespace():
            return f"the file `{value.name}`"
        case OptionSet():
            return "a set of options"
        case _:
            return f"`{getattr(value, 'text', value)}`"
