"""mask: candidates, edges and weights can be taken out one by one.

gate = p  -->  gate = p * step(edge_mask, 0.005) * step(mask, 0.005);  conv(%x)  -->  conv(%x, mask=(0.005, 0.01))
"""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, frozen, validators

from archir.diagnostics import fail
from archir.ir.gates import Apply, Gate, Number, Parameter, as_float32, multiplied, replaced
from archir.ir.graph import Choice, Graph, Node, Operation, WeightMask
from archir.ir.module import ArchitectureParameter, Form, GateOf, Module, choice_instances, shared_choices, weight_masks
from archir.ir.rewrite import rewritten
from archir.passes.base import Pass, Rewrite, Values, option
from archir.passes.rules import engine_gates, is_constant, is_masked


@frozen
class Mask(Pass):
    """The hierarchical masks of HM-NAS (Yan et al. 2019, section 3.3, Eq. 4), in a supernet that is trained.

    Each candidate of an edge, each edge and each number of a kernel is multiplied by the step of a mask that learns:
    1 where the mask reaches the threshold, else 0; the gradient passes the step unchanged. Each of the three levels
    can be left out. A choice of a single source has no masks on edges, since it cannot lose its only one, and what
    fills the inputs of a cell (`*choose`) has no masks, since it can lose nothing. Cells in transit run what their
    rule makes of the masked gate.

    `train(masks)` trains the masks on weights, `train(arch_masks)` those in gates; `derive{rule=mask}` keeps what
    they leave.
    """

    name: ClassVar[str] = "mask"
    summary: ClassVar[str] = "candidates, edges and weights can be masked out"
    takes: ClassVar[tuple[Form, ...]] = ("relaxed",)

    operations: bool = option(True, "a mask on each candidate of an edge")
    edges: bool = option(True, "a mask on each edge")
    weights: bool = option(True, "a mask on each number of the kernels of convolutions and linear layers")
    threshold: float = option(5e-3, "where a mask begins to be 1 (tau of Eq. 4)")
    init: float = option(1e-2, "where masks begin", validator=validators.ge(0.0))

    def __attrs_post_init__(self) -> None:
        if not (self.operations or self.edges or self.weights):
            raise ValueError("there is nothing to mask; leave one of operations, edges and weights on")
        if not as_float32(self.init) >= as_float32(self.threshold):
            raise ValueError(f"masks that begin at {self.init} would all be below the threshold {self.threshold}")

    def run(self, module: Module, values: Values | None) -> Rewrite:
        engines = engine_gates(module)
        choices = {key: c for key, c in shared_choices(module).items() if c.slots == 1}
        masks = {key: self._masks(key, choice) for key, choice in choices.items()}
        for key, own in masks.items():
            if own:
                _check(key, choices[key], engines[key])
        gates = {g.path: g.gate for g in module.gates}
        for instance in choice_instances(module.graph):
            if instance.key in masks:
                gates[instance.path] = self._gate(gates[instance.path], engines[instance.key], masks[instance.key])
        module = evolve(
            module,
            parameters=module.parameters + tuple(mask for own in masks.values() for mask in own),
            gates=tuple(GateOf(path, gate) for path, gate in gates.items()),
        )
        if self.weights:
            if any(True for _ in weight_masks(module.graph)):
                fail("NAS402", "the weights are masked already", help="run `mask` once, or with `weights=false`")
            graph, base = self._graph(module.graph), None if module.base is None else self._graph(module.base)
            module = evolve(module, graph=graph, base=base)
        return Rewrite(module)

    def _masks(self, key: str, choice: Choice) -> tuple[ArchitectureParameter, ...]:
        count = len(choice.edges)
        shapes: dict[str, tuple[int, int]] = {}
        if self.edges and count > 1:
            shapes[edge_mask_of(key)] = (count, 1)
        if self.operations:
            shapes[mask_of(key)] = (count, max(len(edge.candidates) for edge in choice.edges))
        return tuple(ArchitectureParameter(name, s, 0.0, self.init, "arch_masks") for name, s in shapes.items())

    def _gate(self, gate: Gate, engine: Gate, masks: tuple[ArchitectureParameter, ...]) -> Gate:
        """The gate of an instance; one in transit follows the masked engine."""
        base = engine if is_constant(gate) else gate
        steps = [Apply("step", (Parameter(mask.name), Number(self.threshold))) for mask in masks]
        return replaced(gate, base, multiplied([base, *steps]))

    def _graph(self, graph: Graph) -> Graph:
        return rewritten(graph, lambda g: self._nodes(g, WeightMask(self.threshold, self.init)))

    def _nodes(self, graph: Graph, mask: WeightMask) -> tuple[Node, ...]:
        types = graph.types()

        def node(n: Node) -> Node:
            if not isinstance(n, Operation):
                return n
            weights = n.primitive.weights(tuple(types[o] for o in n.operands))
            return evolve(n, mask=mask) if any(w.is_kernel for w in weights) else n

        return tuple(map(node, graph.nodes))


def mask_of(key: str) -> str:
    """The name of the masks on the candidates of a choice."""
    return f"arch.{key}.mask"


def edge_mask_of(key: str) -> str:
    """The name of the masks on the edges of a choice."""
    return f"arch.{key}.edge_mask"


def _check(key: str, choice: Choice, engine: Gate) -> None:
    if is_masked(engine):
        fail("NAS402", f"the gate of `{key}` is masked already", span=choice.span, help="run `mask` once")
    if is_constant(engine):
        help_ = "leave an engine: `transit{engines=first}`"
        fail("NAS402", f"no cell learns `{key}`, so masks cannot either", span=choice.span, help=help_)
