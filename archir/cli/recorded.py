"""What a run was trained with, found again from what its folder says."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from archir.cli.targets import absolute
from archir.diagnostics import fail
from archir.sema import reload
from archir.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from archir.search.data import Data
    from archir.search.result import TrainedSupernet
    from archir.search.state import Setup
    from archir.search.steps import Step


def steps_of(setup: Setup) -> tuple[Step, ...]:
    """The steps of a run's method; none for a training."""
    from archir.search.method import read_method
    from archir.search.origins import setting_from_json

    text = setup.texts.get("method.nas")
    if text is None:
        return ()
    settings = {name: setting_from_json(value) for name, value in setup.facts["method"].items()}
    given = absolute(settings, partial(reload, setup.origin))
    return read_method(Source("method.nas", text), given).steps


def largest_split(supernet: TrainedSupernet) -> float:
    """The largest part of the training images that a phase of a supernet has learned from."""
    from archir.search.steps import learned_part

    steps = steps_of(supernet.setup)
    return learned_part(steps[index] for index in supernet.steps)


def data_of(run: str, setup: Setup, spec: str | None, progress: Callable[[int, int], None]) -> Data:
    """The images of a run, loaded again as they were; `spec` says where they are if they have moved.

    Raises:
        ArchirError: NAS501 if they are not there, or others are.
    """
    from archir.search.data import load_data
    from archir.search.plan import data_facts

    facts: Mapping[str, Any] = setup.facts
    named = spec or setup.circumstances.get("data")
    if not named:
        fail("NAS501", f"the run in `{run}` does not say where its images are", help="name them: `--data DATA`")
    _, height, width = re.findall(r"\d+", facts["input"])
    size = int(height) if height == width else None  # scaled images are square
    data = load_data(named, size=size, limit=facts["images"][0], seed=facts["seed"], progress=progress)
    for name, now in data_facts(data).items():
        if (before := facts.get(name)) != now:
            message = f"`{named}` has `{name}` = {now}, and the run in `{run}` had {before}"
            if name == "files":
                message = f"`{named}` has other images than the run in `{run}` had"
            fail("NAS501", message, help="name the images that the run was trained with: `--data DATA`")
    return data
