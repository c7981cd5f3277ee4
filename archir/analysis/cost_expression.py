"""A cost as an objective: an expression over the gates of a relaxed module, so that architecture parameters descend it.

cost = fixed + sum over choices of dot(gate, F[choice])

F is the cost table. This is the expected cost where gates are probabilities: R(A) of HourNAS (Eqs. 5 to 10), the FLOPs
of H-DAS' complexity loss (Eq. 5).
"""

from __future__ import annotations

from collections.abc import Iterator

from archir.analysis.conventions import DEFAULT
from archir.analysis.table import MEASURES, Alternative, Row, cost_table, refuse_sharing, shape_of
from archir.diagnostics import fail
from archir.ir.gates import Apply, Gate, Number, Parameter, Table, added, multiplied, picked
from archir.ir.graph import Choice
from archir.ir.module import Module, choice_instances
from archir.ir.rewrite import rewritten
from archir.ops.norm import restored


def cost_expression(module: Module, measure: str = "macs", convention: str = DEFAULT) -> Gate:
    """The expected `params`, `macs` or `elements` of a relaxed module under its gates.

    A choice is read through the gate of its first instance. What is nested in a candidate is multiplied by that
    candidate's coefficient, and what stands behind windows by the sum of theirs. The costs are those of the
    network that would be derived: without a bottleneck, and with the scale and shift of its batch norms.

    Raises:
        ArchirError: NAS201 for another measure; NAS402 where a choice that is nested in several candidates has a
            choice nested in it, so that the table does not say which of its costs lie where.
    """
    if measure not in MEASURES:
        fail("NAS201", f"there is no measure `{measure}`", help=f"use one of {', '.join(MEASURES)}")
    instances = {i.key: i for i in reversed(tuple(choice_instances(module.graph)))}
    choices = {i.key: i.choice for i in choice_instances(module.base or module.graph)}
    table = cost_table(derived_space(module), convention)
    behind: dict[str, list[Alternative | None]] = {}
    for row in table.rows:
        behind.setdefault(row.key, []).append(row.behind)
    terms: list[Gate] = [Number(getattr(table.fixed, measure))]
    for row, costs in table.rows.items():
        choice = choices[row.key]
        numbers = {place: getattr(cost, measure) for place, cost in costs.items()}
        term: Gate = Apply("dot", (Parameter(instances[row.key].path), _table(choice, numbers)))
        for open_ in _opened(row, behind):
            edge = choices[open_.key].edges[open_.edge]
            gate = Parameter(instances[open_.key].path)
            share = added(picked(gate, open_.edge, k) for k, c in edge.alternatives if c.name in open_.operations)
            term = multiplied((share, term))
        terms.append(term)
    return added(terms)


def derived_space(module: Module) -> Module:
    """The space of what is derived: the base, without a bottleneck, and batch norms with scale and shift."""
    graph = rewritten(module.base or module.graph, lambda g: tuple(map(restored, g.nodes)))
    return Module(module.name, "space", graph)


def _table(choice: Choice, numbers: dict[tuple[int, str], float]) -> Table:
    _, most = shape_of(choice)
    rows: list[list[float]] = [[0] * most for _ in choice.edges]
    for e, edge in enumerate(choice.edges):
        for k, candidate in edge.alternatives:
            rows[e][k] = numbers[e, candidate.name]
    return Table(tuple(map(tuple, rows)))


def _opened(row: Row, behind: dict[str, list[Alternative | None]]) -> Iterator[Alternative]:
    """The alternatives that must be kept for a row to be paid, innermost first."""
    here = row.behind
    while here is not None:
        yield here
        outer = behind[here.key]
        if len(outer) > 1:
            refuse_sharing()
        here = outer[0]
