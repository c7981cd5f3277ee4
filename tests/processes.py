"""Processes beside that of the tests: several that find each other as those of torchrun do, and a fresh Python."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fork(count: int, work: Callable[[], object]) -> list[int]:
    """Does the work in `count` children; gives how each ended: an exit status, or minus a signal.

    Call it before torch has started a thread, which a fork would lose.
    """
    port, children = str(free_port()), []
    for rank in range(count):
        child = os.fork()
        if child:
            children.append(child)
            continue
        if count > 1:
            names = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "MASTER_ADDR": "127.0.0.1"}
            os.environ |= {name: str(value) for name, value in names.items()} | {"MASTER_PORT": port}
        status = 99
        try:
            found = work()
            status = found if isinstance(found, int) else 0
        except BaseException:  # noqa: BLE001  (whatever it is, the child must not go on as its parent would)
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def run_script(root: Path, folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Runs code in a Python of its own, in `folder`, where `tests` can be imported."""
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)


def output_of(code: str) -> str:
    """What code prints in a Python of its own, which has imported nothing yet; it has to end well."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
