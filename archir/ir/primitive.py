"""What every primitive operation says about itself.

A primitive is a frozen attrs class: its fields are the attributes a user may
write, its methods the shape rule, the weights and the cost. The classes live in
`archir.ops`; an operation in the IR holds an instance, so the IR can check and
count itself without knowing which primitives exist.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import prod
from typing import ClassVar, Literal, Self, TypeAlias

from attrs import fields, frozen

from archir.ir.types import TensorType

AttributeValue: TypeAlias = bool | int | float | tuple[int, ...]
Types: TypeAlias = tuple[TensorType, ...]

MASK = "_mask"
"""What the names of masks on weights end with, and those of no other tensor of an operation."""


class ShapeError(ValueError):
    """The operands of a primitive do not fit it; the text says why."""


@frozen
class Weight:
    """One tensor that an operation owns.

    Buffers (running statistics) are stored with the network but are no parameters.
    """

    name: str
    shape: tuple[int, ...]
    kind: Literal["parameter", "buffer"] = "parameter"

    @property
    def elements(self) -> int:
        """Numbers in the tensor."""
        return prod(self.shape)

    @property
    def is_kernel(self) -> bool:
        """Whether it connects channels: what weight masks are for. Scales, shifts and biases have one axis."""
        return self.kind == "parameter" and len(self.shape) > 1

    @property
    def mask_name(self) -> str:
        """What the mask of this tensor is called, beside it."""
        return f"{self.name}{MASK}"


@frozen
class Primitive(ABC):
    """One operation with all its attributes given."""

    name: ClassVar[str]
    summary: ClassVar[str]
    arity: ClassVar[int | None] = 1
    """Number of tensor operands; None for one or more."""

    @abstractmethod
    def infer(self, inputs: Types) -> TensorType:
        """The type of the result; raises `ShapeError` if the operands do not fit."""

    def resolve(self, inputs: Types) -> Self:
        """The same primitive with attributes that default to an operand's size filled in."""
        return self

    def weights(self, inputs: Types) -> tuple[Weight, ...]:
        """The tensors that this operation owns, in the order in which they are stored."""
        return ()

    def macs(self, inputs: Types) -> int:
        """Multiply-adds of one evaluation on a batch of one (convolutions and linear layers)."""
        return 0

    def attributes(self) -> tuple[tuple[str, AttributeValue], ...]:
        """The attributes that differ from their defaults, in declaration order."""
        return tuple((f.name, getattr(self, f.name)) for f in fields(type(self)) if getattr(self, f.name) != f.default)

    def parameters(self, inputs: Types) -> int:
        """Number of trainable numbers that this operation owns."""
        return sum(w.elements for w in self.weights(inputs) if w.kind == "parameter")
