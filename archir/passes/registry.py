"""Which passes there are: a table of archir's own, imported on use, and plug-ins by entry point."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from functools import cache

from attrs import evolve, field, frozen

from archir.diagnostics import fail
from archir.passes.base import Pass
from archir.sema.suggest import did_you_mean
from archir.source import Span

BUILT_IN: Mapping[str, str] = {
    "relax": "archir.passes.relax:Relax",
    "stage_cells": "archir.passes.stage_cells:StageCells",
    "widen": "archir.passes.widen:Widen",
    "restrict": "archir.passes.restrict:Restrict",
    "partition": "archir.passes.partition:Partition",
    "vital": "archir.passes.vital:Vital",
    "propose": "archir.passes.propose:Propose",
    "share_features": "archir.passes.share_features:ShareFeatures",
    "bottleneck": "archir.passes.bottleneck:Bottleneck",
    "sparsify": "archir.passes.sparsify:Sparsify",
    "mask": "archir.passes.mask:Mask",
    "depth_loss": "archir.passes.depth_loss:DepthLoss",
    "complexity_loss": "archir.passes.complexity_loss:ComplexityLoss",
    "transit": "archir.passes.transit:Transit",
    "derive": "archir.passes.derive:Derive",
    "decide": "archir.passes.decide:Decide",
    "restart": "archir.passes.restart:Restart",
    "fix": "archir.passes.fix:Fix",
    "sample": "archir.passes.sample:Sample",
    "inline": "archir.passes.inline:Inline",
    "canonicalize": "archir.passes.canonicalize:Canonicalize",
    "cse": "archir.passes.cse:Cse",
    "dce": "archir.passes.dce:Dce",
    "fold_bn": "archir.passes.fold_bn:FoldBn",
}
GROUP = "archir.passes"


@frozen
class Entry:
    """Where a pass is: its class as `module:Class` or as itself, and the distribution that brought it."""

    target: str | type[Pass]
    distribution: str = "archir"

    def __str__(self) -> str:
        target = self.target if isinstance(self.target, str) else f"{self.target.__module__}:{self.target.__qualname__}"
        return f"`{target}` of {self.distribution}"


@frozen
class Registry:
    """Passes by name. A value: extending it gives another one."""

    entries: Mapping[str, Entry] = field(factory=dict)

    def extended(self, entries: Iterable[tuple[str, Entry]]) -> Registry:
        """With more passes; raises `ArchirError` NAS401 where a name is taken."""
        table = dict(self.entries)
        for name, entry in entries:
            if name in table:
                message = f"two passes are called `{name}`: {table[name]} and {entry}"
                fail("NAS401", message, help=f"rename one of them, or uninstall {entry.distribution}")
            table[name] = entry
        return evolve(self, entries=table)

    def with_passes(self, *classes: type[Pass], distribution: str = "the program") -> Registry:
        """With passes that are at hand as classes; raises `ArchirError` NAS401 where a name is taken."""
        return self.extended((cls.name, Entry(cls, distribution)) for cls in classes)

    def names(self) -> tuple[str, ...]:
        """All names, archir's own first."""
        return tuple(self.entries)

    def find(self, name: str, span: Span | None = None) -> type[Pass]:
        """The class of a pass; raises `ArchirError` NAS401 if there is none, or if it cannot be loaded."""
        entry = self.entries.get(name)
        if entry is None:
            near = did_you_mean(name, self.entries) or f"there are {', '.join(f'`{n}`' for n in self.entries)};"
            fail("NAS401", f"there is no pass `{name}`", span=span, help=f"{near} `archir passes` lists all")
        return _load(name, entry, span)


def _load(name: str, entry: Entry, span: Span | None) -> type[Pass]:
    if not isinstance(entry.target, str):
        return entry.target
    module, _, attribute = entry.target.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        message = f"the pass `{name}`, {entry}, cannot be loaded: {error}"
        fail("NAS401", message, span=span, help=f"reinstall or uninstall {entry.distribution}")
    if not (isinstance(found, type) and issubclass(found, Pass) and found.name == name):
        message = f"{entry} is no pass of the name `{name}`"
        fail("NAS401", message, span=span, help=f"report this to the authors of {entry.distribution}")
    return found


@cache
def default_registry() -> Registry:
    """The passes of archir itself and those of installed plug-ins; raises `ArchirError` NAS401 where names clash."""
    from importlib.metadata import entry_points  # only pipelines and listings pay for it

    own = Registry().extended((name, Entry(target)) for name, target in BUILT_IN.items())
    points = sorted(entry_points(group=GROUP), key=lambda point: (point.dist.name if point.dist else "", point.name))
    return own.extended((p.name, Entry(p.value, p.dist.name if p.dist else "an unnamed distribution")) for p in points)
