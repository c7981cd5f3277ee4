"""What a row of the table says: how a primitive runs in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from torch import Tensor

from archir.ir.primitive import Types

Runner: TypeAlias = Callable[..., Tensor]
"""Takes the operands in order.

An `nn.Module` where the primitive owns weights, which carry the names that `Primitive.weights` gives.
"""

Row: TypeAlias = Callable[[Any, Types], Runner]
"""Builds what runs one operation from its primitive (attributes resolved) and its operands' types."""
