"""What `forward` says: one statement for each value that deserves a name.

Short chains become one nested expression, so a block reads as its author would
write it: `return self.batch_norm(self.conv(F.relu(x)))`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from attrs import define, field, frozen

from archir.ir.graph import Call, Graph, Node, Operation
from archir.ir.memo import once_per_graph
from archir.lowering.source.flow import Flow, flow
from archir.lowering.source.loops import Run, find_runs
from archir.lowering.source.names import identifier, own_name, unused, without_counters
from archir.lowering.source.row import Code, Function, Layer
from archir.lowering.source.rows import ROWS
from archir.ops.layout import Concat
from archir.ops.pointwise import Add, Dropout, Mul, Scale

_DEEPEST = 4
"""Calls nested in one expression."""


def _row(node: Node) -> Layer | Function | None:
    return ROWS[type(node.primitive)] if isinstance(node, Operation) else None


def nested(values: Flow) -> frozenset[str]:
    """The values that are written inside the expression of their only reader."""
    by_name = {n.name: n for n in values.nodes}
    places = {n.name: i for i, n in enumerate(values.nodes)} | {"": len(values.nodes)}
    drawing = [i for i, n in enumerate(values.nodes) if draws(n)]
    readers = values.readers()
    inside: dict[str, tuple[int, bool, bool]] = {}  # depth; is a normalisation or a call part of it; does it draw
    for place, node in enumerate(values.nodes):
        parts = [inside[o] for o in values.reads[node.name] if o in inside]
        row = _row(node)
        depth = 1 + max((d for d, _, _ in parts), default=0)
        heavy = row is None or (isinstance(row, Layer) and row.norm) or any(h for _, h, _ in parts)
        random = place in drawing or any(r for _, _, r in parts)
        readers_here = readers.get(node.name, [])
        if len(readers_here) != 1:
            continue
        # moved to its reader it would draw after what draws in between, and so other numbers
        late = random and any(place < i < places[readers_here[0]] for i in drawing)
        if not late and _fits(node, depth, heavy, by_name.get(readers_here[0])):
            inside[node.name] = (depth, heavy, random)
    return frozenset(inside)


def draws(node: Node) -> bool:
    """Whether a node draws random numbers while training."""
    if isinstance(node, Operation):
        return isinstance(node.primitive, Dropout)
    return isinstance(node, Call) and _has_draws(node.graph)


@once_per_graph
def _has_draws(graph: Graph) -> bool:
    return any(map(draws, graph.nodes))


def _fits(node: Node, depth: int, heavy: bool, reader: Node | None) -> bool:
    if reader is None:
        return True  # returned
    if depth >= _DEEPEST or (isinstance(node, Operation) and isinstance(node.primitive, Add)):
        return False
    if not heavy:
        return True
    if isinstance(reader, Operation) and isinstance(reader.primitive, Add | Mul | Scale):
        return True
    row, next_ = _row(node), _row(reader)
    if isinstance(reader, Operation) and isinstance(reader.primitive, Concat):
        return row is not None
    return isinstance(row, Layer) and row.norm and isinstance(next_, Function) and next_.activation


@define
class _Names:
    """Local names while the body is written."""

    taken: set[str]
    of: dict[str, str] = field(factory=dict)

    def choose(self, node: Node, dying: list[str]) -> str:
        """A name for a node's value: rebinds a name that nothing needs any more where the author did."""
        own = own_name(node.name, _label(node))
        free = {self.of[value] for value in dying}
        again = identifier(without_counters(own)) if without_counters(own) else ""
        if own == node.name and "." not in own and _label(node) == own:
            own, again = "", ""
        if not own and len(free) == 1:
            (name,) = free
        elif again in free:
            name = again
        else:
            name = unused(identifier(own or node.name), self.taken)
        self.taken.add(name)
        self.of[node.name] = name
        return name


def _label(node: Node) -> str:
    if isinstance(node, Operation):
        return type(node.primitive).name
    assert isinstance(node, Call)
    return node.graph.name.rpartition(".")[2]


@frozen
class Reach:
    """How a class reaches the child module of a node, and whether that is an element of a list."""

    access: Callable[[str], str]
    element: Callable[[str], tuple[str, int, int] | None]


def body(graph: Graph, reach: Reach, texts: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """The statements of `forward`, each on one line however long; `texts` gives those of each node's columns."""
    values = flow(graph)
    inside = nested(values)
    by_name = {n.name: n for n in values.nodes}
    named = [n for n in values.nodes if n.name not in inside]
    leaves = {n.name: list(dict.fromkeys(_leaves(n.name, values, inside))) for n in named}
    ends = list(_leaves(values.result, values, inside)) if values.result in inside else [values.result]
    last = {leaf: name for name, some in (*leaves.items(), ("", ends)) for leaf in some}
    inputs = input_names(graph)
    names = _Names(set(inputs.values()), dict(inputs))

    def code(name: str) -> Code:
        if name in names.of:
            return Code(names.of[name])
        node = by_name[name]
        operands = [code(o) for o in values.reads[name]]
        row = _row(node)
        if isinstance(row, Function):
            return row.write(operands, texts[name])
        return Code(f"{reach.access(name)}({', '.join(o.text for o in operands)})")

    read = values.readers()
    runs = {run.nodes[0]: run for run in find_runs(values, named, reach.element)}
    skipped = {name for run in runs.values() for name in run.nodes[1:]}
    for node in named:
        if node.name in skipped:
            continue
        if node.name in runs:
            run = runs[node.name]
            over = {last[s] for s in run.starts} <= set(run.nodes)
            yield from _loop(run, [code(s).text for s in run.starts], names, over)
            continue
        text = code(node.name).text
        if node.name not in read:  # nothing reads it, but its running statistics are part of the net
            yield f"_ = {text}"
            continue
        dying = [leaf for leaf in leaves[node.name] if last[leaf] == node.name]
        yield f"{names.choose(node, dying)} = {text}"
    yield f"return {code(values.result).text}"


def _loop(run: Run, starts: list[str], names: _Names, over: bool) -> Iterator[str]:
    """A loop over a list of modules; `over` says that nothing after it reads what it starts from."""
    state: list[str] = []
    for wanted in run.state:
        free = {s for s in starts if over} - set(state)
        state.append(unused(wanted, (names.taken - free) | set(state)))
    names.taken.update(state)
    item = unused(run.item, names.taken)
    names.taken.add(item)
    names.of[run.nodes[-1]] = state[-1]
    if len(set(starts)) == 1 and len(starts) > 1:
        yield f"{' = '.join(state)} = {starts[0]}"
    elif starts != state:
        yield f"{', '.join(state)} = {', '.join(starts)}"
    yield f"for {item} in {run.text}:"
    everything = ", ".join(state)
    yield f"    {everything} = {', '.join([*state[1:], f'{item}({everything})'])}"


def input_names(graph: Graph) -> dict[str, str]:
    """The parameters of `forward` by the graph's inputs."""
    names: dict[str, str] = {}
    for value in graph.inputs:
        names[value.name] = unused(identifier(value.name), names.values())
    return names


def _leaves(name: str, values: Flow, inside: frozenset[str]) -> Iterator[str]:
    for operand in values.reads[name]:
        if operand in inside:
            yield from _leaves(operand, values, inside)
        else:
            yield operand
