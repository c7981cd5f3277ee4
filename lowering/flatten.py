"""A network as one list of operations: calls inlined, values by their full paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NoReturn

from attrs import frozen

from archir.diagnostics import fail
from archir.ir.graph import Graph, Operation
from archir.ir.inlined import inlined
from archir.ir.module import Module, choice_instances, join
from archir.ir.primitive import Primitive, Types, Weight
from archir.ir.types import TensorType


@frozen
class Step:
    """One operation where it stands. `operands` are paths of steps, or names of the net's inputs."""

    path: str
    primitive: Primitive
    operands: tuple[str, ...]
    inputs: Types
    type: TensorType

    def weights(self) -> Iterator[tuple[str, Weight]]:
        """The tensors that this step owns, by path."""
        for weight in self.primitive.weights(self.inputs):
            yield join(self.path, weight.name), weight


@frozen
class Flat:
    """All steps of a network in order of computation, and the value that it returns."""

    steps: tuple[Step, ...]
    output: str


def flatten(module: Module) -> Flat:
    """The steps of a network. A graph without nodes (an identity) leaves nothing behind.

    Raises:
        ArchirError: NAS601 if the module is not a network.
    """
    if module.form != "network":
        _refuse(module, f"is a module of form `{module.form}`")
    for instance in choice_instances(module.graph):
        _refuse(module, f"still has the choice `{instance.path}`")
    return steps_of(inlined(module.graph))


def steps_of(graph: Graph) -> Flat:
    """The steps of a graph that calls no other."""
    types = graph.types()
    steps: list[Step] = []
    for node in graph.nodes:
        assert isinstance(node, Operation), "the graph is inlined"
        inputs = tuple(types[name] for name in node.operands)
        steps.append(Step(node.name, node.primitive, node.operands, inputs, node.type))
    return Flat(tuple(steps), graph.output)


def weights_of(steps: Iterable[Step]) -> dict[str, Weight]:
    """Every weight by its path, in the order in which networks store them."""
    return {path: weight for step in steps for path, weight in step.weights()}


def _refuse(module: Module, what: str) -> NoReturn:
    fail(
        "NAS601",
        f"`{module.name}` {what}; only a network can be exported",
        help="choose first: `derive` after a search, or `fix` with a point of the space",
    )
