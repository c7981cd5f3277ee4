"""The primitive operations, each with its signature, shape rule and cost."""

from archir.ops.registry import PRIMITIVES, primitive_class

__all__ = ["PRIMITIVES", "primitive_class"]
