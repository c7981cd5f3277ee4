"""The cost tables of a space in the measures that targets are in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from archir.analysis.arrays import CostArrays, cost_arrays
from archir.analysis.conventions import DEFAULT
from archir.analysis.latency import latency_arrays, latency_from_csv
from archir.diagnostics import fail
from archir.ir.module import Module
from archir.proposals.targets import Target


def tables(
    module: Module, measures: Sequence[str], convention: str = DEFAULT, latency: CostArrays | None = None
) -> dict[str, CostArrays]:
    """The cost tables of measures by name; raises `ArchirError` NAS406 for `latency` without a table of it."""
    if "latency" in measures and latency is None:
        help_ = (
            "measure one on the machine in question: `archir measure SPACE -o latency.csv`; name it with `--latency` "
        )
        help_ += "(of a search: `--set latency=FILE`)"
        fail("NAS406", "a target for `latency` needs a latency table", help=help_)
    return {
        name: latency if name == "latency" and latency is not None else cost_arrays(module, name, convention)
        for name in measures
    }


def tables_of(space: Module, targets: Sequence[Target], latency: str) -> dict[str, CostArrays]:
    """The tables of the measures that have a target, that of `latency` from a file (if it is not empty).

    Raises:
        ArchirError: NAS406 or NAS408 where there is no such table, or not of this space.
    """
    return tables(space, [t.measure for t in targets], latency=read_latency(latency, space) if latency else None)


def read_latency(path: str, module: Module) -> CostArrays:
    """The latency table of a file; raises `ArchirError` NAS408 if it is none, or not of this space."""
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "it is not UTF-8 text"
        fail("NAS408", f"`{path}` cannot be read: {reason}", help="name a table that `archir measure` wrote")
    return latency_arrays(module, latency_from_csv(text))
