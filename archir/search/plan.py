"""What a run does: nothing of where it runs, who listens, or how far it has come."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from attrs import field, frozen
from torch import Tensor

from archir.diagnostics import fail
from archir.ir.module import Module
from archir.search.data import Data
from archir.search.state import Setup
from archir.search.steps import Step


@frozen(eq=False)
class Plan:
    """The steps of a method, and all that decides what they come to.

    steps: passes and training phases, in order.
    data: what to train on.
    module: the space (or network) as loaded; a resumed run takes its own copy of the text instead,
        and may do without.
    seed: what all random numbers derive from.
    settings: what the user set, by name; a resume with others is an error.
    texts: files to put into the run's folder, by name, for example `method.nas`.
    command: the command line, for run.json.
    weights: tensors by path to begin with.
    main: name of the copy of the module's text.
    """

    steps: Sequence[Step]
    data: Data
    module: Module | None = None
    seed: int = field(default=0, kw_only=True)
    settings: Mapping[str, Any] = field(factory=dict, kw_only=True)
    texts: Mapping[str, str] = field(factory=dict, kw_only=True)
    command: str = field(default="", kw_only=True)
    weights: Mapping[str, Tensor] = field(factory=dict, kw_only=True)
    main: str = field(default="space.nas", kw_only=True)

    @property
    def facts(self) -> dict[str, Any]:
        """What a resumed run must have in common with the run that was started."""
        return {"seed": self.seed} | data_facts(self.data) | dict(self.settings)

    @property
    def words(self) -> tuple[str, ...]:
        """The steps in words, which a resumed run must have in common, too."""
        return tuple(map(repr, self.steps))


def data_facts(data: Data) -> dict[str, Any]:
    """What tells data from others: their name, the type of an image, how many there are, a digest of their files."""
    facts = {"data": data.name, "input": str(data.type), "images": [len(data.train), len(data.test)]}
    return facts | ({"files": data.files} if data.files else {})


def begun(plan: Plan, path: Path, processes: int) -> tuple[Module, Setup]:
    """The module that a run of the plan in the folder `path` begins with, and what stays the same from then on.

    Raises:
        ArchirError: NAS502 without a module, or with one that has no text that a resumed run could load.
    """
    module = plan.module
    if module is None:
        message = f"the run in `{path}` was stopped before its first checkpoint"
        fail("NAS502", message, help="start it without `--resume`")
    if module.origin is None:
        fail("NAS502", f"`{module.name}` has no text that a resumed run could load", help="load it from a .nas file")
    around = circumstances(plan, processes)
    return module, Setup(module.origin, plan.facts, plan.words, plan.texts, plan.command, around)


def circumstances(plan: Plan, processes: int) -> dict[str, str]:
    """What a run may be resumed with another of: where its data are, and what only last digits depend on.

    These are versions, threads and processes. The data themselves are among the facts.
    """
    try:
        own = version("archir")
    except PackageNotFoundError:  # run from a checkout that is not installed
        own = "unknown"
    return {
        "data": plan.data.spec,
        "archir": own,
        "torch": str(torch.__version__),
        "python": platform.python_version(),
        "threads": str(torch.get_num_threads()),
        "processes": str(processes),
    }
