"""Runs as the commands read them: what was found, and its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archir.cli.common import print_notes
from archir.diagnostics import fail

if TYPE_CHECKING:
    from archir.ir.module import Module
    from archir.search.result import Result


def found_network(result: Result, rule: str | None = None) -> Module:
    """The network of a run, derived from its last values if need be.

    Raises `ArchirError` NAS502 if no epoch has ended yet.
    """
    from archir.passes import run_pipeline

    module = result.module
    if module.form == "network":
        return module
    if module.form == "space":
        message = f"the run in `{result.folder}` has no learned values: it was stopped in its first epoch"
        fail("NAS502", message, help="go on with it: `archir search --resume`")
    rewrite = run_pipeline(module, "derive" if rule is None else f"derive{{rule={rule}}}", result.values)
    print_notes(rewrite.notes)
    return rewrite.module


def summarize(result: Result) -> dict[str, object]:
    """What a program wants to know of a run."""
    from archir.analysis.cost import macs, parameters

    module = result.module
    last = result.history[-1] if result.history else None
    return {
        "run": str(Path(result.folder)),
        "form": module.form,
        "params": parameters(module),
        "macs": macs(module),
        "finished": result.finished,
        "epochs": len(result.history),
        "accuracy": None if last is None else last.accuracy,
        "child_accuracy": None if last is None else last.child_accuracy,
        "edges": {} if last is None else dict(last.edges),
        "operations": {} if last is None else dict(last.operations),
        "evaluated_on": None if last is None else last.evaluated,
        "seconds": sum(r.seconds for r in result.history),
        "notes": list(result.notes),
    }
