"""A module: one net with what passes have attached to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from attrs import field, frozen

from archir.ir.gates import Gate
from archir.ir.graph import Call, Choice, Graph, Operation, WeightMask
from archir.ir.memo import once_per_graph
from archir.ir.numbers import Numbers
from archir.ir.origin import Origin

Form: TypeAlias = Literal["space", "relaxed", "network"]
FORMS: tuple[Form, ...] = ("space", "relaxed", "network")
Period: TypeAlias = Literal["epoch", "step"]
PERIODS: tuple[Period, ...] = ("epoch", "step")
Distribution: TypeAlias = Literal["gumbel"]
DISTRIBUTIONS: tuple[Distribution, ...] = ("gumbel",)
Kind: TypeAlias = Literal["arch", "arch_masks"]
PARAMETER_KINDS: tuple[Kind, ...] = ("arch", "arch_masks")


@frozen
class ArchitectureParameter:
    """A trainable tensor that gates read.

    It is over (edge, operation), (edge, 1), or one number for a choice; over (proposal, edge, operation), or
    (1, proposal) for all choices.

    It starts at `start` (one number for all, or a table of its shape) plus `deviation` times standard normal noise.
    `kind`: what a training phase calls those that it trains together.
    """

    name: str
    shape: tuple[int, ...]
    deviation: float
    start: Numbers = 0.0
    kind: Kind = "arch"


@frozen
class Clock:
    """A number that gates read: which epoch, or step, of training this is, from 0, since it was attached.

    It moves when the next one begins, so what is derived at the end is what the last epoch trained.
    """

    name: str
    unit: Period


@frozen
class Noise:
    """Random numbers that gates read, of a parameter's shape, drawn anew when each step of training begins.

    All that is computed within a step reads the same. Where nothing trains it is zero: the most likely of what
    gates may sample. It is not learned and not kept.
    """

    name: str
    shape: tuple[int, ...]
    distribution: Distribution = "gumbel"


@frozen
class GateOf:
    """The gate of one instance of a choice, named by the choice's full path."""

    path: str
    gate: Gate


@frozen
class NamedValue:
    """An expression that objectives, and values behind it, read by name: computed once."""

    name: str
    value: Gate


@frozen
class Objective:
    """A term that the architecture parameters descend besides the loss: its value is one number."""

    name: str
    value: Gate


@frozen
class Module:
    """A net in one of three forms: a space (choices), relaxed (gated choices), a network.

    `base`: the net that points are applied to, where a pass has given `graph` another form for as
    long as the search lasts (a bottleneck; what is not vital left out). `origin` and `history` say
    where the module came from; they take no part in equality.
    """

    name: str
    form: Form
    graph: Graph
    parameters: tuple[ArchitectureParameter, ...] = ()
    gates: tuple[GateOf, ...] = ()
    clocks: tuple[Clock, ...] = ()
    objectives: tuple[Objective, ...] = ()
    base: Graph | None = None
    values: tuple[NamedValue, ...] = ()
    noises: tuple[Noise, ...] = ()
    origin: Origin | None = field(default=None, eq=False, repr=False)
    history: tuple[str, ...] = field(default=(), eq=False)


@frozen
class ChoiceInstance:
    """A choice where it stands: its full path, and the name that instances share.

    Instances with the same `key` share architecture parameters and are chosen alike.
    """

    path: str
    key: str
    choice: Choice

    @property
    def owner(self) -> str:
        """The cell (or net) whose instances share the choice: the key without the choice's own name."""
        return self.key.removesuffix(f".{self.choice.name}")


def join(prefix: str, name: str) -> str:
    """A dotted path below `prefix`, which may be empty."""
    return f"{prefix}.{name}" if prefix else name


def owner_of(graph: Graph, tag: str | None) -> str:
    """The name under which the instances of a graph share their choices: one for each tag."""
    return graph.name if tag is None else f"{graph.name}.{tag}"


@once_per_graph
def chooses(graph: Graph) -> bool:
    """Whether a graph, or one that it calls, has a choice."""
    return any(isinstance(n, Choice) or (isinstance(n, Call) and chooses(n.graph)) for n in graph.nodes)


def is_restricted(graph: Graph) -> bool:
    """Whether some candidate is not active."""
    return any(edge.active is not None for instance in choice_instances(graph) for edge in instance.choice.edges)


def choice_instances(graph: Graph, path: str = "", tag: str | None = None) -> Iterator[ChoiceInstance]:
    """Every choice of a graph and of the graphs that it calls, in order of computation."""
    owner = owner_of(graph, tag)
    for node in graph.nodes if chooses(graph) else ():
        here = join(path, node.name)
        if isinstance(node, Choice):
            yield ChoiceInstance(here, join(owner, node.name), node)
            for e, edge in enumerate(node.edges):
                for candidate in edge.candidates:
                    yield from choice_instances(candidate.graph, f"{here}.{e}.{candidate.name}")
        elif isinstance(node, Call):
            yield from choice_instances(node.graph, here, node.tag)


def homes(graph: Graph) -> Iterator[tuple[str, str]]:
    """For each active candidate whose edge has a home: where its weights would live alone, and where they do."""
    for instance in choice_instances(graph):
        parent = instance.path.removesuffix(instance.choice.name)
        for e, edge in enumerate(instance.choice.edges):
            if edge.home is not None:
                for _, candidate in edge.alternatives:
                    yield f"{instance.path}.{e}.{candidate.name}", f"{parent}{edge.home}.{candidate.name}"


def weight_masks(graph: Graph, path: str = "") -> Iterator[tuple[str, WeightMask]]:
    """Each masked kernel of a graph and of the graphs that it calls or offers, by the path that it would have alone."""
    if not _has_weight_masks(graph):
        return
    types = graph.types()
    for node in graph.nodes:
        here = join(path, node.name)
        if isinstance(node, Operation) and node.mask is not None:
            for weight in node.primitive.weights(tuple(types[o] for o in node.operands)):
                if weight.is_kernel:
                    yield join(here, weight.name), node.mask
        elif isinstance(node, Call):
            yield from weight_masks(node.graph, here)
        elif isinstance(node, Choice):
            for e, edge in enumerate(node.edges):
                for _, candidate in edge.alternatives:
                    yield from weight_masks(candidate.graph, f"{here}.{e}.{candidate.name}")


@once_per_graph
def _has_weight_masks(graph: Graph) -> bool:
    return any(
        (isinstance(n, Operation) and n.mask is not None)
        or (isinstance(n, Call) and _has_weight_masks(n.graph))
        or (isinstance(n, Choice) and any(_has_weight_masks(c.graph) for edge in n.edges for c in edge.candidates))
        for n in graph.nodes
    )


def shared_choices(module: Module) -> dict[str, Choice]:
    """One instance of each choice by its shared name, in order of first computation."""
    found: dict[str, Choice] = {}
    for instance in choice_instances(module.graph):
        found.setdefault(instance.key, instance.choice)
    return found
