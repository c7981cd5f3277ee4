"""Weights for a network from another one that computes the same under other names.

A network that was printed and read back names its parts by its own text. Both list their
operations in the same order, so they are compared one by one.
"""

from __future__ import annotations

from collections.abc import Mapping

from archir.diagnostics import fail
from archir.ir.module import Module
from archir.lowering.flatten import Step, flatten

_HELP = "inherit from the run that found this network, at the same channels, cells and input size"


def matching_weights(network: Module, trained: Module) -> dict[str, str]:
    """For each operation of `network` with weights, the path of the same operation of `trained`.

    Raises `ArchirError` NAS602 at the first operation that differs.
    """
    mine, theirs = flatten(network).steps, flatten(trained).steps
    place = {v.name: -1 - i for i, v in enumerate(network.graph.inputs)}
    other = {v.name: -1 - i for i, v in enumerate(trained.graph.inputs)}
    weights: dict[str, str] = {}
    for number, (here, there) in enumerate(zip(mine, theirs, strict=False)):
        if _shape(here, place) != _shape(there, other):
            mine_, theirs_ = _words(here), _words(there)
            fail("NAS602", f"`{here.path}` is {mine_}, and the trained network has {theirs_} there", help=_HELP)
        place[here.path] = other[there.path] = number
        if any(True for _ in here.weights()):
            weights[here.path] = there.path
    if len(mine) != len(theirs):
        fail("NAS602", f"the network has {len(mine)} operations, the trained one {len(theirs)}", help=_HELP)
    return weights


def _words(step: Step) -> str:
    attributes = ", ".join(f"{name}={value}" for name, value in step.primitive.attributes())
    return f"`{step.primitive.name}({attributes})` of {' and '.join(map(str, step.inputs))}"


def _shape(step: Step, place: Mapping[str, int]) -> tuple[object, ...]:
    return step.primitive, step.inputs, tuple(place[o] for o in step.operands)
