"""Which numbers of a class are arguments, what they are called, and which follow from others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import TypeAlias

from attrs import frozen

from archir.ir.graph import Graph
from archir.lowering.source.names import identifier, unused
from archir.lowering.source.row import Column, ColumnKind, Number

Values: TypeAlias = tuple[Number, ...]


@frozen
class Argument:
    """A constructor argument and its value for each graph of the class."""

    name: str
    kind: ColumnKind
    values: Values

    @property
    def annotation(self) -> str:
        """Its type, as written in the signature."""
        found = {"tuple[int, int]" if isinstance(v, tuple) else type(v).__name__ for v in self.values}
        return " | ".join(sorted(found))


def channel_vectors(graphs: Sequence[Graph]) -> tuple[dict[str, Values], Values]:
    """The channels of each input and of the output, for each graph."""
    inputs: dict[str, Values] = {
        v.name: tuple(g.inputs[i].type.channels for g in graphs) for i, v in enumerate(graphs[0].inputs)
    }
    return inputs, tuple(g.type.channels for g in graphs)


def assign(graphs: Sequence[Graph], columns: Sequence[Sequence[Column]]) -> tuple[tuple[Argument, ...], list[str]]:
    """The arguments of a class, and for each column its text inside the class.

    `columns` holds one row for each graph. A column that never varies becomes a
    literal; columns of one sort that are always equal become one argument.
    """
    positions = [(c.hint, c.kind, tuple(row[i].value for row in columns)) for i, c in enumerate(columns[0])]
    varying = {(kind, values): hint for hint, kind, values in reversed(positions) if len(set(values)) > 1}
    ordered = [key for key in dict.fromkeys((k, v) for _, k, v in positions) if key in varying]
    arguments: list[Argument] = []
    derived: dict[tuple[ColumnKind, Values], str] = {}
    for kind, values in sorted(ordered, key=lambda key: _rank(graphs, *key)):
        text = _follows(graphs, kind, values, arguments)
        if text is None:
            name = _name(graphs, kind, values, varying[kind, values])
            arguments.append(Argument(unused(name, (a.name for a in arguments)), kind, values))
            text = arguments[-1].name
        derived[kind, values] = text
    return tuple(arguments), [derived[k, v] if (k, v) in derived else literal(v[0]) for _, k, v in positions]


def literal(value: Number) -> str:
    """A number as Python writes it."""
    if isinstance(value, float) and not isfinite(value):
        return f'float("{value}")'
    return repr(value)


def _rank(graphs: Sequence[Graph], kind: ColumnKind, values: Values) -> int:
    """Channels first (inputs, output, others), then windows, then the rest."""
    if kind == "channels":
        inputs, output = channel_vectors(graphs)
        places = [*inputs.values(), output]
        return places.index(values) if values in places else len(places)
    order: tuple[ColumnKind, ...] = ("k", "stride", "dilation", "pad", "number", "flag")
    return 1000 + order.index(kind)


def _name(graphs: Sequence[Graph], kind: ColumnKind, values: Values, hint: str) -> str:
    if kind != "channels":
        return hint
    inputs, output = channel_vectors(graphs)
    ends_in = [name for name, vector in inputs.items() if vector == values]
    if len(inputs) > 1 and len(ends_in) == 1:
        return f"{identifier(ends_in[0])}_channels"
    if ends_in and values == output:
        return "channels"
    if ends_in:
        return "in_channels"
    return "out_channels" if values == output else "channels"


def _follows(graphs: Sequence[Graph], kind: ColumnKind, values: Values, known: Sequence[Argument]) -> str | None:
    """The values as an expression over earlier arguments, if one is plain to see.

    Widths inside a block follow from its ends (half of them, six times as many);
    the ends themselves stay independent, as do the widths of cells, since with few
    instances a ratio may hold by chance.
    """
    inputs, output = channel_vectors(graphs)
    if kind == "channels":
        if graphs[0].kind != "block" or values in (*inputs.values(), output):
            return None
        bases = [a for a in reversed(known) if a.values in (*inputs.values(), output)]
        return next((text for a in bases for text in _ratio(a, values)), None)
    if kind == "pad":
        return next((text for a in known if a.kind == "k" for text in _padding(a, values)), None)
    return None


def _ratio(base: Argument, values: Values) -> Iterator[str]:
    pairs = [(b, v) for b, v in zip(base.values, values, strict=True) if isinstance(b, int) and isinstance(v, int)]
    if len(pairs) < len(values):
        return
    (b, v), *_ = pairs
    if v >= b and all(y == x * (v // b) for x, y in pairs):
        yield f"{v // b} * {base.name}"
    elif v < b and all(y == x // (b // v) for x, y in pairs):
        yield f"{base.name} // {b // v}"
    elif all(y == x - x // 2 for x, y in pairs):
        yield f"{base.name} - {base.name} // 2"


def _padding(k: Argument, values: Values) -> Iterator[str]:
    pairs = [(a, v) for a, v in zip(k.values, values, strict=True) if isinstance(a, int) and isinstance(v, int)]
    if len(pairs) < len(values):
        return
    if all(v == a // 2 for a, v in pairs):
        yield f"{k.name} // 2"
    elif all(v == a - 1 for a, v in pairs):
        yield f"{k.name} - 1"
