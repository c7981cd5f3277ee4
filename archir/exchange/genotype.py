"""DARTS genotypes: `Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=..., reduce=..., reduce_concat=...)`.

The text is parsed, never run. A flat list has two inputs for each node, as in the
DARTS repository; a list of lists has one list a node, with any number of inputs.
"""

from __future__ import annotations

import ast
from typing import Any, NoReturn, TypeAlias

from attrs import frozen

from archir.diagnostics import fail
from archir.source import Source, Span

Input: TypeAlias = tuple[str, int]
"""An operation as DARTS calls it, and the value it reads: 0 and 1 are the cell's inputs, 2 its first node."""

OPERATIONS: dict[str, str] = {  # theirs: ours, a block of lib/ops.nas with its arguments
    "none": "none",
    "max_pool_3x3": "max_pool_3x3",
    "avg_pool_3x3": "avg_pool_3x3",
    "skip_connect": "skip",
    "sep_conv_3x3": "sep_conv:k=3",
    "sep_conv_5x5": "sep_conv:k=5",
    "sep_conv_7x7": "sep_conv:k=7",
    "dil_conv_3x3": "dil_conv:k=3",
    "dil_conv_5x5": "dil_conv:k=5",
    "conv_7x1_1x7": "conv_7x1_1x7",
}
_LONGEST = 1_000_000
_MOST_NODES = 1000
_HELP = "a genotype looks like Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=[2, 3, 4, 5], reduce=..., ...)"


@frozen
class Cell:
    """The inputs of each node, and the values whose concatenation is the output."""

    nodes: tuple[tuple[Input, ...], ...]
    concat: tuple[int, ...]


@frozen
class Genotype:
    """The two cells of a DARTS network."""

    normal: Cell
    reduce: Cell


def call_text(name: str, value: str, stride: int = 1) -> str:
    """One of their operations on a value, in our language."""
    block, _, given = OPERATIONS[name].partition(":")
    arguments = [value, *([given] if given else []), *([f"stride={stride}"] if stride > 1 else [])]
    return f"{block}({', '.join(arguments)})"


def parse_genotype(source: Source, name: str | None = None) -> Genotype:
    """The genotype in a text, or the one that is assigned to `name` where there are several.

    Raises:
        ArchirError: NAS101 if the text is none, or holds several and none is named so.
    """
    return _Reader(source).genotype(name)


@frozen
class _Reader:
    source: Source

    def genotype(self, name: str | None) -> Genotype:
        if len(self.source.text) > _LONGEST:
            self._wrong(None, f"the text is longer than {_LONGEST:,} characters")
        try:
            tree = ast.parse(self.source.text.strip())
        except SyntaxError as error:
            fail("NAS101", f"`{self.source.name}` holds no genotype: {error.msg} in line {error.lineno}", help=_HELP)
        except (ValueError, RecursionError, MemoryError) as error:
            fail("NAS101", f"`{self.source.name}` holds no genotype: {error or 'it is nested too deeply'}", help=_HELP)
        found = {n: call for statement in tree.body for n, call in _calls(statement)}
        if name is not None and name in found:
            return self._genotype(found[name])
        known = ", ".join(f"`{n}`" for n in found if n)
        if name is not None:
            fail(
                "NAS101", f"`{self.source.name}` holds no genotype `{name}`", help=f"it has {known}" if known else _HELP
            )
        if len(found) != 1:
            help_ = f"choose one with --name: {known}" if found else _HELP
            how_many = "several genotypes" if found else "no genotype"
            fail("NAS101", f"`{self.source.name}` holds {how_many}", help=help_)
        return self._genotype(next(iter(found.values())))

    def _genotype(self, call: ast.Call) -> Genotype:
        given = {k.arg: k.value for k in call.keywords if k.arg is not None}
        given |= dict(zip(("normal", "normal_concat", "reduce", "reduce_concat"), call.args, strict=False))
        for part in ("normal", "normal_concat", "reduce", "reduce_concat"):
            if part not in given:
                self._wrong(call, f"`{part}` is missing")
        return Genotype(
            self._cell(given["normal"], given["normal_concat"]), self._cell(given["reduce"], given["reduce_concat"])
        )

    def _cell(self, nodes: ast.expr, concat: ast.expr) -> Cell:
        rows = self._literal(nodes)
        if not isinstance(rows, list | tuple) or not rows or len(rows) > 2 * _MOST_NODES:
            self._wrong(nodes, "a cell is a list of (operation, input)")
        if all(_is_pair(row) for row in rows):
            if len(rows) % 2:
                self._wrong(nodes, "a flat list has two inputs for each node; write a list for each node")
            rows = [rows[i : i + 2] for i in range(0, len(rows), 2)]
        inputs = tuple(self._node(nodes, i, row) for i, row in enumerate(rows, start=2))
        values = self._literal(concat)
        if not isinstance(values, list | tuple | range) or not 0 < len(values) <= _MOST_NODES:
            self._wrong(concat, "the concatenation is a list of nodes, or range(2, 6)")
        for value in values:
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(inputs) + 2:
                self._wrong(concat, f"there is no value {value!r}: the cell has 0 to {len(inputs) + 1}")
        return Cell(inputs, tuple(values))

    def _node(self, at: ast.expr, number: int, row: Any) -> tuple[Input, ...]:
        if not isinstance(row, list | tuple) or not row or not all(_is_pair(pair) for pair in row):
            self._wrong(at, f"node {number} is not a list of (operation, input)")
        for name, place in row:
            if name not in OPERATIONS:
                self._wrong(at, f"there is no operation `{name}`; known are {', '.join(OPERATIONS)}")
            if not 0 <= place < number:
                self._wrong(at, f"node {number} cannot read value {place}: it comes after 0 to {number - 1}")
        return tuple((str(name), int(place)) for name, place in row)

    def _literal(self, e: ast.expr) -> Any:
        """A literal, or `range(start, stop)`."""
        try:
            if isinstance(e, ast.Call) and isinstance(e.func, ast.Name) and e.func.id == "range" and not e.keywords:
                bounds = [ast.literal_eval(a) for a in e.args]
                if 1 <= len(bounds) <= 2 and all(isinstance(b, int) for b in bounds):
                    return range(*bounds)
            return ast.literal_eval(e)
        except (ValueError, TypeError, RecursionError, MemoryError):
            self._wrong(e, "only lists, tuples, words in quotes, numbers and range(2, 6) are read here")

    def _wrong(self, at: ast.AST | None, message: str) -> NoReturn:
        span = None
        if isinstance(at, ast.expr):
            skipped = len(self.source.text) - len(self.source.text.lstrip())
            lines = self.source.text[skipped:].splitlines(keepends=True)
            before = lines[at.lineno - 1].encode()[: at.col_offset].decode(errors="ignore")
            start = skipped + sum(map(len, lines[: at.lineno - 1])) + len(before)
            span = Span(self.source, start, start + 1)
        fail("NAS101", f"this is no genotype: {message}", span=span, help=_HELP)


def _is_pair(row: Any) -> bool:
    return (
        isinstance(row, list | tuple)
        and len(row) == 2
        and isinstance(row[0], str)
        and isinstance(row[1], int)
        and not isinstance(row[1], bool)
    )


def _calls(statement: ast.stmt) -> list[tuple[str, ast.Call]]:
    """`Genotype(...)` calls of one statement, with the name that they are assigned to, or none."""
    value = statement.value if isinstance(statement, ast.Expr | ast.Assign) else None
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name) or value.func.id != "Genotype":
        return []
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return [(t.id, value) for t in targets if isinstance(t, ast.Name)] or [("", value)]


def genotype_text(genotype: Genotype) -> str:
    """A genotype as the DARTS repository writes it; with a list for each node where one has not two inputs."""
    parts = []
    for name, cell in (("normal", genotype.normal), ("reduce", genotype.reduce)):
        flat = all(len(node) == 2 for node in cell.nodes)
        rows: list[Any] = [pair for node in cell.nodes for pair in node] if flat else [list(n) for n in cell.nodes]
        parts += [f"{name}={rows!r}", f"{name}_concat={list(cell.concat)!r}"]
    return f"Genotype({', '.join(parts)})\n"


def network_text(genotype: Genotype, name: str, stem: str, settings: dict[str, int]) -> str:
    """The network as a .nas file. `stem` is `cifar` or `imagenet`; `settings` changes channels, cells, classes."""
    base = "darts" if stem == "cifar" else "darts_imagenet"
    defaults = {"cifar": (36, 20, 10), "imagenet": (48, 14, 1000)}[stem]
    values = dict(zip(("channels", "cells", "classes"), defaults, strict=True)) | settings
    size = "3, 32, 32" if stem == "cifar" else "3, 224, 224"
    params = ", ".join(f"{k} = {v}" for k, v in values.items())
    same = ", ".join(f"{k}={k}" for k in (*values, "normal", "reduce"))
    cells = "\n".join(_cell_text(k, c) for k, c in (("normal", genotype.normal), ("reduce", genotype.reduce)))
    return f"""# Imported from a DARTS genotype.

use ops
use {base}

{cells}
net {name}(image: tensor[{size}], {params}) {{
  return {base}.{base}(image, {same})
}}
"""


def _cell_text(name: str, cell: Cell) -> str:
    lines = [f"  x[{i}] = preprocess({p}, channels, like=prev1)" for i, p in enumerate(("prev2", "prev1"))]
    for i, node in enumerate(cell.nodes, start=2):
        terms = [call_text(op, f"x[{j}]", 2 if name == "reduce" and j < 2 else 1) for op, j in node]
        lines.append(f"  x[{i}] = {' + '.join(terms)}")
    first, last = cell.concat[0], cell.concat[-1]
    run = cell.concat == tuple(range(first, last + 1))
    values = f"x[{first}..{last + 1}]" if run else ", ".join(f"x[{i}]" for i in cell.concat)
    body = "\n".join([*lines, f"  return concat({values})"])
    return f"cell {name}(prev2, prev1, channels) {{\n{body}\n}}\n"
