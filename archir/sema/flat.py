"""Reading the flat form back: names are given, so nothing is evaluated but literals."""

from __future__ import annotations

from collections.abc import Container
from typing import cast

from attrs import Factory, define, evolve

from archir.diagnostics import fail
from archir.ir.graph import (
    Amount,
    Call,
    Candidate,
    Choice,
    Edge,
    Graph,
    Keep,
    Kind,
    Node,
    Value,
    adjacent,
    results,
)
from archir.ir.module import FORMS, ArchitectureParameter, Clock, GateOf, Module, NamedValue, Noise, Objective
from archir.ir.types import TensorType
from archir.sema.flat_operations import operand, operation_of, type_of
from archir.sema.flat_values import clock_of, expression_of, noise_of, parameter_of, refuse, unnamed
from archir.sema.library import name_span
from archir.sema.suggest import did_you_mean
from archir.source import Span
from archir.syntax import ast


def read_flat(flat: ast.Flat) -> Module:
    """The module of a text in the flat form; raises `ArchirError` at the first thing wrong."""
    reader = _Reader()
    main: Graph | None = None
    if flat.form not in FORMS:
        fail(
            "NAS304",
            f"`{flat.form}` is no form",
            span=name_span(flat, flat.form),
            help=f"write one of {', '.join(FORMS)}",
        )
    parameters: list[ArchitectureParameter] = []
    clocks: list[Clock] = []
    noises: list[Noise] = []
    gates: list[GateOf] = []
    values: list[NamedValue] = []
    objectives: list[Objective] = []
    base: Graph | None = None
    for item in flat.items:
        match item:
            case ast.Definition():
                main = reader.definition(item)
            case ast.Candidates():
                reader.candidate_set(item)
            case ast.Base():
                base = reader.named(item.graph, item.span)
            case ast.Binding(what="parameter"):
                parameters.append(parameter_of(item))
            case ast.Binding(what="clock"):
                clocks.append(clock_of(item))
            case ast.Binding(what="noise"):
                noises.append(noise_of(item))
            case ast.Binding(what="gate"):
                gates.append(GateOf(item.path, expression_of(item.value)))
            case ast.Binding(what="value"):
                values.append(NamedValue(item.path, expression_of(item.value)))
            case ast.Binding():
                objectives.append(Objective(item.path, expression_of(item.value)))
    if main is None:
        help_ = "give it `net @name.0(%image: tensor[3, 32, 32]) { ... }`"
        fail("NAS309", "this module holds no graph", span=name_span(flat, flat.name), help=help_)
    return Module(
        flat.name, flat.form, main, tuple(parameters), tuple(gates), tuple(clocks), tuple(objectives), base,
        tuple(values), tuple(noises),
    )  # fmt: skip


@define
class _Reader:
    graphs: dict[str, Graph] = Factory(dict)
    candidates: dict[str, tuple[Candidate, ...]] = Factory(dict)

    def definition(self, item: ast.Definition) -> Graph:
        inputs = tuple(Value(p.name, type_of(p.type, p.span)) for p in item.params)
        types = {v.name: v.type for v in inputs}
        nodes: list[Node] = []
        for statement in item.body.statements:
            match statement:
                case ast.Assign(targets=(ast.Path(), *_), values=(_,)):
                    node = self._assigned(statement, types)
                    nodes.append(node)
                    types |= dict.fromkeys(results(node), node.type)
                case ast.Return(value=ast.Path() as out) if out.text in types:
                    name = item.name.rpartition(".")[0] or item.name
                    graph = Graph(name, cast(Kind, item.kind), inputs, tuple(nodes), out.text, types[out.text])
                    _refuse_second(item, item.name, self.graphs)
                    self.graphs[item.name] = graph
                    return graph
                case _:
                    refuse(statement.span, "`%name = ...` or `return %name`")
        where = name_span(item, item.name)
        fail("NAS309", f"`@{item.name}` returns nothing", span=where, help="end it with `return %name`")

    def _assigned(self, s: ast.Assign, types: dict[str, TensorType]) -> Node:
        """The node that a line makes; several targets are the slots of a choice."""
        names = [t.text if isinstance(t, ast.Path) else "" for t in s.targets]
        node = self.node(names[0] if len(names) == 1 else names[0].rpartition(".")[0], s.values[0], types)
        if isinstance(node, Choice) and not node.windows:
            node = evolve(node, slots=len(names))
        if list(results(node)) != names:
            refuse(s.span, f"`{', '.join(f'%{r}' for r in results(node))} = ...`")
        if s.type is not None and type_of(s.type, s.span) != node.type:
            help_ = "correct the type, or the operation"
            fail("NAS303", f"`%{names[0]}` is {node.type}, not what is written", span=s.type.span, help=help_)
        for target, name in zip(s.targets, names, strict=True):
            if name in types:
                fail("NAS202", f"`%{name}` is defined twice", span=target.span, help="give one of them another name")
        return node

    def candidate_set(self, item: ast.Candidates) -> None:
        _refuse_second(item, item.name, self.candidates)
        self.candidates[item.name] = tuple(
            Candidate(a.label or "", self.graph(a.value)) for a in item.alternatives
        )  # fmt: skip

    def graph(self, e: ast.Expr) -> Graph:
        if not isinstance(e, ast.GraphName):
            refuse(e.span, "a graph such as `@sep_conv.0`")
        return self.named(e.text, e.span)

    def named(self, name: str, span: Span) -> Graph:
        if name not in self.graphs:
            help_ = did_you_mean(name, self.graphs) or "define it before it is used"
            fail("NAS201", f"there is no graph `@{name}`", span=span, help=help_)
        return self.graphs[name]

    def node(self, name: str, e: ast.Expr, types: dict[str, TensorType]) -> Node:
        match e:
            case ast.Choose():
                return self._choice(name, e, types)
            case ast.Adjacent(sources=ast.ListOf(items=(_, *_) as items)):
                sources = tuple(operand(item, types) for item in items)
                if not 2 <= e.count <= len(sources):
                    refuse(e.span, f"`choose adjacent` of 2 to {len(sources)} values")
                windows = adjacent(name, sources, e.count, types[sources[0]], e.span)
                return evolve(windows, edges=(evolve(windows.edges[0], active=e.active),))
            case ast.Call(callee=ast.Name() as callee):
                return operation_of(name, callee.text, e, types)
            case ast.Call(callee=ast.Own(base=base, tag=ast.Literal(value=tag))):
                return self._instance(name, base, str(tag), e, types)
            case ast.Call():
                return self._instance(name, e.callee, None, e, types)
        refuse(e.span, "a call or a choice")

    def _instance(
        self, name: str, callee: ast.Expr, tag: str | None, e: ast.Call, types: dict[str, TensorType]
    ) -> Call:
        graph = self.graph(callee)
        operands = tuple(operand(value, types) for value in unnamed(e.arguments))
        if tuple(types[o] for o in operands) != tuple(v.type for v in graph.inputs):
            wanted = ", ".join(str(v.type) for v in graph.inputs)
            fail(
                "NAS303",
                "the operands do not fit the graph",
                span=e.span,
                label=f"it takes {wanted}",
                help="give it operands of these types",
            )
        return Call(name, graph, operands, tag, e.span)

    def _choice(self, name: str, e: ast.Choose, types: dict[str, TensorType]) -> Choice:
        edges = []
        for group in e.edges:
            if not isinstance(group.candidates, ast.GraphName) or group.candidates.text not in self.candidates:
                refuse(group.candidates.span, "a candidate set defined above, such as `@candidates.0`")
            starts = group.sources.items if isinstance(group.sources, ast.TupleOf) else (group.sources,)
            sources = tuple(operand(source, types) for source in starts)
            edges.append(Edge(sources, self.candidates[group.candidates.text], group.home, group.active))
        keep = Keep(_amount(e.keep.edges), _amount(e.keep.operations) or Amount(1, 1))
        return Choice(name, tuple(edges), keep, edges[0].candidates[0].graph.type, e.span)


def _refuse_second(item: ast.Definition | ast.Candidates, name: str, known: Container[str]) -> None:
    if name in known:
        where = name_span(item, name)
        fail("NAS202", f"`@{name}` is defined twice", span=where, help="give one of them another name")


def _amount(amount: ast.Amount | None) -> Amount | None:
    return None if amount is None else Amount(amount.least, amount.most)
