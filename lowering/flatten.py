"""A network as one list of operations: calls inlined, values by their full paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NoReturn

from attrs import frozen

from archir.diagnostics import fail
from archir.ir.graph import Choice, Graph, Operation
from archir.ir.module import Module, join
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
    steps: list[Step] = []
    output = _inline(module, module.graph, "", tuple(v.name for v in module.graph.inputs), steps)
    return Flat(tuple(steps), output)


def weights_of(steps: Iterable[Step]) -> dict[str, Weight]:
    """Every weight by its path, in the order in which networks store them."""
    return {path: weight for step in steps for path, weight in step.weights()}


def _inline(module: Module, graph: Graph, path: str, arguments: tuple[str, ...], steps: list[Step]) -> str:
    """Appends the steps of one instance of `graph`; returns the path of its result."""
    paths = {value.name: argument for value, argument in zip(graph.inputs, arguments, strict=True)}
    types = graph.types()
    for node in graph.nodes:
        if isinstance(node, Choice):
            _refuse(module, f"still has the choice `{join(path, node.name)}`")
        here = join(path, node.name)
        operands = tuple(paths[name] for name in node.operands)
        if isinstance(node, Operation):
            inputs = tuple(types[name] for name in node.operands)
            steps.append(Step(here, node.primitive, operands, inputs, node.type))
            paths[node.name] = here
        else:
            paths[node.name] = _inline(module, node.graph, here, operands, steps)
    return paths[graph.output]


def _refuse(module: Module, what: str) -> NoReturn:
    fail(
        "NAS601",
        f"`{module.name}` {what}; only a network can be exported",
        help="choose first: `derive` after a search, or `fix` with a point of the space",
    )
