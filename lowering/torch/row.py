"""What a row of the table says: how a primitive runs in PyTorch, and what owns its weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from torch import Tensor, nn

from archir.ir.primitive import Types

Runner: TypeAlias = Callable[..., Tensor]
"""Takes the operands in order, then the weights in the order of `Primitive.weights`."""


class Row(NamedTuple):
    """One primitive; its attributes are resolved.

    run: builds what computes it, for the operands' types, while training or not. None: the plan has a step of its
        own for it (batch normalisation, which also gives statistics).
    own: builds the module that owns its weights, with PyTorch's default initialisation.
    """

    run: Callable[[Any, Types, bool], Runner] | None
    own: Callable[[Any, Types], nn.Module] | None = None


def always(function: Runner) -> Row:
    """The row of a primitive without attributes and weights."""
    return Row(lambda _p, _inputs, _training: function)
