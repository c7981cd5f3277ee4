"""relax: every choice becomes the weighted sum of its candidates.

x[2] = choose ops from x[0..2]  -->  x[2] = sum over edges e and candidates k of gate[e, k] * k(x[e])
with gate = softmax(alpha), or softmax(alpha) * edge_softmax(beta), or a sample of an operation for each edge
"""

from __future__ import annotations

from typing import ClassVar, Literal

from attrs import evolve, frozen, validators

from archir.ir.gates import Apply, Gate, Number, Parameter
from archir.ir.graph import Choice, Graph, Node, Operation
from archir.ir.module import (
    ArchitectureParameter,
    Clock,
    Form,
    GateOf,
    Module,
    Noise,
    choice_instances,
    shared_choices,
)
from archir.ir.rewrite import with_callees
from archir.ir.sampling import Sampling, sampled
from archir.ops.norm import BatchNorm
from archir.passes.base import Pass, Rewrite, Values, option
from archir.passes.weights import Fresh


@frozen
class Relax(Pass):
    """One softmax over the operations of each edge (DARTS, Liu et al. 2019, Eq. 2).

    With `levels=2` the edges have a softmax of their own, and a coefficient is the product of the two (HM-NAS,
    Yan et al. 2019, Eqs. 1 and 2); a choice with a single edge (and so one of windows) has nothing to weigh there.

    Instances of a choice share their architecture parameters. With `affine=false`, as in DARTS, batch norms
    inside cells have no scale and shift until the network is derived. The softmax is over alpha divided by the
    temperature, which is multiplied by `anneal` after each epoch or step (EnTranNAS, Yang et al. 2021, Eq. 5); beta
    is divided by nothing.

    gate: `gumbel_softmax` adds Gumbel noise, drawn in each step for each choice, to log p (SNAS, Xie et al. 2019);
    all candidates run. `gumbel_max` runs the one of the largest sum, with the coefficient 1; its gradient is that of
    `gumbel_softmax`, at the operation that ran alone (GDAS, Dong and Yang 2019; HourNAS, Yang et al. 2021). p is
    softmax(alpha). The temperature then divides the noisy sum and changes nothing of what `gumbel_max` draws, or, with
    `tempers=probabilities`, it divides alpha, so that draws gather as it falls (HourNAS, section 4.1).
    """

    name: ClassVar[str] = "relax"
    summary: ClassVar[str] = "choices become sums weighted by architecture parameters"
    takes: ClassVar[tuple[Form, ...]] = ("space",)
    gives: ClassVar[Form | None] = "relaxed"

    levels: Literal[1, 2] = option(1, "1: weights of operations; 2: and weights of edges")
    gate: Sampling = option(
        "softmax", "coefficients are probabilities; relaxed samples; one operation an edge, sampled"
    )
    tempers: Literal["samples", "probabilities"] = option("samples", "what the temperature sharpens where gates sample")
    affine: bool = option(False, "batch norms inside cells have scale and shift while searching, too")
    deviation: float = option(1e-3, "deviation of the random start", validator=validators.ge(0.0))
    temperature: float = option(
        1.0, "what is divided by it at the start: alpha, or the noisy logarithms", validator=validators.gt(0.0)
    )
    anneal: float = option(
        1.0, "what the temperature is multiplied by", validator=[validators.gt(0.0), validators.le(1.0)]
    )
    each: Literal["epoch", "step"] = option("epoch", "how often it is multiplied")

    def run(self, module: Module, values: Values | None) -> Rewrite:
        choices = shared_choices(module)
        shapes = {alpha_of(key): _shape(choice) for key, choice in choices.items()}
        shapes |= {beta_of(key): (len(choice.edges), 1) for key, choice in choices.items() if self._weighs(choice)}
        parameters = tuple(ArchitectureParameter(name, shape, self.deviation) for name, shape in shapes.items())
        gates = tuple(GateOf(i.path, self._gate(i.key, i.choice)) for i in choice_instances(module.graph))
        clock = Clock(f"arch.{self.each}s", self.each)
        graph = module.graph if self.affine else deferred_norms(module.graph)
        relaxed = evolve(
            module, form="relaxed", graph=graph, parameters=parameters, gates=gates,
            clocks=(clock,) if self.anneal != 1.0 and choices else (),
            noises=() if self.gate == "softmax" else tuple(Noise(noise_of(k), _shape(c)) for k, c in choices.items()),
        )  # fmt: skip
        leaves = [*(p.name for p in relaxed.parameters), *(c.name for c in relaxed.clocks)]
        return Rewrite(relaxed, {name: Fresh() for name in leaves})  # also where a search before this had them

    def _weighs(self, choice: Choice) -> bool:
        """Whether the edges of a choice have weights: not where there is one, whose softmax is 1 for ever."""
        return self.levels == 2 and len(choice.edges) > 1

    def _gate(self, key: str, choice: Choice) -> Gate:
        operations = self._operations(key)
        if not self._weighs(choice):
            return operations
        return Apply("*", (operations, Apply("edge_softmax", (Parameter(beta_of(key)),))))

    def _operations(self, key: str) -> Gate:
        alpha, now = Parameter(alpha_of(key)), self._temperature()
        tempered = alpha if now == Number(1.0) else Apply("/", (alpha, now))
        if self.gate != "softmax" and self.tempers == "samples":
            return sampled(self.gate, Apply("softmax", (alpha,)), noise_of(key), now)
        return sampled(self.gate, Apply("softmax", (tempered,)), noise_of(key))

    def _temperature(self) -> Gate:
        if self.anneal == 1.0:
            return Number(self.temperature)
        return Apply("exponential", (Parameter(f"arch.{self.each}s"), Number(self.temperature), Number(self.anneal)))


def alpha_of(key: str) -> str:
    """The name of the architecture parameter over the operations of a choice."""
    return f"arch.{key}.alpha"


def beta_of(key: str) -> str:
    """The name of the architecture parameter over the edges of a choice."""
    return f"arch.{key}.beta"


def noise_of(key: str) -> str:
    """The name of the noise of a choice that is sampled."""
    return f"arch.{key}.noise"


def _shape(choice: Choice) -> tuple[int, int]:
    return len(choice.edges), max(len(edge.candidates) for edge in choice.edges)


def deferred_norms(graph: Graph) -> Graph:
    """The graph with the batch norms inside its cells without scale and shift until derived."""
    memo: dict[tuple[int, bool], Graph] = {}

    def change(g: Graph, inside: bool) -> Graph:
        inside = inside or g.kind == "cell"
        if (id(g), inside) not in memo:
            nodes = tuple(_deferred(with_callees(n, lambda c, _: change(c, inside)), inside) for n in g.nodes)
            same = all(new is old for new, old in zip(nodes, g.nodes, strict=True))
            memo[id(g), inside] = g if same else evolve(g, nodes=nodes)
        return memo[id(g), inside]

    return change(graph, False)


def _deferred(node: Node, inside: bool) -> Node:
    if inside and isinstance(node, Operation) and isinstance(node.primitive, BatchNorm) and node.primitive.affine:
        return evolve(node, primitive=evolve(node.primitive, deferred=True))
    return node
