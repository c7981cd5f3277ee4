"""How fast a space is read, checked and counted.

    python benchmarks/front_end.py [--json FILE]

- darts: parse, check, size and cost of spaces/darts.nas in one process, the grammar's tables built before
- loops: a space of 20,000 choices written with loops; and how time grows from 200 to 20,000 choices
- text: the same number of choices written out, about a megabyte
- process: `archir check spaces/darts.nas` as a process of its own
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from math import log
from pathlib import Path

from archir.analysis.cost import macs, parameters
from archir.sema import load_source
from archir.source import Source
from archir.space.space import space_of

ROOT = Path(__file__).parents[1]
OPS = "candidates few = none | identity | conv_3x3: relu_conv_bn(k=3)"


def loops(choices: int) -> str:
    """A chain of choices in nested loops."""
    return (
        f"use ops\n{OPS}\nnet chain(image: tensor[8, 8, 8]) {{\n  x = image\n"
        f"  for i in 0..{choices // 100} {{ for j in 0..100 {{ x = choose few from x keep 1 op }} }}\n"
        "  return x |> global_avg_pool |> linear(10)\n}\n"
    )


def text(choices: int) -> str:
    """The same chain, one line a choice."""
    lines = "\n".join(f"  x{i + 1} = choose few from x{i} keep 1 op" for i in range(choices))
    return f"use ops\n{OPS}\nnet chain(x0: tensor[8, 8, 8]) {{\n{lines}\n  return x{choices}\n}}\n"


def seconds(work: Callable[[], object], rounds: int) -> float:
    """The median time of some rounds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def darts() -> None:
    """Everything that `archir info` says of the DARTS space but its bounds."""
    path = ROOT / "spaces" / "darts.nas"
    module = load_source(Source(str(path), path.read_text()), path.parent)
    assert (parameters(module), space_of(module).size > 10**18, macs(module) > 0) == (1_987_194, True, True)


def check(text_: str) -> None:
    """Parses and checks a text."""
    load_source(Source("chain.nas", text_))


def main() -> None:
    """Prints the numbers; writes them as JSON where asked to."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--json", type=Path)
    chosen = arguments.parse_args()
    darts()
    growth = {n: seconds(lambda n=n: check(loops(n)), 3) for n in (200, 2_000, 20_000)}  # type: ignore[misc]
    written = text(20_000)
    command = [sys.executable, "-c", "from archir.cli import main; main()", "check", str(ROOT / "spaces/darts.nas")]
    found = {
        "darts_seconds": seconds(darts, 15),
        "loops_seconds": growth,
        "loops_exponent": log(growth[20_000] / growth[200]) / log(100),
        "text_bytes": len(written),
        "text_seconds": seconds(lambda: check(written), 1),
        "process_seconds": seconds(lambda: subprocess.run(command, check=True, capture_output=True), 7),
        "machine": {"cpu": platform.processor() or platform.machine(), "python": platform.python_version()},
    }
    print(json.dumps(found, indent=2))
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
