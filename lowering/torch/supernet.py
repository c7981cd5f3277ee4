"""The whole module: a supernet with its architecture parameters, or a plain network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from archir.diagnostics import fail
from archir.ir.module import Module
from archir.lowering.torch.gates import gate_program, numbered
from archir.lowering.torch.graph import Part, assemble, container


class Supernet(Part):
    """A relaxed module or a network that runs and trains.

    The names in `state_dict()` are the paths of the IR. Everything that a forward
    needs is a parameter, a buffer or an argument, so `torch.func.functional_call`,
    `copy.deepcopy` and data-parallel replicas work as they do for any module.
    (`functional_call` cannot reach the weights of a node that is called like one of
    `nn.Module`'s own attributes; `call_with` can.)
    """

    def __init__(self, module: Module) -> None:
        super().__init__()
        distinct, places = numbered({g.path: g.gate for g in module.gates})
        self._ir = module
        self._program = assemble(self, module.graph, "", places)
        self._gates = gate_program(distinct, (p.name for p in module.parameters))
        owners = []
        for parameter in module.parameters:
            *prefix, last = parameter.name.split(".")
            owner = container(self, prefix)
            owner.register_parameter(last, nn.Parameter(parameter.deviation * torch.randn(parameter.shape)))
            owners.append((owner, last))
        self._owners = tuple(owners)

    @property
    def module(self) -> Module:
        """The IR that this was made from."""
        return self._ir

    def forward(self, *inputs: Tensor) -> Tensor:
        """The net's output, for example `[N, classes]` from images `[N, C, H, W]`."""
        gates = self._gates.run(getattr(owner, name) for owner, name in self._owners)
        return self._program.run(gates, inputs)

    def architecture(self) -> dict[str, nn.Parameter]:
        """The architecture parameters by their names in the IR, in its order."""
        parameters = dict(self.named_parameters())
        return {p.name: parameters[p.name] for p in self._ir.parameters}

    def weights(self) -> dict[str, nn.Parameter]:
        """All other parameters by their paths, in the order of `state_dict()`."""
        names = {p.name for p in self._ir.parameters}
        return {name: p for name, p in self.named_parameters() if name not in names}


def to_torch(module: Module) -> Supernet:
    """A relaxed module or a network as an `nn.Module`, with PyTorch's default initialisation.

    Modules are made in the order of computation, so a seed gives the same weights.
    Raises `ArchirError` for a space.
    """
    if module.form == "space":
        fail(
            "NAS604",
            f"`{module.name}` is a space: its choices have no gates, so it cannot run",
            help="make a supernet of it with `relax`, or a network with `fix` or `derive`",
        )
    return Supernet(module)
