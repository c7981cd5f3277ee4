"""The flat form: one operation a line, graphs before their users, all names in full.

`parse(print(m)) == m` holds for every module.
"""

from __future__ import annotations

from collections.abc import Iterator

from archir.ir.graph import Amount, Call, Candidate, Choice, Edge, Graph, Keep, Node, Operation, results
from archir.ir.module import ArchitectureParameter, Module
from archir.ir.numbers import to_text
from archir.ir.primitive import AttributeValue


def print_flat(module: Module) -> str:
    """A module's text in the flat form."""
    printer = _Printer()
    base = None if module.base is None else printer.graph(module.base)
    printer.graph(module.graph)
    lines = [f"module {module.name} {module.form} {{", *printer.lines]
    lines += [] if base is None else [f"  base {base}"]
    lines += [f"  parameter %{p.name} = {_start(p)}" for p in module.parameters]
    lines += [f"  clock %{c.name} = {c.unit}" for c in module.clocks]
    lines += [f"  noise %{n.name} = {n.distribution}([{', '.join(map(str, n.shape))}])" for n in module.noises]
    lines += [f"  gate %{g.path} = {g.gate}" for g in module.gates]
    lines += [f"  value %{v.name} = {v.value}" for v in module.values]
    lines += [f"  objective %{o.name} = {o.value}" for o in module.objectives]
    return "\n".join([*lines, "}", ""])


class _Printer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self._graphs: dict[Graph, str] = {}
        self._candidates: dict[tuple[Candidate, ...], str] = {}
        self._counts: dict[str, int] = {}

    def graph(self, graph: Graph) -> str:
        """The graph's name in the text; prints it, and what it needs, on first sight."""
        if graph not in self._graphs:
            body = list(self._body(graph))
            inputs = ", ".join(f"%{v.name}: {v.type}" for v in graph.inputs)
            name = self._graphs[graph] = self._fresh(graph.name)
            self.lines += [f"  {graph.kind} {name}({inputs}) {{", *body, "  }"]
        return self._graphs[graph]

    def _fresh(self, name: str) -> str:
        count = self._counts[name] = self._counts.get(name, -1) + 1
        return f"@{name}.{count}"

    def _body(self, graph: Graph) -> Iterator[str]:
        for node in graph.nodes:
            targets = ", ".join(f"%{r}" for r in results(node))
            yield f"    {targets} = {self._node(node)} : {node.type}"
        yield f"    return %{graph.output}"

    def _node(self, node: Node) -> str:
        if isinstance(node, Choice) and node.windows:
            window = f"choose adjacent {node.slots} from [{', '.join(f'%{o}' for o in node.operands)}]"
            return window + _active(node.edges[0])
        if isinstance(node, Choice):
            edges = " and ".join(map(self._edge, node.edges))
            return f"choose {edges} {print_keep(node.keep)}"
        operands = [f"%{o}" for o in node.operands]
        if isinstance(node, Call):
            tag = "" if node.tag is None else f"@{node.tag}"
            return f"{self.graph(node.graph)}{tag}({', '.join(operands)})"
        return print_operation(node, operands)

    def _edge(self, edge: Edge) -> str:
        home = "" if edge.home is None else f" at %{edge.home}"
        return f"{self._candidate_set(edge)} from {_sources(edge)}{home}{_active(edge)}"

    def _candidate_set(self, edge: Edge) -> str:
        if edge.candidates not in self._candidates:
            alternatives = " | ".join(f"{c.name}: {self.graph(c.graph)}" for c in edge.candidates)
            name = self._candidates[edge.candidates] = self._fresh("candidates")
            self.lines.append(f"  candidates {name} = {alternatives}")
        return self._candidates[edge.candidates]


def _start(parameter: ArchitectureParameter) -> str:
    """How a parameter starts: `normal(0.001, [2, 8])`, with what is not the default behind it."""
    shape = ", ".join(map(str, parameter.shape))
    start = f", start={to_text(parameter.start)}" if parameter.start else ""
    kind = f", kind={parameter.kind}" if parameter.kind != "arch" else ""
    return f"normal({parameter.deviation!r}, [{shape}]{start}{kind})"


def _active(edge: Edge) -> str:
    return "" if edge.active is None else f" active {' | '.join(edge.active)}"


def _sources(edge: Edge) -> str:
    values = ", ".join(f"%{source}" for source in edge.sources)
    return values if len(edge.sources) == 1 else f"({values})"


def print_operation(node: Operation, operands: list[str]) -> str:
    """`primitive(operands, attribute=value)`, attributes at their defaults left out.

    A mask on the kernels is written like an attribute: `mask=(threshold, start)`.
    """
    attributes = [f"{name}={print_attribute(value)}" for name, value in node.primitive.attributes()]
    if node.mask is not None:
        attributes.append(f"mask=({node.mask.threshold!r}, {node.mask.start!r})")
    return f"{node.primitive.name}({', '.join([*operands, *attributes])})"


def print_attribute(value: AttributeValue) -> str:
    """An attribute as the language writes it: `3` for the pair (3, 3), `true` for True."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return str(value[0]) if len(set(value)) == 1 else f"({', '.join(map(str, value))})"
    return repr(value)


def print_keep(keep: Keep) -> str:
    """`keep 2 edges some ops`; one operation an edge is not written."""
    if keep.edges is None:
        return f"keep {_amount(keep.operations, 'op')}"
    operations = "" if keep.operations == Amount(1, 1) else f" {_amount(keep.operations, 'op')}"
    return f"keep {_amount(keep.edges, 'edge')}{operations}"


def _amount(amount: Amount, unit: str) -> str:
    if amount.most is None and amount.least in (0, 1):
        return f"{('any', 'some')[amount.least]} {unit}s"
    if amount.least == amount.most:
        return f"{amount.least} {unit}{'' if amount.least == 1 else 's'}"
    return f"{amount.least}..{amount.most} {unit}s"
