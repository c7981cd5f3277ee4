"""`choose adjacent 2 from c[4..10]`: which values in a row are handed on (H-DAS, Eq. 3)."""

from __future__ import annotations

from archir.ir.behind import contested
from archir.ir.graph import Graph, adjacent
from archir.sema.context import Frame
from archir.sema.values import POISON, Tensor, Value, kind_of
from archir.syntax import ast


def choose_adjacent(frame: Frame, e: ast.Adjacent) -> Value:
    """The values of a new choice of windows, a list of as many as it keeps; POISON where it cannot be made."""
    if e.active is not None:
        help_ = "leave it out; the pass `restrict` writes it"
        return frame.error("NAS304", "`active` belongs to the flat form", e.span, help=help_)
    values = frame.session.evaluate(frame, e.sources)
    if values is POISON:
        return POISON
    listed = values if isinstance(values, tuple) else (values,)
    for value in listed:
        if not isinstance(value, Tensor):
            help_ = f"write `choose adjacent {e.count} from x[2..n]`"
            message = f"`choose adjacent` keeps some of several tensors, found {kind_of(value)}"
            return frame.error("NAS304", message, e.sources.span, help=help_)
    if e.count < 2:
        help_ = "a single value is kept by candidates: `choose candidates from x[0..n] keep 1 edge`"
        return frame.error("NAS307", f"`choose adjacent` keeps two values or more, not {e.count}", e.span, help=help_)
    if e.count > len(listed):
        help_ = "keep fewer, or give it more values"
        message = f"cannot keep {e.count} adjacent values: there {_are(len(listed))}"
        return frame.error("NAS307", message, e.sources.span, help=help_)
    for place, value in enumerate(listed):
        if value.type != listed[0].type:
            message = (
                f"`choose adjacent` keeps values of one type: value 0 is {listed[0].type}, value {place} {value.type}"
            )
            return frame.error("NAS303", message, e.sources.span, help="bring them to one type before they are chosen")
    choice = adjacent("", ("",) * len(listed), e.count, listed[0].type, e.span)
    return frame.builder.add_all(choice, listed, "choose")


def _are(n: int) -> str:
    return f"{'is' if n == 1 else 'are'} {n}"


def check_windows(frame: Frame, graph: Graph) -> None:
    """Reports nodes of a graph that two `choose adjacent` could leave out."""
    spans = {node.name: node.span for node in graph.nodes}
    for name in contested(graph):
        help_ = "let one of them keep values that the other does not lead to, or return them from another definition"
        message = f"`{name}` stands behind two `choose adjacent`, and each could leave it out"
        span = spans[name]
        assert span is not None
        frame.error("NAS307", message, span, help=help_)
        return
