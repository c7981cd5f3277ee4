"""A space of one choice, and passes of all kinds for tests of what runs passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

import numpy as np
import pytest
from attrs import evolve, field, frozen, validators

from archir.diagnostics import ArchirError
from archir.ir.gates import Apply, Parameter
from archir.ir.graph import Candidate, Choice, Edge, Graph, Keep, Operation, Value
from archir.ir.module import ArchitectureParameter, Form, GateOf, Module
from archir.ir.types import TensorType
from archir.ops.pointwise import Relu, Sigmoid
from archir.passes import Pass, Registry, Rewrite, Step, Values, option, run_pipeline

T = TensorType((4, 8, 8))


def net(*nodes, output: str = "y") -> Graph:
    return Graph("tiny", "net", (Value("image", T),), nodes, output, T)


def activation(name: str, cls: type, source: str = "image") -> Operation:
    return Operation(name, cls(), (source,), T)


skip = Graph("skip", "block", (Value("x", T),), (), "x", T)
relu = Graph("relu", "block", (Value("x", T),), (activation("relu", Relu, "x"),), "relu", T)
CHOICE = Choice("y", (Edge("image", (Candidate("skip", skip), Candidate("relu", relu))),), Keep(None), T)
SPACE = Module("tiny", "space", net(CHOICE))
NETWORK = Module("tiny", "network", net(activation("y", Relu)))


@frozen
class Loosen(Pass):
    """Puts a gate on every choice.

    More about it.
    """

    name: ClassVar[str] = "loosen"
    summary: ClassVar[str] = "choices get gates"
    takes: ClassVar[tuple[Form, ...]] = ("space",)
    gives: ClassVar[Form | None] = "relaxed"
    deviation: float = option(1e-3, "noise at the start", validator=validators.ge(0))
    gate: Literal["softmax", "hardmax"] = option("softmax", "what is put on a choice")

    def run(self, module: Module, values: Values | None) -> Rewrite:
        parameter = ArchitectureParameter("arch.tiny.y.alpha", (1, 2), self.deviation)
        gate = GateOf("y", Apply(self.gate, (Parameter(parameter.name),)))
        return Rewrite(evolve(module, form="relaxed", parameters=(parameter,), gates=(gate,)))


@frozen
class Tighten(Pass):
    """Keeps the relu where its value is larger."""

    name: ClassVar[str] = "tighten"
    summary: ClassVar[str] = "the larger value stays"
    takes: ClassVar[tuple[Form, ...]] = ("relaxed",)
    gives: ClassVar[Form | None] = "network"
    needs_values: ClassVar[bool] = True

    def run(self, module: Module, values: Values | None) -> Rewrite:
        assert values is not None
        kept = Relu if values["arch.tiny.y.alpha"].argmax() else Sigmoid
        graph = net(activation("y", kept))
        return Rewrite(Module(module.name, "network", graph), {"y.relu": "y.0.relu.relu"})


@frozen
class Rename(Pass):
    """Calls the node `y` by another name, and shows every type of option."""

    name: ClassVar[str] = "rename"
    summary: ClassVar[str] = "a node is renamed"
    takes: ClassVar[tuple[Form, ...]] = ("space", "network")
    to: str
    sizes: tuple[int, ...] = ()
    pair: tuple[float, float] = (0.5, 1.0)
    limit: int | None = 3
    flag: bool = False
    words: tuple[str, ...] = field(factory=tuple)

    def run(self, module: Module, values: Values | None) -> Rewrite:
        nodes = tuple(evolve(node, name=self.to) for node in module.graph.nodes)
        return Rewrite(evolve(module, graph=net(*nodes, output=self.to)), {self.to: module.graph.output})


@frozen
class Break(Rename):
    """Returns a value that is not there."""

    name: ClassVar[str] = "break"
    to: str = "z"

    def run(self, module: Module, values: Values | None) -> Rewrite:
        return Rewrite(evolve(module, graph=net(*module.graph.nodes, output=self.to)))


@frozen
class Lie(Rename):
    """Promises a network and gives a space."""

    name: ClassVar[str] = "lie"
    gives: ClassVar[Form | None] = "network"
    to: str = "z"

    def run(self, module: Module, values: Values | None) -> Rewrite:
        return Rewrite(module)


REGISTRY = Registry().with_passes(Loosen, Tighten, Rename, Break, Lie)
VALUES = {"arch.tiny.y.alpha": np.array([[0.0, 1.0]])}


def run(
    module: Module, text: str, values: Values | None = None, observer: Callable[[Step], None] | None = None
) -> Rewrite:
    return run_pipeline(module, text, values, observer=observer, registry=REGISTRY)


def faults(text: str, module: Module = SPACE, values: Values | None = None) -> list[str]:
    with pytest.raises(ArchirError) as caught:
        run(module, text, values)
    assert all(d.help for d in caught.value.diagnostics)
    return [f"{d.code} {d.message}" for d in caught.value.diagnostics]
