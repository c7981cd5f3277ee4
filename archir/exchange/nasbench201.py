"""NAS-Bench-201 strings: `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, product
from typing import TypeAlias

from archir.diagnostics import fail
from archir.sema.suggest import did_you_mean
from archir.source import Source, Span

Edges: TypeAlias = tuple[tuple[str, ...], ...]
"""For nodes 1, 2 and 3, the operation on the edge from each earlier value."""

OPERATIONS: dict[str, str] = {  # theirs: ours, with `x` for the value
    "none": "",
    "skip_connect": "skip({x})",
    "nor_conv_1x1": "relu_conv_bn({x}, k=1)",
    "nor_conv_3x3": "relu_conv_bn({x}, k=3)",
    "avg_pool_3x3": "avg_pool_plain({x})",
}
_HELP = "an architecture looks like |nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|nor_conv_1x1~2|"


def parse_architecture(source: Source) -> Edges:
    """The operations of an architecture string; raises `ArchirError` NAS101 if the text is none."""
    text = source.text.strip()
    nodes = text.split("+")
    if len(nodes) != 3 or not all(re.fullmatch(r"\|([^|+]*\|)+", n) for n in nodes):
        fail("NAS101", "this is no architecture of NAS-Bench-201", span=_span(source, text), help=_HELP)
    edges = []
    for number, node in enumerate(nodes, start=1):
        terms = [term.partition("~") for term in node.strip("|").split("|")]
        if [place for _, _, place in terms] != [str(j) for j in range(number)]:
            message = f"node {number} needs one operation from each of its {number} earlier values, in order"
            fail("NAS101", message, span=_span(source, node), help=_HELP)
        for name, _, _ in terms:
            if name not in OPERATIONS:
                help_ = did_you_mean(name, OPERATIONS) or f"known are {', '.join(OPERATIONS)}"
                fail("NAS101", f"there is no operation `{name}`", span=_span(source, name or node), help=help_)
        edges.append(tuple(name for name, _, _ in terms))
    return tuple(edges)


def _span(source: Source, part: str) -> Span:
    start = max(0, source.text.find(part))
    return Span(source, start, start + max(1, len(part)))


def architecture_text(edges: Edges) -> str:
    """An architecture string."""
    return "+".join(f"|{'|'.join(f'{name}~{j}' for j, name in enumerate(node))}|" for node in edges)


def all_architectures() -> Iterator[Edges]:
    """All 15,625, in lexical order of the operations."""
    for names in product(OPERATIONS, repeat=6):
        rest = iter(names)
        yield tuple(tuple(islice(rest, n)) for n in (1, 2, 3))


def network_text(edges: Edges, name: str, settings: dict[str, int]) -> str:
    """The network as a .nas file; `settings` changes channels, cells (a stage) and classes."""
    values = {"channels": 16, "cells": 5, "classes": 10} | settings
    params = ", ".join(f"{k} = {v}" for k, v in values.items())
    same = ", ".join(f"{k}={k}" for k in (*values, "normal"))
    lines = ["  x[0] = prev"]
    for i, node in enumerate(edges, start=1):
        terms = [OPERATIONS[op].format(x=f"x[{j}]") for j, op in enumerate(node) if op != "none"]
        lines.append(f"  x[{i}] = {' + '.join(terms) or 'none(x[0])'}")
    body = "\n".join([*lines, "  return x[3]"])
    return f"""# Imported from NAS-Bench-201: {architecture_text(edges)}

use ops
use nasbench201

cell normal(prev) {{
{body}
}}

net {name}(image: tensor[3, 32, 32], {params}) {{
  return nasbench201.nasbench201(image, {same})
}}
"""
