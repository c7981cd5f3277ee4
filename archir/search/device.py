"""Where to train, and what to say when there is no room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from archir.diagnostics import fail


def choose_device(name: str | None) -> torch.device:
    """The device of that name in torch's words; without one CUDA if there is any, else the CPU.

    Raises:
        ArchirError: NAS507 if there is no such device here.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # what torch raises, by device
        reason = str(error).strip().partition("\n")[0]
        fail("NAS507", f"cannot train on the device `{name}`: {reason}", help="use `cpu`, or a device that is there")
    return device


@contextmanager
def enough_memory(
    what: str = "a training step",
    help_: str = "use a smaller `batch`, or fewer channels or cells; then start again, as the settings have changed",
) -> Iterator[None]:
    """Says what to do where torch finds no memory; raises ArchirError (NAS507)."""
    try:
        yield
    except RuntimeError as error:  # on a CPU there is no class of its own for it
        if not isinstance(error, torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
            raise
        fail("NAS507", f"there is not enough memory for {what}", help=help_)
