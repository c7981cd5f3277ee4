"""The untyped tree of a .nas text. Equality ignores where a node stands."""

from __future__ import annotations

from typing import Literal as Only
from typing import TypeAlias

from attrs import field, frozen

from archir.source import Source, Span


@frozen
class Node:
    """Anything in the tree; `span` is where it was written."""

    span: Span = field(eq=False, repr=False, kw_only=True)


# expressions


@frozen
class Name(Node):
    """A plain name."""

    text: str


@frozen
class Path(Node):
    """A value or parameter in the flat form, written `%text`."""

    text: str


@frozen
class GraphName(Node):
    """A graph or candidate set in the flat form, written `@text`."""

    text: str


@frozen
class Literal(Node):
    """A number or string; `text` is how it was written."""

    value: int | float | str
    text: str = field(eq=False)


@frozen
class TupleOf(Node):
    """`(a, b)`."""

    items: tuple[Expr, ...]


@frozen
class ListOf(Node):
    """`[a, b]`."""

    items: tuple[Expr, ...]


@frozen
class Options(Node):
    """`{a, b}`: one candidate for each value."""

    items: tuple[Expr, ...]


@frozen
class Arithmetic(Node):
    """`first op term op term ...`, operators of one precedence, from left to right."""

    first: Expr
    rest: tuple[tuple[str, Expr], ...]


@frozen
class Power(Node):
    """`base ** exponent`."""

    base: Expr
    exponent: Expr


@frozen
class Minus(Node):
    """`-value`."""

    value: Expr


@frozen
class Comparison(Node):
    """`left op right`."""

    left: Expr
    operator: str
    right: Expr


@frozen
class Logic(Node):
    """`a and b and ...` or `a or b or ...`."""

    operator: Only["and", "or"]
    terms: tuple[Expr, ...]


@frozen
class Not(Node):
    """`not value`."""

    value: Expr


@frozen
class Conditional(Node):
    """`value if test else otherwise`."""

    value: Expr
    test: Expr
    otherwise: Expr


@frozen
class Range(Node):
    """`start..stop`, without `stop`."""

    start: Expr
    stop: Expr


@frozen
class Pipe(Node):
    """`first |> stage |> stage`: each stage is called with what comes before it."""

    first: Expr
    stages: tuple[Expr, ...]


@frozen
class Index(Node):
    """`base[i, ...]`."""

    base: Expr
    indexes: tuple[Expr, ...]


@frozen
class Attribute(Node):
    """`base.name`."""

    base: Expr
    name: str


@frozen
class Own(Node):
    """`base@tag`: a definition with architecture parameters of its own for each tag."""

    base: Expr
    tag: Expr


@frozen
class Argument(Node):
    """`value`, `*value` or `name=value`."""

    value: Expr
    name: str | None = None
    spread: bool = False


@frozen
class Call(Node):
    """`callee(arguments)`."""

    callee: Expr
    arguments: tuple[Argument, ...]


@frozen
class EdgeSet(Node):
    """`candidates from sources`; in the flat form perhaps `at %home` and `active skip | none`."""

    candidates: Expr
    sources: Expr
    home: str | None = None
    active: tuple[str, ...] | None = None


@frozen
class Amount(Node):
    """`2`, `1..3`, or `any`, `some`, `all`."""

    least: int
    most: int | None
    word: str | None = None


@frozen
class Keep(Node):
    """`keep 2 edges`, `keep some edges any ops`, `keep 1 op`."""

    edges: Amount | None
    operations: Amount | None


@frozen
class Choose(Node):
    """`choose A from x and B from y keep 2 edges`."""

    edges: tuple[EdgeSet, ...]
    keep: Keep


@frozen
class Adjacent(Node):
    """`choose adjacent 2 from x[4..10]`; in the flat form perhaps `active window_0 | window_2`."""

    count: int
    sources: Expr
    active: tuple[str, ...] | None = None


Expr: TypeAlias = (
    Name | Path | GraphName | Literal | TupleOf | ListOf | Options | Arithmetic | Power | Minus | Comparison | Logic
    | Not | Conditional | Range | Pipe | Index | Attribute | Own | Call | Choose | Adjacent
)  # fmt: skip

# statements


@frozen
class Block(Node):
    """`{ statements }`."""

    statements: tuple[Statement, ...]


@frozen
class Assign(Node):
    """`targets = values`; `type` stands in the flat form only."""

    targets: tuple[Expr, ...]
    values: tuple[Expr, ...]
    type: Expr | None = None


@frozen
class Return(Node):
    """`return value`."""

    value: Expr


@frozen
class Require(Node):
    """`require test`."""

    test: Expr


@frozen
class Phase(Node):
    """A call that stands alone: a step of a method."""

    call: Expr


@frozen
class For(Node):
    """`for targets in iterable { ... }`."""

    targets: tuple[Expr, ...]
    iterable: Expr
    body: Block


@frozen
class If(Node):
    """`if test { ... } else { ... }`."""

    test: Expr
    body: Block
    otherwise: Block | If | None


Statement: TypeAlias = Assign | Return | Require | Phase | For | If

# what a file holds


@frozen
class Use(Node):
    """`use path as alias`."""

    path: tuple[str, ...]
    alias: str | None


@frozen
class Constant(Node):
    """`const name = value`."""

    name: str
    value: Expr


@frozen
class Param(Node):
    """`name: type = default`; in the flat form `%name: type`."""

    name: str
    type: Expr | None
    default: Expr | None


@frozen
class Alternative(Node):
    """One candidate: `label: value when legal`."""

    label: str | None
    value: Expr
    when_legal: bool


@frozen
class Candidates(Node):
    """`candidates name(params) = a | b`."""

    name: str
    params: tuple[Param, ...]
    alternatives: tuple[Alternative, ...]


@frozen
class Definition(Node):
    """A cell, net, block, stage or method."""

    kind: str
    name: str
    params: tuple[Param, ...]
    body: Block


@frozen
class Binding(Node):
    """`parameter %path = value`, and likewise a clock, noise, gate, value or objective, in the flat form."""

    what: Only["parameter", "clock", "noise", "gate", "value", "objective"]
    path: str
    value: Expr


@frozen
class Base(Node):
    """`base @graph` in the flat form: the net that points are applied to."""

    graph: str


@frozen
class Flat(Node):
    """`module name form { ... }`: a module in the flat form."""

    name: str
    form: str
    items: tuple[Definition | Candidates | Binding | Base, ...]


Item: TypeAlias = Use | Constant | Candidates | Definition | Flat


@frozen
class File:
    """All items of one text, in order."""

    source: Source = field(eq=False, repr=False)
    items: tuple[Item, ...]
