"""The tree of modules that owns the weights: it mirrors the IR's paths, so `state_dict()` has the IR's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from torch import nn

from archir.ir.graph import Call, Candidate, Choice, Graph, Operation
from archir.ir.module import chooses, join
from archir.lowering.torch.masks import own_masks
from archir.lowering.torch.rows import ROWS


class Part(nn.Module):
    """A module whose children may have any name, also those that `nn.Module` uses itself."""

    def train(self, mode: bool = True) -> Self:
        """As `nn.Module.train`, which cannot set its flag where a child is called `training`."""
        self.__dict__["training"] = mode
        for child in self.children():
            child.train(mode)
        return self


class Names(Part):
    """A dotted prefix: owns what stands below it and computes nothing."""


def is_unit(graph: Graph) -> bool:
    """Whether instances of a graph are run as a whole: cells, stages, nets, and blocks that hold choices."""
    return graph.kind != "block" or chooses(graph)


def candidate_path(choice: Choice, edge: int, candidate: Candidate) -> str:
    """Where the weights of a candidate live, below the graph that the choice stands in: its own place, or a home."""
    home = choice.edges[edge].home
    return join(choice.name, f"{edge}.{candidate.name}") if home is None else join(home, candidate.name)


def plant(owner: nn.Module, graph: Graph, instance: Callable[[Graph, str], nn.Module], path: str = "") -> None:
    """Puts what owns the weights of a graph below `owner`, in order of computation.

    instance: makes what owns those of a cell or a stage, from its graph and its path.
    """
    types = graph.types()
    for node in graph.nodes:
        if isinstance(node, Operation):
            own, inputs = ROWS[type(node.primitive)].own, tuple(types[o] for o in node.operands)
            if own is not None:
                owned = own(node.primitive, inputs)
                if node.mask is not None:
                    own_masks(owned, node.primitive, inputs, node.mask)
                attach(owner, join(path, node.name), owned)
        elif isinstance(node, Call):
            here = join(path, node.name)
            if is_unit(node.graph):
                attach(owner, here, instance(node.graph, here))
            else:
                plant(owner, node.graph, instance, here)
        else:
            for e, edge in enumerate(node.edges):
                for _, candidate in edge.alternatives:  # what is not active owns nothing
                    here = join(path, candidate_path(node, e, candidate))
                    if edge.home is None or not stands(owner, here):
                        plant(owner, candidate.graph, instance, here)


def attach(owner: nn.Module, name: str, child: nn.Module) -> None:
    """Registers a child below a dotted name, unless something stands there already.

    Written into `_modules` itself, since `add_module` refuses names that
    `nn.Module` uses (a node may well be called `type` or `half`).
    """
    *prefix, last = name.split(".")
    container(owner, prefix)._modules.setdefault(last, child)


def stands(owner: nn.Module, name: str) -> bool:
    """Whether there is a module below a dotted name."""
    here: nn.Module | None = owner
    for part in name.split("."):
        here = None if here is None else here._modules.get(part)
    return here is not None


def container(owner: nn.Module, names: list[str]) -> nn.Module:
    """The module below `owner` at a list of names; makes what is missing."""
    for name in names:
        below = owner._modules.get(name)
        if below is None:
            below = owner._modules[name] = Names()
        owner = below
    return owner
