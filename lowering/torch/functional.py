"""A module computed with other tensors in place of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from torch import Tensor, nn


def call_with(module: nn.Module, tensors: Mapping[str, Tensor], *inputs: Tensor) -> Tensor:
    """The module's output with `tensors` in place of its parameters and buffers of the same names.

    What `torch.func.functional_call` does, but for children of any name: that one finds
    modules as attributes, so it misses those called like a method (`half`, `type`).
    Writing to the tensors (batch-norm statistics) does not reach the module.
    Raises KeyError for a name that the module does not have.
    """
    with _swapped(module, tensors):
        return cast(Tensor, module(*inputs))


@contextmanager
def _swapped(module: nn.Module, tensors: Mapping[str, Tensor]) -> Iterator[None]:
    owners: dict[str, nn.Module] = {"": module}
    undo: list[tuple[dict[str, Tensor | None], str, Tensor | None]] = []
    try:
        for name, tensor in tensors.items():
            prefix, _, last = name.rpartition(".")
            owner = _find(prefix, owners)
            # Plain tensors may stand among the parameters: these dictionaries are where attributes are read from.
            table = cast("dict[str, Tensor | None]", owner._parameters if last in owner._parameters else owner._buffers)
            undo.append((table, last, table[last]))
            table[last] = tensor
        yield
    finally:
        for table, last, original in reversed(undo):
            table[last] = original


def _find(path: str, owners: dict[str, nn.Module]) -> nn.Module:
    if path not in owners:
        prefix, _, last = path.rpartition(".")
        found = _find(prefix, owners)._modules[last]
        assert found is not None
        owners[path] = found
    return owners[path]
