"""Whether decoded images fit into memory."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from archir.diagnostics import fail

_CGROUP = Path("/sys/fs/cgroup")
_SHARE = 0.8  # of the available memory: the net and its activations need some, too


def available_memory() -> int | None:
    """Bytes that this process can still take; None where the system does not say."""
    limits = [value for value in (_system(), _cgroup()) if value is not None]
    return min(limits) if limits else None


def require_memory(needed: int, what: str) -> None:
    """Raises ArchirError (NAS501) if `needed` bytes for `what` do not fit into memory."""
    available = available_memory()
    if available is not None and needed > available * _SHARE:
        fail(
            "NAS501",
            f"{what} need {_gigabytes(needed)} of memory once decoded, and {_gigabytes(available)} are available",
            help="give a smaller `--size`, use fewer images, or free some memory",
        )


def _gigabytes(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"


def _system() -> int | None:
    with suppress(OSError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _cgroup() -> int | None:
    """What a container's limit leaves (cgroup v2)."""
    with suppress(OSError, ValueError):
        limit = int((_CGROUP / "memory.max").read_text())
        return max(0, limit - int((_CGROUP / "memory.current").read_text()))
    return None
