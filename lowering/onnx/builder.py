"""What an ONNX graph is written through while a network is lowered."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from attrs import Factory, define
from onnx import AttributeProto, GraphProto, TensorProto, ValueInfoProto, helper, numpy_helper

from archir.ir.types import TensorType
from archir.lowering.weights import Array

Attribute: TypeAlias = int | float | tuple[int, ...]

BATCH = "batch"
FLOAT = TensorProto.FLOAT


@define
class Builder:
    """Writes into `graph`, in place: the functions of `onnx.helper` copy all weights at every level."""

    graph: GraphProto
    input: str
    values: dict[str, TensorType] = Factory(dict)
    """The types of all values that are tensors of the network."""
    _stored: set[str] = Factory(set)
    _shapes: set[str] = Factory(set)

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
        node = self.graph.node.add(op_type=operator, input=inputs, output=(name,), name=name)
        for key, value in attributes.items():
            _set(node.attribute.add(name=key), value)
        if result is not None:
            self.values[name] = result
        return name

    def weight(self, path: str, value: Array) -> str:
        """Adds an initializer in single precision."""
        return self._store(path, np.asarray(value, np.float32))

    def constant(self, label: str, value: Array) -> str:
        """Adds a constant that is shared by its label; the slash keeps it apart from all paths of the IR."""
        return self._store(f"const/{label}", value)

    def _store(self, name: str, value: Array) -> str:
        if name not in self._stored:
            self._stored.add(name)
            self.graph.initializer.add().CopyFrom(numpy_helper.from_array(value, name))
        return name

    def scalar(self, value: float) -> str:
        """A constant number."""
        return self.constant(repr(value), np.array(value, np.float32))

    def integers(self, *values: int) -> str:
        """A constant vector of 64-bit integers, as shapes and slices are given."""
        return self.constant(f"int/{'_'.join(map(str, values))}", np.array(values, np.int64))

    def shape(self, value: TensorType) -> str:
        """The shape of a value of this type at the batch size of the net's input; one node for each type."""
        name = f"shape/{'_'.join(map(str, value.shape))}"
        if "shape/batch" not in self._shapes:
            self._shapes.add(self.emit("Shape", (self.input,), "shape/batch", None, start=0, end=1))
        if name not in self._shapes:
            self._shapes.add(self.emit("Concat", ("shape/batch", self.integers(*value.shape)), name, None, axis=0))
        return name


def _set(attribute: AttributeProto, value: Attribute) -> None:
    """Writes a number or numbers; `onnx.helper.make_attribute` does so for all kinds, and takes seven times as long."""
    if isinstance(value, int):
        attribute.type, attribute.i = AttributeProto.INT, value
    elif isinstance(value, float):
        attribute.type, attribute.f = AttributeProto.FLOAT, value
    else:
        attribute.type = AttributeProto.INTS
        attribute.ints.extend(value)


def value_info(name: str, value: TensorType) -> ValueInfoProto:
    """A float tensor with a batch dimension of any size."""
    return helper.make_tensor_value_info(name, FLOAT, (BATCH, *value.shape))
