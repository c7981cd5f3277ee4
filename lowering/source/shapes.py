"""Shapes for docstrings, in the terms of a class's arguments."""

from __future__ import annotations

from collections.abc import Sequence

from archir.ir.graph import Graph
from archir.ir.types import TensorType
from archir.lowering.source.arguments import Argument
from archir.lowering.source.names import identifier


def signature(graphs: Sequence[Graph], arguments: Sequence[Argument]) -> str:
    """`[N, channels, H, W] -> [N, channels, H / 2, W / 2]`; heights count from the last input's."""
    base = [g.inputs[-1].type for g in graphs]
    inputs = []
    for i, value in enumerate(graphs[0].inputs):
        first = [a for a in arguments if a.name == f"{identifier(value.name)}_channels"]
        other = f"C{i + 1}" if len(graphs[0].inputs) > 1 else "C"
        inputs.append(_shape([g.inputs[i].type for g in graphs], base, [*first, *arguments], other))
    own = arguments if len(inputs) == 1 else [a for a in arguments if not a.name.endswith("_channels")]
    return f"{', '.join(inputs)} -> {_shape([g.type for g in graphs], base, own, 'C_out')}"


def _shape(types: Sequence[TensorType], base: Sequence[TensorType], arguments: Sequence[Argument], other: str) -> str:
    parts = ["N", _channels([t.channels for t in types], arguments) or other]
    if types[0].is_map:
        steps = next((a for a in arguments if a.kind == "stride"), None)
        parts += [_size([t.height for t in types], [b.height for b in base], "H", steps)]
        parts += [_size([t.width for t in types], [b.width for b in base], "W", steps)]
    return f"[{', '.join(parts)}]"


def _channels(values: Sequence[int], arguments: Sequence[Argument]) -> str | None:
    if len(set(values)) == 1:
        return str(values[0])
    widths = [a for a in arguments if a.kind == "channels"]
    for argument in widths:
        if argument.values == tuple(values):
            return argument.name
    for argument in reversed(widths):  # a cell's own width comes last
        pairs = [(a, v) for a, v in zip(argument.values, values, strict=True) if isinstance(a, int)]
        factor = pairs[0][1] // pairs[0][0]
        if factor and all(v == factor * a for a, v in pairs):
            return f"{factor} * {argument.name}"
    return None


def _size(values: Sequence[int], base: Sequence[int], letter: str, steps: Argument | None) -> str:
    """A height or width: the number if it is always the same, else relative to the base's."""
    if len(set(values)) == 1 and len(set(base)) == 1:
        return str(values[0])
    pairs = list(zip(values, base, strict=True))
    if all(v == b for v, b in pairs):
        return letter
    if all(v == -(-b // 2) for v, b in pairs):
        return f"{letter} / 2"
    if all(v == 2 * b for v, b in pairs):
        return f"2 * {letter}"
    if steps is not None and all(
        isinstance(s, int) and v == -(-b // s) for (v, b), s in zip(pairs, steps.values, strict=True)
    ):
        return f"{letter} / {steps.name}"
    return f"{letter}'"
