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


@frozen
class _Group:
    """Columns that are one number: of one sort, with one value for each graph, and of one input or of none."""

    kind: ColumnKind
    values: Values
    reads: str


def assign(graphs: Sequence[Graph], columns: Sequence[Sequence[Column]]) -> tuple[tuple[Argument, ...], list[str]]:
    """The arguments of a class, and for each column its text inside the class.

    `columns` holds one row for each graph. A column that never varies becomes a
    literal; columns of one sort that are always equal become one argument.
    """
    groups = [_Group(c.kind, tuple(row[i].value for row in columns), c.reads) for i, c in enumerate(columns[0])]
    hints: dict[_Group, str] = {}
    for group, column in zip(groups, columns[0], strict=True):
        if len(set(group.values)) > 1:
            hints.setdefault(group, column.hint)
    arguments: list[Argument] = []
    texts: dict[_Group, str] = {}
    for group in sorted(hints, key=lambda g: _rank(graphs, g)):
        text = _follows(graphs, group, arguments)
        if text is None:
            text = unused(_name(graphs, group, hints[group]), (a.name for a in arguments))
            arguments.append(Argument(text, group.kind, group.values))
        texts[group] = text
    return tuple(arguments), [texts[g] if g in texts else literal(g.values[0]) for g in groups]


def literal(value: Number) -> str:
    """A number as Python writes it."""
    if isinstance(value, float) and not isfinite(value):
        return f'float("{value}")'
    return repr(value)


def _rank(graphs: Sequence[Graph], group: _Group) -> int:
    """Channels first (inputs, output, others), then windows, then the rest."""
    if group.kind == "channels":
        inputs, output = channel_vectors(graphs)
        if group.reads:
            return list(inputs).index(group.reads)
        places = [*inputs.values(), output] if len(inputs) == 1 else []
        return len(inputs) + (places.index(group.values) if group.values in places else len(places))
    order: tuple[ColumnKind, ...] = ("k", "stride", "dilation", "pad", "number", "flag")
    return 1000 + order.index(group.kind)


def _name(graphs: Sequence[Graph], group: _Group, hint: str) -> str:
    if group.reads:
        return f"{identifier(group.reads)}_channels"
    if group.kind != "channels":
        return hint
    inputs, output = channel_vectors(graphs)
    if len(inputs) > 1:
        return "channels"
    if group.values in inputs.values():
        return "channels" if group.values == output else "in_channels"
    return "out_channels" if group.values == output else "channels"


def _follows(graphs: Sequence[Graph], group: _Group, known: Sequence[Argument]) -> str | None:
    """The values as an expression over earlier arguments, if one is plain to see.

    Widths inside a block follow from its ends (half of them, six times as many);
    the ends themselves stay independent, as do the widths of cells, since with few
    instances a ratio may hold by chance.
    """
    inputs, output = channel_vectors(graphs)
    if group.kind == "channels":
        if graphs[0].kind != "block" or group.reads or group.values in (*inputs.values(), output):
            return None
        bases = [a for a in reversed(known) if a.values in (*inputs.values(), output)]
        return next((text for a in bases for text in _ratio(a, group.values)), None)
    if group.kind == "pad":
        return next((text for a in known if a.kind == "k" for text in _padding(a, group.values)), None)
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
