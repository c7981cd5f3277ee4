"""A graph as a list of prepared steps, and the modules that run it.

Names are resolved to slots while building; running a graph is one loop without
a look-up by name. The tree of modules mirrors the IR's paths, so the names in
`state_dict()` are the IR's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Self

from attrs import frozen
from torch import Tensor, nn

from archir.diagnostics import fail
from archir.ir.graph import Call, Choice, Graph, Node, Operation, results
from archir.ir.module import join
from archir.ir.types import TensorType
from archir.lowering.torch.gates import GateValue
from archir.lowering.torch.rows import ROWS
from archir.ops.layout import Zero


class Step(NamedTuple):
    """One node: what runs it, whether it takes the gates, its operands' slots, its own, and those free after it."""

    run: Callable[..., Tensor]
    gated: bool
    sources: tuple[int, ...]
    target: int
    done: tuple[int, ...]


@frozen
class Program:
    """The steps of one graph; the operands take the first slots."""

    slots: int
    steps: tuple[Step, ...]
    output: int

    def run(self, gates: tuple[GateValue, ...], operands: tuple[Tensor, ...]) -> Tensor:
        """The graph's output. Values are let go of after their last use."""
        values: list[Tensor | None] = [None] * self.slots
        values[: len(operands)] = operands
        for run, gated, sources, target, done in self.steps:
            arguments = [values[s] for s in sources]
            values[target] = run(gates, *arguments) if gated else run(*arguments)
            del arguments
            for slot in done:
                values[slot] = None
        result = values[self.output]
        assert result is not None
        return result


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


class Instance(Part):
    """One instance of a graph with weights of its own."""

    def __init__(self, graph: Graph, path: str, gates: Mapping[str, int]) -> None:
        super().__init__()
        self._definition = graph.name
        self._program = assemble(self, graph, path, gates)

    def forward(self, gates: tuple[GateValue, ...], *operands: Tensor) -> Tensor:
        """The graph's output, from all gates of the supernet and the graph's inputs."""
        return self._program.run(gates, operands)

    def extra_repr(self) -> str:
        """The definition's name."""
        return self._definition


class Mixture(Part):
    """A relaxed choice: the sum over edges e and candidates k of gate[e, k] * candidate_k(source_e) (DARTS, Eq. 1).

    A candidate that gives zeros adds nothing and is left out; its share of the
    gate stays, since the gate is computed elsewhere.
    """

    def __init__(self, choice: Choice, path: str, gates: Mapping[str, int], owner: nn.Module, parent: str) -> None:
        super().__init__()
        if path not in gates:
            fail("NAS405", f"choice `{path}` has no gate", span=choice.span, help="run the pass `relax` first")
        self._gate = gates[path]
        self._shape = choice.type.shape
        terms: list[tuple[int, int, Instance | None]] = []
        for e, edge in enumerate(choice.edges):
            for k, candidate in enumerate(edge.candidates):
                home, below, prefix = (self, path, str(e)) if edge.home is None else (owner, parent, edge.home)
                name = f"{prefix}.{candidate.name}"
                term = _known(home, name)
                adds = not is_zero(candidate.graph)
                if term is None and not is_identity(candidate.graph):
                    term = Instance(candidate.graph, join(below, name), gates)
                    if adds or term.state_dict():
                        attach(home, name, term)
                if adds:
                    terms.append((e, k, term))
        self._terms = tuple(terms)

    def forward(self, gates: tuple[GateValue, ...], *sources: Tensor) -> Tensor:
        """The weighted sum, from all gates of the supernet and one source for each edge."""
        coefficients, active, plain = gates[self._gate]
        total: Tensor | None = None
        for e, k, term in self._terms:
            if active is not None and (e, k) not in active:
                continue
            value = sources[e] if term is None else term(gates, sources[e])
            if plain:
                total = value if total is None else total + value
            else:
                total = value * coefficients[e, k] if total is None else total.addcmul(value, coefficients[e, k])
        return sources[0].new_zeros((sources[0].shape[0], *self._shape)) if total is None else total


def assemble(owner: nn.Module, graph: Graph, path: str, gates: Mapping[str, int]) -> Program:
    """The program of a graph at `path`; the modules of its nodes are put below `owner`, in order of computation."""
    types = graph.types()
    slots = {v.name: i for i, v in enumerate(graph.inputs)}
    for i, node in enumerate(graph.nodes):  # a relaxed choice's results are all the same mixture: one slot
        slots |= {name: len(graph.inputs) + i for name in results(node)}
    last = {slots[operand]: node.name for node in graph.nodes for operand in node.operands}
    steps: list[Step] = []
    for node in graph.nodes:
        if isinstance(node, Call) and is_identity(node.graph):
            steps.append(Step(_same, False, (slots[node.operands[0]],), slots[node.name], ()))
            continue
        target = slots[results(node)[0]]
        run = _runner(node, types, path, gates, owner)
        if isinstance(run, nn.Module):
            attach(owner, node.name, run)
        sources = tuple(slots[o] for o in node.operands)
        done = tuple(s for s in dict.fromkeys(sources) if last[s] == node.name and s != slots[graph.output])
        steps.append(Step(run, not isinstance(node, Operation), sources, target, done))
    return Program(len(graph.inputs) + len(graph.nodes), tuple(steps), slots[graph.output])


def _runner(
    node: Node, types: Mapping[str, TensorType], path: str, gates: Mapping[str, int], owner: nn.Module
) -> Callable[..., Tensor]:
    here = join(path, node.name)
    if isinstance(node, Operation):
        return ROWS[type(node.primitive)](node.primitive, tuple(types[o] for o in node.operands))
    if isinstance(node, Call):
        return Instance(node.graph, here, gates)
    return Mixture(node, here, gates, owner, path)


def _same(x: Tensor) -> Tensor:
    return x


def is_identity(graph: Graph) -> bool:
    """Whether a graph returns its only input and computes nothing."""
    return not graph.nodes and len(graph.inputs) == 1


def is_zero(graph: Graph) -> bool:
    """Whether a graph's output is zero whatever its inputs are."""
    for node in graph.nodes:
        if node.name == graph.output:
            return (
                is_zero(node.graph)
                if isinstance(node, Call)
                else (isinstance(node, Operation) and isinstance(node.primitive, Zero))
            )
    return False


def attach(owner: nn.Module, name: str, child: nn.Module) -> None:
    """Registers a child below a dotted name.

    Written into `_modules` itself, since `add_module` refuses names that
    `nn.Module` uses (a node may well be called `type` or `half`).
    """
    *prefix, last = name.split(".")
    container(owner, prefix)._modules[last] = child


def _known(owner: nn.Module, name: str) -> Instance | None:
    """The instance below a dotted name, if there is one."""
    here: nn.Module | None = owner
    for part in name.split("."):
        here = None if here is None else here._modules.get(part)
    return here if isinstance(here, Instance) else None


def container(owner: nn.Module, names: list[str]) -> nn.Module:
    """The module below `owner` at a list of names; makes what is missing."""
    for name in names:
        below = owner._modules.setdefault(name, Names())
        assert below is not None
        owner = below
    return owner
