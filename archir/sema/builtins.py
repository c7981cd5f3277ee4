"""The names that every file knows."""

from __future__ import annotations

from archir.ops import PRIMITIVES
from archir.sema.functions import FUNCTIONS
from archir.sema.values import Function, PrimitiveValue, Value

BUILTINS: dict[str, Value] = {
    **{name: PrimitiveValue(cls) for name, cls in PRIMITIVES.items()},
    **{name: Function(name) for name in FUNCTIONS},
    "true": True,
    "false": False,
}
