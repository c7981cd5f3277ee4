"""The whole module: a supernet with its architecture parameters, or a plain network."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from archir.analysis.axes import axes_by_name
from archir.diagnostics import fail
from archir.ir.module import PARAMETER_KINDS, Module, Period, choice_instances
from archir.lowering.torch.execute import Gates
from archir.lowering.torch.gates import ChoiceGate, gate_program, numbered
from archir.lowering.torch.instance import Lowering, Unit
from archir.lowering.torch.masks import is_mask
from archir.lowering.torch.noise import DRAWN
from archir.lowering.torch.norm import follow
from archir.lowering.torch.options import Options
from archir.lowering.torch.tree import container


class Supernet(Unit):
    """A relaxed module or a network that runs and trains.

    The names in `state_dict()` are the paths of the IR. Everything that a forward
    needs is a parameter, a buffer or an argument, so `torch.func.functional_call`,
    `copy.deepcopy` and data-parallel replicas work as they do for any module.
    (`functional_call` cannot reach the weights of a node that is called like one of
    `nn.Module`'s own attributes; `call_with` can.)
    """

    def __init__(self, module: Module, options: Options) -> None:
        _check_gated(module)
        axes = axes_by_name(module) if module.gates else {}
        distinct, places = numbered({g.path: ChoiceGate(g.gate, axes[g.path]) for g in module.gates})
        super().__init__(module.graph, "", Lowering(options, places))
        self._ir = module
        leaves = [p.name for p in module.parameters]
        leaves += [*(c.name for c in module.clocks), *(n.name for n in module.noises)]
        objectives = [o.value for o in module.objectives]
        self._gates = gate_program(distinct, leaves, objectives, places, module.values, axes=axes)
        for parameter in module.parameters:
            owner, last = self._owner(parameter.name)
            start = torch.tensor(parameter.start) + parameter.deviation * torch.randn(parameter.shape)
            owner.register_parameter(last, nn.Parameter(start))
        for clock in module.clocks:
            owner, last = self._owner(clock.name)
            owner.register_buffer(last, torch.full((), -1.0))  # none has begun
        for noise in module.noises:
            owner, last = self._owner(noise.name)
            owner.register_buffer(last, torch.zeros(noise.shape), persistent=False)  # drawn before anything reads it
        self._leaves = tuple(map(self._owner, leaves))

    def _owner(self, name: str) -> tuple[nn.Module, str]:
        *prefix, last = name.split(".")
        return container(self, prefix), last

    @property
    def module(self) -> Module:
        """The IR that this was made from."""
        return self._ir

    @property
    def options(self) -> Options:
        """How it was lowered."""
        return self._plans.options

    def forward(self, *inputs: Tensor) -> Tensor:
        """The net's output, for example `[N, classes]` from images `[N, C, H, W]`."""
        if self.options.channels_last:
            inputs = tuple(x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x for x in inputs)
        output, updates = self.run(Gates(self._gates.run(self._leaf_values())), *inputs)
        follow(updates)
        return output

    def _leaf_values(self) -> Iterator[Tensor]:
        """Of everything that gates read, in order: clocks that have not begun are 0, noise is 0 outside training."""
        parameters, clocks = len(self._ir.parameters), len(self._ir.clocks)
        for place, (owner, name) in enumerate(self._leaves):
            value = getattr(owner, name)
            if place < parameters:
                yield value
            elif place < parameters + clocks:
                yield value.clamp(min=0)
            else:
                yield value if self.training else torch.zeros_like(value)

    def objectives(self) -> dict[str, Tensor]:
        """The value of each objective, a number that the architecture parameters have gradients of."""
        values = self._gates.objective_values(self._leaf_values())
        return {o.name: value for o, value in zip(self._ir.objectives, values, strict=True)}

    def tick(self, unit: Period) -> None:
        """Says that an epoch, or a step, of training begins: moves the clocks that count it.

        At a step, noise is drawn from torch's random state: all that is computed until the next reads the same.
        """
        first = len(self._ir.parameters)
        for clock, (owner, name) in zip(self._ir.clocks, self._leaves[first:], strict=False):
            if clock.unit == unit:
                getattr(owner, name).add_(1)
        first += len(self._ir.clocks)
        for noise, (owner, name) in zip(self._ir.noises, self._leaves[first:], strict=True):
            if unit == "step":
                getattr(owner, name).copy_(DRAWN[noise.distribution](noise.shape))

    def architecture(self) -> dict[str, nn.Parameter]:
        """The architecture parameters by their names in the IR, in its order."""
        parameters = dict(self.named_parameters())
        return {p.name: parameters[p.name] for p in self._ir.parameters}

    def clocks(self) -> dict[str, Tensor]:
        """What counts epochs and steps, by its name in the IR; numbers without axes."""
        buffers = dict(self.named_buffers()) if self._ir.clocks else {}
        return {clock.name: buffers[clock.name] for clock in self._ir.clocks}

    def weights(self) -> dict[str, nn.Parameter]:
        """The weights by their paths, in the order of `state_dict()`: what is neither for gates nor a mask."""
        return self.trainables()["weights"]

    def trainables(self) -> dict[str, dict[str, nn.Parameter]]:
        """All parameters by their names, by what a training phase calls them.

        These are `weights`, `masks` (on weights), and the kinds of architecture parameters. A kind of which there
        are none is missing, except `weights`.
        """
        kinds = {p.name: p.kind for p in self._ir.parameters}
        found: dict[str, dict[str, nn.Parameter]] = {"weights": {}}
        for name, parameter in self.named_parameters():
            kind = kinds.get(name) or ("masks" if is_mask(name) else "weights")
            found.setdefault(kind, {})[name] = parameter
        for kind in PARAMETER_KINDS:  # in the order of the IR
            if kind in found:
                found[kind] = {name: found[kind][name] for name in kinds if name in found[kind]}
        return found


def to_torch(module: Module, options: Options | None = None) -> Supernet:
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
    return Supernet(module, options or Options())


def _check_gated(module: Module) -> None:
    gated = {g.path for g in module.gates}
    for instance in choice_instances(module.graph):
        if instance.path not in gated:
            message = f"choice `{instance.path}` has no gate"
            fail("NAS405", message, span=instance.choice.span, help="run the pass `relax` first")
