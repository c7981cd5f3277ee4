"""`keep 2 edges some ops`: how much of a choice stays."""

from __future__ import annotations

from archir.ir.graph import Amount, Edge, Keep
from archir.ops.zeros import gives_zeros
from archir.sema.context import Frame
from archir.syntax import ast


def kept_amounts(frame: Frame, keep: ast.Keep, edges: list[Edge]) -> Keep | None:
    """The rule of a choice of these edges; None (reported) where it cannot be kept to."""
    most_edges = len(edges)
    most_operations = max(len(edge.candidates) for edge in edges)
    edge_amount = _amount(frame, keep.edges, most_edges, "edges")
    operations = _amount(frame, keep.operations, most_operations, "operations")
    if keep.edges is None and most_edges > 1:
        message = f"there are {most_edges} edges here, and nothing is said about how many stay"
        frame.error("NAS307", message, keep.span, help="write `keep 2 edges`, or `keep any edges`")
        return None
    if (keep.edges is not None and edge_amount is None) or (keep.operations is not None and operations is None):
        return None
    amount = operations or Amount(1, 1)
    if edge_amount is not None:
        usable = sum(sum(not gives_zeros(c.graph) for c in edge.candidates) >= amount.least for edge in edges)
        if usable < edge_amount.least:
            message = f"{edge_amount.least} edges cannot stay: candidates other than `none` are on {usable}"
            frame.error("NAS307", message, keep.span, help="keep fewer, or add candidates")
            return None
    return Keep(edge_amount, amount)


def _amount(frame: Frame, amount: ast.Amount | None, available: int, what: str) -> Amount | None:
    if amount is None:
        return None
    if amount.word == "all":
        return Amount(available, available)
    most = available if amount.most is None else amount.most
    if amount.least > available or most > available or most < amount.least or most < 1:
        written = str(amount.least) if amount.least == most else f"{amount.least}..{most}"
        there = f"there {'is' if available == 1 else 'are'} {available} {what if available > 1 else what[:-1]}"
        help_ = f"keep {'1' if available == 1 else f'1 to {available}'}, or `any`, `some` or `all`"
        frame.error("NAS307", f"cannot keep {written} {what}: {there}", amount.span, help=help_)
        return None
    return Amount(amount.least, amount.most)
