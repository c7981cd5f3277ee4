"""What stands behind a `choose adjacent`: nodes that a network needs only where certain windows are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from archir.ir.graph import Choice, Graph, Node, results
from archir.ir.memo import once_per_graph


@frozen
class Behind:
    """A node is needed where the choice of windows `choice` runs and keeps one of `windows` (place and name)."""

    choice: str
    windows: tuple[tuple[int, str], ...]


@once_per_graph
def behind(graph: Graph) -> Mapping[str, Behind]:
    """By name, the nodes that only some windows need; all others run whatever is kept.

    Every other choice counts as if it read all that it may read: what a network does not use for the sake of those
    stays in it (H-DAS counts such dead cells). Where two choices of windows lead to a node, the first one stands here;
    `contested` names such nodes, which no valid graph has.
    """
    return {name: found[0] for name, found in _leading(graph).items()}


def contested(graph: Graph) -> list[str]:
    """The nodes that two choices of windows could drop: when they are needed is not for one of them to say."""
    return [name for name, found in _leading(graph).items() if len(found) > 1]


def without_unneeded(graph: Graph, kept: Mapping[str, str]) -> tuple[Node, ...]:
    """The nodes that are needed where choices of windows keep the candidates of these names, and the others nothing."""
    standing = behind(graph)
    if not standing:
        return graph.nodes

    def needed(name: str) -> bool:
        place = standing.get(name)
        return place is None or (needed(place.choice) and any(kept.get(place.choice) == w for _, w in place.windows))

    return tuple(node for node in graph.nodes if needed(node.name))


def _leading(graph: Graph) -> dict[str, list[Behind]]:
    """The choices of windows that lead to each node which nothing else leads to, and which not all windows need."""
    gates = [node for node in graph.nodes if isinstance(node, Choice) and node.windows]
    if not gates:
        return {}
    maker = {value: node for node in graph.nodes for value in results(node)}
    read = {operand for node in graph.nodes for operand in node.operands}
    ends = [results(node)[0] for node in graph.nodes if not read & {*results(node)}]
    always = _reached([graph.output, *ends], maker)
    found: dict[str, dict[str, set[tuple[int, str]]]] = {}
    for gate in reversed(gates):  # those behind which a gate may stand come first
        windows = [(place, window.name) for place, window in enumerate(gate.edges[0].candidates)]
        needs: dict[str, set[tuple[int, str]]] = {}
        for window in windows:
            for name in _reached(gate.filled(window[0]), maker) - always:
                needs.setdefault(name, set()).add(window)
        for name, some in needs.items():
            if len(some) < len(windows):
                found.setdefault(name, {}).setdefault(gate.name, set()).update(some)
            elif gate.name in always:
                always.add(name)
            else:  # as the gate itself
                for outer, of_outer in found[gate.name].items():
                    found.setdefault(name, {}).setdefault(outer, set()).update(of_outer)
    return {
        node.name: [Behind(gate, tuple(sorted(some))) for gate, some in found[node.name].items()]
        for node in graph.nodes
        if node.name in found and node.name not in always
    }


def _reached(values: Iterable[str], maker: Mapping[str, Node]) -> set[str]:
    """The nodes that values are computed from; what a choice of windows reads is left to its windows."""
    found: set[str] = set()
    waiting = [maker[value] for value in values if value in maker]
    while waiting:
        node = waiting.pop()
        if node.name in found:
            continue
        found.add(node.name)
        if not (isinstance(node, Choice) and node.windows):
            waiting += [maker[operand] for operand in node.operands if operand in maker]
    return found
