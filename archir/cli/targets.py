"""`--target` of a search: what the network shall cost, as the method's parameter `target`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from archir.diagnostics import fail
from archir.ir.module import Module
from archir.ir.origin import Setting

PARAMETER = "target"


def with_targets(
    of_method: Mapping[str, Setting], texts: tuple[str, ...], method: str, parameters: Iterable[str]
) -> dict[str, Setting]:
    """The method's settings with the targets; raises `ArchirError` NAS505 if it takes none, NAS406 if one is none."""
    from archir.proposals.targets import parse_targets

    if not texts:
        return dict(of_method)
    if PARAMETER not in parameters:
        message = f"the method `{method}` meets no targets: it has no parameter `{PARAMETER}`"
        fail("NAS505", message, help="leave `--target` out, or use a method that has one, such as `hournas`")
    if PARAMETER in of_method:
        fail("NAS505", "the targets are given twice", help=f"leave out `--target` or `--set {PARAMETER}=...`")
    parse_targets(texts)
    return {**of_method, PARAMETER: texts}


def absolute(of_method: Mapping[str, Setting], space: Callable[[], Module]) -> dict[str, Setting]:
    """The settings with shares of the space's range as amounts: what a method leaves of a space has another range."""
    from archir.proposals.budget import COARSE, budget_of
    from archir.proposals.tables import tables_of
    from archir.proposals.targets import parse_targets

    given = of_method.get(PARAMETER)
    texts = tuple(map(str, given)) if isinstance(given, tuple) else ()
    targets = parse_targets(texts) if texts else ()
    if not any(t.share for t in targets):
        return dict(of_method)
    whole = space()
    tables = tables_of(whole, targets, str(of_method.get("latency", "")))
    amounts = budget_of(whole, targets, tables, COARSE).targets.tolist()
    rows = zip(texts, targets, amounts, strict=True)
    return {**of_method, PARAMETER: tuple(_amount(t.measure, a) if t.share else text for text, t, a in rows)}


def _amount(measure: str, amount: float) -> str:
    return f"{measure}={round(amount)}{'ns' if measure == 'latency' else ''}"
