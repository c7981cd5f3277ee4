"""What an ONNX graph is collected in while a network is lowered."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from attrs import Factory, define
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from archir.ir.types import TensorType
from archir.lowering.weights import Array

Attribute: TypeAlias = int | float | tuple[int, ...]
_Key: TypeAlias = tuple[str, tuple[str, ...], tuple[tuple[str, Attribute], ...]]

BATCH = "batch"
FLOAT = TensorProto.FLOAT


@define
class Builder:
    """Nodes, initializers and value types of one graph.

    With `share`, a node that repeats an earlier one (same operator, inputs and
    attributes) is not added; since weights are inputs, those must be the same too.
    """

    input: str
    share: bool = True
    nodes: list[NodeProto] = Factory(list)
    initializers: dict[str, TensorProto] = Factory(dict)
    values: dict[str, ValueInfoProto] = Factory(dict)
    _seen: dict[_Key, str] = Factory(dict)

    def emit(
        self,
        operator: str,
        inputs: tuple[str, ...],
        name: str,
        result: TensorType | None,
        **attributes: Attribute,
    ) -> str:
        """Adds a node with one result, which goes by the node's name; returns the name of the result.

        `result` is its type; None for what is no tensor of the network (a shape).
        """
        key = (operator, inputs, tuple(sorted(attributes.items())))
        if self.share and key in self._seen:
            return self._seen[key]
        self._seen[key] = name
        node = helper.make_node(operator, inputs, (name,), name=name)
        node.attribute.extend(helper.make_attribute(*item) for item in attributes.items())
        self.nodes.append(node)
        if result is not None:
            self.values[name] = value_info(name, result)
        return name

    def weight(self, path: str, value: Array) -> str:
        """Adds an initializer in single precision."""
        if path not in self.initializers:
            self.initializers[path] = numpy_helper.from_array(np.asarray(value, np.float32), path)
        return path

    def constant(self, label: str, value: Array) -> str:
        """Adds a constant that is shared by its label; the slash keeps it apart from all paths of the IR."""
        name = f"const/{label}"
        if name not in self.initializers:
            self.initializers[name] = numpy_helper.from_array(value, name)
        return name

    def scalar(self, value: float) -> str:
        """A constant number."""
        return self.constant(repr(value), np.array(value, np.float32))

    def integers(self, *values: int) -> str:
        """A constant vector of 64-bit integers, as shapes and slices are given."""
        return self.constant(f"int/{'_'.join(map(str, values))}", np.array(values, np.int64))


def value_info(name: str, value: TensorType) -> ValueInfoProto:
    """A float tensor with a batch dimension of any size."""
    return helper.make_tensor_value_info(name, FLOAT, (BATCH, *value.shape))
