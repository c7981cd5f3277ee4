"""Reading the flat form back: names are given, so nothing is evaluated but literals."""

from __future__ import annotations

from typing import cast

from attrs import Factory, define, evolve, fields

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
    Operation,
    Value,
    WeightMask,
    adjacent,
    results,
)
from archir.ir.module import FORMS, ArchitectureParameter, Clock, GateOf, Module, NamedValue, Noise, Objective
from archir.ir.primitive import ShapeError
from archir.ir.types import TensorType
from archir.ops import PRIMITIVES
from archir.sema.flat_values import (
    FLAT,
    clock_of,
    expression_of,
    literal,
    noise_of,
    parameter_of,
    real,
    refuse,
    split,
    unnamed,
)
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
        inputs = tuple(Value(p.name, _type(p.type, p.span)) for p in item.params)
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
        if s.type is not None and _type(s.type, s.span) != node.type:
            help_ = "correct the type, or the operation"
            fail("NAS303", f"`%{names[0]}` is {node.type}, not what is written", span=s.type.span, help=help_)
        for target, name in zip(s.targets, names, strict=True):
            if name in types:
                fail("NAS202", f"`%{name}` is defined twice", span=target.span, help="give one of them another name")
        return node

    def candidate_set(self, item: ast.Candidates) -> None:
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
                sources = tuple(_value(item, types) for item in items)
                if not 2 <= e.count <= len(sources):
                    refuse(e.span, f"`choose adjacent` of 2 to {len(sources)} values")
                windows = adjacent(name, sources, e.count, types[sources[0]], e.span)
                return evolve(windows, edges=(evolve(windows.edges[0], active=e.active),))
            case ast.Call(callee=ast.Name() as callee):
                return _operation(name, callee.text, e, types)
            case ast.Call(callee=ast.Own(base=base, tag=ast.Literal(value=tag))):
                return self._instance(name, base, str(tag), e, types)
            case ast.Call():
                return self._instance(name, e.callee, None, e, types)
        refuse(e.span, "a call or a choice")

    def _instance(
        self, name: str, callee: ast.Expr, tag: str | None, e: ast.Call, types: dict[str, TensorType]
    ) -> Call:
        graph = self.graph(callee)
        operands = tuple(_value(value, types) for value in unnamed(e.arguments))
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
            sources = tuple(_value(source, types) for source in starts)
            edges.append(Edge(sources, self.candidates[group.candidates.text], group.home, group.active))
        keep = Keep(_amount(e.keep.edges), _amount(e.keep.operations) or Amount(1, 1))
        return Choice(name, tuple(edges), keep, edges[0].candidates[0].graph.type, e.span)


def _operation(name: str, primitive: str, e: ast.Call, types: dict[str, TensorType]) -> Operation:
    if primitive not in PRIMITIVES:
        fail(
            "NAS201",
            f"there is no primitive `{primitive}`",
            span=e.span,
            help=did_you_mean(primitive, PRIMITIVES) or "`archir ops` lists all",
        )
    places, named = split(e.arguments)
    operands = tuple(_value(value, types) for value in places)
    attributes = {name: literal(value) for name, value in named.items()}
    mask = _mask(attributes.pop("mask"), e.span) if "mask" in attributes else None
    known = [f.name for f in fields(PRIMITIVES[primitive])]
    for a in e.arguments:
        if a.name is not None and a.name not in known and a.name != "mask":
            help_ = did_you_mean(a.name, known) or f"it takes {', '.join(known) or 'none'}"
            fail("NAS302", f"`{primitive}` has no attribute `{a.name}`", span=a.span, help=help_)
    inputs = tuple(types[o] for o in operands)
    arity = PRIMITIVES[primitive].arity
    if not operands or (arity is not None and len(operands) != arity):
        wanted = "one or more" if arity is None else str(arity)
        fail("NAS302", f"`{primitive}` does not take {len(operands)} operands", span=e.span, help=f"give it {wanted}")
    try:
        resolved = PRIMITIVES[primitive](**attributes).resolve(inputs)
        return Operation(name, resolved, operands, resolved.infer(inputs), e.span, mask)
    except ShapeError as error:
        reason, _, remedy = str(error).partition("; ")
        fail("NAS303", f"`{primitive}`: {reason}", span=e.span, help=remedy or FLAT)
    except (TypeError, ValueError, OverflowError) as error:
        help_ = "`archir ops` lists what each primitive takes"
        fail("NAS302", f"`{primitive}` cannot be made: {error.args[0]}", span=e.span, help=help_)


def _mask(value: object, span: Span) -> WeightMask:
    match value:
        case (first, second) if (threshold := real(first)) is not None and (start := real(second)) is not None:
            return WeightMask(threshold, start)
    refuse(span, "`mask=(threshold, start)`")


def _value(e: ast.Expr, types: dict[str, TensorType]) -> str:
    if not isinstance(e, ast.Path):
        refuse(e.span, "a value such as `%x.0`")
    if e.text not in types:
        fail(
            "NAS201",
            f"`%{e.text}` has no value here",
            span=e.span,
            help=did_you_mean(e.text, types) or "compute it before",
        )
    return e.text


def _type(e: ast.Expr | None, span: Span) -> TensorType:
    if isinstance(e, ast.Index) and isinstance(e.base, ast.Name) and e.base.text == "tensor":
        shape = tuple(literal(i) for i in e.indexes)
        if len(shape) in (1, 3) and all(isinstance(n, int) and n > 0 for n in shape):
            return TensorType(shape)
    refuse(e.span if e is not None else span, "a type such as `tensor[16, 32, 32]`")


def _amount(amount: ast.Amount | None) -> Amount | None:
    return None if amount is None else Amount(amount.least, amount.most)
