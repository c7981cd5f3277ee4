"""The command under torchrun: several processes do the same, and speak with one voice.

Results and progress are the first process'. An error may meet one process or all: whoever is first prints it,
and no other ends before it is printed, since torchrun kills the rest as soon as one has failed.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

_LOADING, _PRINTING = timedelta(hours=12), timedelta(seconds=10)


class Ending(NamedTuple):
    """The exit status of a command, and what is left to say on standard error."""

    status: int
    text: str = ""


def are_several(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether torchrun has started other processes with this one. Cheap: it imports nothing."""
    return environment.get("WORLD_SIZE", "1") not in ("", "1")


def is_first(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is the one that writes and speaks."""
    return not are_several(environment) or environment.get("RANK") == "0"


def end_together(attempt: Callable[[], Ending]) -> int:
    """Runs the command in this process, one of several; gives the exit status."""
    if not is_first():
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  (until the process ends)
    ending = attempt()
    if ending.text:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # torchrun passes on what the terminal has sent already
        _say_once(ending.text)
    return ending.status


def _say_once(text: str) -> None:
    from archir.diagnostics import ArchirError
    from archir.search.processes import store

    try:
        words = store()
        if words.add("archir/errors", 1) > 1:
            words.wait(["archir/said"], _PRINTING)
            return
    except (ArchirError, RuntimeError):  # nobody to agree with: better twice than not at all
        words = None
    sys.stderr.write(text)
    sys.stderr.flush()
    if words is not None:
        words.set("archir/said", "1")


@contextmanager
def first_before_others(what: str) -> Iterator[None]:
    """The first process is through this block before the others enter it: it may download what they read."""
    if not are_several():
        yield
        return
    from archir.search.processes import store

    if not is_first():
        store().wait([f"archir/{what}"], _LOADING)
    yield
    if is_first():
        store().set(f"archir/{what}", "1")
