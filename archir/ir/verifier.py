"""The invariants of a module, in one place. Run after every pass, and on every text in the flat form."""

from __future__ import annotations

from archir.diagnostics import ArchirError, Diagnostic
from archir.ir.facts import Facts, ModuleInvariant
from archir.ir.graph import Call, Choice, Graph
from archir.ir.invariants import GRAPH_INVARIANTS, Breach, GraphInvariant
from archir.ir.module import Module, choice_instances
from archir.ir.module_invariants import FORM, MODULE_INVARIANTS

MOST_REPORTED = 20


def verify(module: Module) -> None:
    """Checks every invariant; raises `ArchirError` (NAS405) that lists what is broken, at most 20 places.

    Each distinct graph is looked at once, however often it is called.
    """
    graphs = distinct_graphs(module.graph)
    if module.base is not None:
        known = set(map(id, graphs))
        graphs += tuple(g for g in distinct_graphs(module.base) if id(g) not in known)
    found: list[tuple[GraphInvariant | ModuleInvariant, Breach]] = []
    found += [(row, breach) for row in GRAPH_INVARIANTS for graph in graphs for breach in row.check(graph)]
    if not found:  # instances are only well defined where every graph is
        facts = Facts(module, graphs, tuple(choice_instances(module.graph)))
        rows = [row for row in MODULE_INVARIANTS if module.form in row.forms or row is FORM]
        found = [(row, breach) for row in rows for breach in row.check(facts)]
    if found:
        raise ArchirError(*(_diagnostic(row, breach) for row, breach in found[:MOST_REPORTED]))


def _diagnostic(row: GraphInvariant | ModuleInvariant, breach: Breach) -> Diagnostic:
    return Diagnostic(
        "NAS405",
        breach.message,
        breach.span,
        notes=(f"invariant `{row.name}`: {row.statement}",),
        help="correct the text if it was written by hand; after a pass, this is a fault of the pass",
    )


def distinct_graphs(graph: Graph) -> tuple[Graph, ...]:
    """The graph and all that it calls or offers as candidates, each object once, callers first."""
    seen: dict[int, Graph] = {}
    waiting = [graph]
    while waiting:
        here = waiting.pop()
        if id(here) in seen:
            continue
        seen[id(here)] = here
        for node in here.nodes:
            if isinstance(node, Call):
                waiting.append(node.graph)
            elif isinstance(node, Choice):
                waiting.extend(candidate.graph for edge in node.edges for candidate in edge.candidates)
    return tuple(seen.values())
