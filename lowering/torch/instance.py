"""Instances of graphs: modules that own the weights below a path, and run the plan of the moment."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any, Self, TypeAlias, cast

import torch
from attrs import field, frozen
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from archir.ir.graph import Graph
from archir.ir.module import join
from archir.lowering.torch.execute import Frame, Gates, Updates, execute
from archir.lowering.torch.flat import flatten
from archir.lowering.torch.options import Options
from archir.lowering.torch.plan import Activity, Plan, plan
from archir.lowering.torch.tree import Part, plant

Table: TypeAlias = dict[str, Tensor]
_PLANS = 256


class Plans:
    """The plans of one graph, for all its instances: derived from it when first wanted, the latest ones kept."""

    def __init__(self, graph: Graph, options: Options) -> None:
        self.graph, self.options = graph, options
        self.flat = {mode: flatten(graph, share=options.share, training=mode) for mode in (False, True)}
        self._known: OrderedDict[tuple[bool, tuple[Activity, ...]], Plan] = OrderedDict()

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self

    def at(self, activity: tuple[Activity, ...], *, training: bool) -> Plan:
        """The plan for what is active now."""
        key = training, activity
        if key not in self._known:
            self._known[key] = plan(self.flat[training], activity, self.options, training=training)
            if len(self._known) > _PLANS:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]


@frozen(eq=False)
class Lowering:
    """What all instances of a supernet share while it is made. `gates`: the number of each choice's gate by path."""

    options: Options
    gates: Mapping[str, int]
    _plans: dict[int, Plans] = field(factory=dict)

    def plans(self, graph: Graph) -> Plans:
        """The plans of a graph, made once."""
        if id(graph) not in self._plans:
            self._plans[id(graph)] = Plans(graph, self.options)  # which keeps the graph, and so its id
        return self._plans[id(graph)]


class Unit(Part):
    """Owns the weights of one instance of a graph, and runs it. It trains or evaluates as a whole."""

    def __init__(self, graph: Graph, path: str, lowering: Lowering) -> None:
        super().__init__()
        self._plans = lowering.plans(graph)
        self._choices = tuple(lowering.gates[join(path, m.path)] for _, m in self._plans.flat[True].mixtures)
        self._parts: dict[str, Instance] = {}

        def instance(part: Graph, name: str) -> Instance:
            return self._parts.setdefault(name, Instance(part, join(path, name), lowering))

        plant(self, graph, instance)
        self._tables: dict[str, tuple[Table, str]] = dict(_tables(self))

    def run(self, gates: Gates, *operands: Tensor) -> tuple[Tensor, Updates]:
        """The graph's output, and what becomes of running statistics; see `execute`."""
        values = [gates.values[choice] for choice in self._choices]
        activity = tuple(Activity(v.active, v.plain) for v in values)
        steps = self._plans.at(activity, training=self.training)
        frame = Frame(self._read, gates, self._choices, lambda name, *xs: self._parts[name](gates, *xs))
        if self._plans.options.checkpoint and self._plans.graph.kind == "cell" and torch.is_grad_enabled():
            result: tuple[Tensor, Updates] = checkpoint(execute, steps, operands, frame, use_reentrant=False)
            return result
        return execute(steps, operands, frame)

    def _read(self, path: str) -> Tensor:
        """A weight or buffer as it is now: a call with other tensors puts them into these tables."""
        table, name = self._tables[path]
        return table[name]


class Instance(Unit):
    """A cell, a stage or a block inside a net."""

    def forward(self, gates: Gates, *operands: Tensor) -> tuple[Tensor, Updates]:
        """The graph's output, and what becomes of running statistics."""
        return self.run(gates, *operands)

    def extra_repr(self) -> str:
        """The definition's name."""
        return self._plans.graph.name


def _tables(module: nn.Module, path: str = "") -> Iterator[tuple[str, tuple[Table, str]]]:
    """For each tensor below a module its path, and where it is read from. What stands in other instances is theirs."""
    for table in cast("tuple[Table, Table]", (module._parameters, module._buffers)):
        yield from ((join(path, name), (table, name)) for name, tensor in table.items() if tensor is not None)
    for name, child in module._modules.items():
        if child is not None and not isinstance(child, Instance):
            yield from _tables(child, join(path, name))
