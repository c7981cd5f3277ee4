"""Expected depth of relaxed stages, as values that objectives read (H-DAS, Liu et al. 2021, Eq. 2).

The depth of a cell is the number of cells on the way to it, itself included: d_i = sum_j a_ij (d_j + 1), and 0 for the
inputs of the stage. a_ij is the share of edge j in what the edges into i carry that is not `none`; where they carry
`none` alone, the depth is 0. Of a value with several operands it is their mean, so that the depth of a stage is the
mean number of cells on a way from its output back to its inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from attrs import define, evolve, field, frozen

from archir.analysis.axes import axes_of
from archir.analysis.depth import is_cell, stages
from archir.analysis.gate_rows import Array
from archir.analysis.gates import evaluate_values
from archir.ir.gates import Apply, Gate, Number, Parameter, Table, added, multiplied, picked
from archir.ir.graph import Choice, Graph, results
from archir.ir.module import ArchitectureParameter, Module, NamedValue, join

_Terms: TypeAlias = tuple[tuple[Gate | None, Gate | None], ...]
"""What a value is a mixture of: weights (None: 1) and depths (None: 0)."""


@frozen
class CellDepth:
    """A cell of a stage: the expression of its depth, and those coefficients of windows whose last value it is."""

    name: str
    depth: Gate
    last_of: tuple[Gate, ...]


@frozen
class StageDepth:
    """A stage by its path, its cells in order, the depth of its output, and the values that these read, in order."""

    path: str
    cells: tuple[CellDepth, ...]
    depth: Gate
    values: tuple[NamedValue, ...]


def expected_depths(module: Module) -> tuple[StageDepth, ...]:
    """The stages of a relaxed module that hold cells, in order of computation."""
    found = (_Stage(path, graph).made() for path, graph in stages(module.base or module.graph))
    return tuple(stage for stage in found if stage.cells)


def depths_at(module: Module, values: Mapping[str, Array] | None = None) -> dict[str, float]:
    """The expected depth of each stage by its path, at these values; without, where all parameters are zero.

    Raises `ArchirError` NAS403 for a missing value.
    """
    found = expected_depths(module)
    leaves = (*module.parameters, *(ArchitectureParameter(c.name, (), 0.0) for c in module.clocks))
    read = {leaf.name: np.zeros(leaf.shape) for leaf in leaves} if values is None else values
    named = evolve(module, values=tuple(value for stage in found for value in stage.values))
    numbers = evaluate_values(named, read)
    return {stage.path: float(numbers[stage.values[-1].name]) for stage in found}


@define
class _Stage:
    path: str
    graph: Graph
    values: list[NamedValue] = field(factory=list)
    terms: dict[str, _Terms] = field(factory=dict)

    def made(self) -> StageDepth:
        cells: dict[str, Gate] = {}
        last_of: dict[str, list[Gate]] = {}
        self.terms = {value.name: ((None, None),) for value in self.graph.inputs}
        for node in self.graph.nodes:
            if isinstance(node, Choice) and node.windows:
                places = [k for k, _ in node.edges[0].alternatives]
                gates = [picked(self._gate(node), 0, k) for k in places]
                for k, gate in zip(places, gates, strict=True):
                    last_of.setdefault(node.filled(k)[-1], []).append(gate)
                for slot, name in enumerate(results(node)):
                    sources = [node.filled(k)[slot] for k in places]
                    self.terms[name] = self._mixed(gates, sources)
            elif isinstance(node, Choice):
                shares = self._named(f"{node.name}.edges", Apply("shares", (self._solid(node),)))
                weights = [picked(shares, e, 0) for e in range(len(node.edges))]
                terms = tuple(
                    term
                    for weight, edge in zip(weights, node.edges, strict=True)
                    for term in _scaled(weight, self._mean(edge.sources))
                )
                self.terms |= dict.fromkeys(results(node), terms)
            elif is_cell(node):
                cells[node.name] = self._named(node.name, _depth(self._mean(node.operands), through_a_cell=True))
                self.terms[node.name] = ((None, cells[node.name]),)
            else:
                self.terms[node.name] = self._mean(node.operands)
        of_output = self._named("", _depth(self.terms[self.graph.output]))
        found = tuple(CellDepth(name, depth, tuple(last_of.get(name, ()))) for name, depth in cells.items())
        return StageDepth(self.path, found, of_output, tuple(self.values))

    def _gate(self, choice: Choice) -> Gate:
        return Parameter(join(self.path, choice.name))

    def _solid(self, choice: Choice) -> Gate:
        """What each edge carries that is not `none`."""
        rows = tuple(tuple(float(solid) for solid in row) for row in axes_of(choice).solid)
        return Apply("per_edge", (self._gate(choice), Table(rows)))

    def _named(self, name: str, value: Gate) -> Gate:
        self.values.append(NamedValue(".".join(filter(None, ("depth", self.path, name))), value))
        return Parameter(self.values[-1].name)

    def _mixed(self, weights: Sequence[Gate], sources: Sequence[str]) -> _Terms:
        pairs = zip(weights, sources, strict=True)
        return tuple(term for weight, source in pairs for term in _scaled(weight, self.terms[source]))

    def _mean(self, operands: Sequence[str]) -> _Terms:
        """The mean of several values; the slots of a choice are one mixture."""
        different = list(dict.fromkeys(self.terms[o] for o in operands))
        if len(different) == 1:
            return different[0]
        share = Number(1 / len(operands))
        return tuple(term for o in operands for term in _scaled(share, self.terms[o]))


def _scaled(weight: Gate, terms: _Terms) -> _Terms:
    return tuple((weight if w is None else multiplied((weight, w)), depth) for w, depth in terms)


def _depth(terms: _Terms, *, through_a_cell: bool = False) -> Gate:
    """The sum of weight times depth, one more where the way leads through a cell."""
    return added(_summands(terms, through_a_cell))


def _summands(terms: _Terms, through_a_cell: bool) -> Iterator[Gate]:
    for weight, depth in terms:
        one = Number(1.0) if through_a_cell else None
        total = one if depth is None else depth if one is None else added((depth, one))
        if total is not None:
            yield total if weight is None else weight if total == Number(1.0) else multiplied((weight, total))
