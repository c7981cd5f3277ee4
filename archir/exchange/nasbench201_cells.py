"""From a network of NAS-Bench-201 cells to its architecture."""

from __future__ import annotations

from archir.exchange import nasbench201
from archir.exchange.operations import Key, Names, alone, cells_of, refuse
from archir.ir.graph import Call, Graph, Operation
from archir.ir.module import Module
from archir.ops.layout import Zero
from archir.ops.pointwise import Add


def architecture_of(module: Module) -> nasbench201.Edges:
    """The architecture of a network of NAS-Bench-201 cells called `normal`.

    Several compute the same; it is the one whose nodes are most often the values `x[1]`, `x[2]` and `x[3]`.

    Raises:
        ArchirError: NAS402 if its cell is none of the benchmark.
    """
    graphs = cells_of(module).get("normal", [])
    if not graphs or any(len(g.inputs) != 1 for g in graphs):
        refuse(module, "has no cell `normal` of one input")
    names = Names(nasbench201.OPERATIONS, _nasbench201_call, "normal")
    readings = [_read_expressions(graph, names) for graph in graphs]
    wanted, named = readings[0]
    if any(reading != wanted for reading, _ in readings):
        refuse(module, "has different cells `normal`")
    best: tuple[int, nasbench201.Edges] | None = None
    for edges in nasbench201.all_architectures():
        values = _expressions(edges)
        if values[-1] == wanted:
            agreeing = sum(named.get(f"x.{i}") == value for i, value in enumerate(values))
            best = (agreeing, edges) if best is None or agreeing > best[0] else best
    if best is None:
        refuse(module, "is no network of NAS-Bench-201")
    return best[1]


def _nasbench201_call(name: str, _stride: int) -> str:
    return nasbench201.OPERATIONS[name].format(x="x") or "none(x)"


def _expressions(edges: nasbench201.Edges) -> list[Key]:
    """What the nodes of an architecture compute: nested sums of operations on values."""
    values: list[Key] = [("input",)]
    for node in edges:
        terms = tuple(_applied(name, values[j]) for j, name in enumerate(node) if name != "none")
        values.append(terms[0] if len(terms) == 1 else ("add", *terms) if terms else ("zero",))
    return values


def _applied(name: str, value: Key) -> Key:
    return value if name == "skip_connect" else (name, value)


def _read_expressions(graph: Graph, names: Names) -> tuple[Key, dict[str, Key]]:
    """What a cell computes, and its values by the first two parts of their names (`x.1.add` is x[1])."""
    types = graph.types()
    values: dict[str, Key] = {v.name: ("input",) for v in graph.inputs}
    for node in graph.nodes:
        operands = tuple(values[o] for o in node.operands)
        if isinstance(node, Operation) and isinstance(node.primitive, Add):
            values[node.name] = ("add", *operands)
        elif isinstance(node, Operation) and isinstance(node.primitive, Zero):
            values[node.name] = ("zero",)
        else:
            assert isinstance(node, Call | Operation), "a network has no choices"
            name = names.of(alone(node, types[node.operands[0]]), 1)
            values[node.name] = ("zero",) if name == "none" else _applied(name, operands[0])
    return values[graph.output], {".".join(name.split(".")[:2]): value for name, value in values.items()}
