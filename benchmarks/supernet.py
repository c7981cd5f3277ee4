"""How fast lowered networks train, and how much they keep: ratios to plain PyTorch, measured side by side.

    python benchmarks/supernet.py [--json FILE] [--threads 2] [--rounds 7] [--only NAME]

- supernets: forward and backward of each of SUPERNETS against `reference_darts.py`, which evaluates every candidate on
  every edge; all take turns in one run
- mobilenet_v2: forward and backward of spaces/mobilenet_v2.nas against torchvision's own
- lowering: parsing, checking, relaxing and lowering the DARTS supernet; the import of torch does not count
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import torch
from attrs import frozen
from torch import nn

import archir
from archir.lowering.torch import to_torch
from archir.search.measure import Measured, machine, measure

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from benchmarks.reference_darts import Darts  # noqa: E402


@frozen
class Row:
    """A supernet: its space, `--set` values, the passes that make it, and what it shall reach against the reference."""

    name: str
    space: str
    settings: Mapping[str, int]
    passes: str
    faster: float | None = None
    memory: float | None = None


SMALL = {"channels": 16, "cells": 8}
ENGINE = "relax{temperature=5.0,anneal=0.923}"
SUPERNETS = (
    Row("darts", "spaces/darts.nas", SMALL, "relax", faster=2.0, memory=0.56),
    # EnTranNAS, Table 3: its parts one after the other
    Row("transit", "spaces/darts.nas", SMALL, f"{ENGINE},transit"),
    Row("transit_shared", "spaces/darts.nas", SMALL, f"{ENGINE},share_features,transit"),
    Row("entrannas", "spaces/darts.nas", SMALL, f"{ENGINE},share_features,bottleneck,transit", 18.0, 1 / 13),
)
BATCHES = (16, 64)


def _batch(size: int, pixels: int, classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(size, 3, pixels, pixels), torch.randint(classes, (size,))


def _progress(what: str):  # type: ignore[no-untyped-def]
    def show(done: int, total: int) -> None:
        print(f"\r{what}: {done}/{total} steps", end="" if done < total else "\n", file=sys.stderr, flush=True)

    return show


def compared(reference: Measured, ours: Measured) -> dict[str, object]:
    """Medians, and the medians of the ratios of each round: what disturbs a round disturbs both."""
    return {
        "reference_seconds": reference.median,
        "seconds": ours.median,
        "times_as_fast": median(a / b for a, b in zip(reference.seconds, ours.seconds, strict=True)),
        "saved_mebibytes": ours.saved_bytes / 2**20,
        "saved_part": ours.saved_bytes / reference.saved_bytes,
    }


def supernets(rounds: int) -> dict[str, object]:
    """All rows, at each batch size."""
    models: dict[str, nn.Module] = {"reference": Darts(channels=16, cells=8)}
    for row in SUPERNETS:
        models[row.name] = to_torch(archir.apply(archir.load(ROOT / row.space, **row.settings), row.passes))
    found: dict[str, dict[str, object]] = {
        row.name: {"passes": row.passes, "goal": {"times_as_fast": row.faster, "saved_part": row.memory}}
        for row in SUPERNETS
    }
    for batch in BATCHES:
        at = measure(models, *_batch(batch, 32, 10), rounds, _progress(f"supernets, batch {batch}"))
        for row in SUPERNETS:
            found[row.name][f"batch_{batch}"] = compared(at["reference"], at[row.name])
    return dict(found)


def mobilenet(rounds: int, batch: int = 8, pixels: int = 128) -> dict[str, object]:
    """A lowered network against torchvision's."""
    from torchvision.models import mobilenet_v2

    space = archir.load(ROOT / "spaces" / "mobilenet_v2.nas")
    models: dict[str, nn.Module] = {"reference": mobilenet_v2(), "ours": to_torch(space)}
    at = measure(models, *_batch(batch, pixels, 1000), rounds, _progress("mobilenet_v2"))
    return {"goal": {"times_as_fast": 1.0}, **compared(at["reference"], at["ours"])}


def lowering() -> dict[str, object]:
    """Seconds from the text to a supernet, first time in this process."""
    start = time.perf_counter()
    to_torch(archir.apply(archir.load(ROOT / "spaces" / "darts.nas", channels=16, cells=8), "relax"))
    return {"goal": {"seconds": 1.0}, "seconds": time.perf_counter() - start}


def main() -> None:
    """Prints the numbers; writes them as JSON where asked to."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--only", help="supernets, mobilenet_v2 or lowering")
    chosen = arguments.parse_args()
    torch.set_num_threads(chosen.threads)
    work = {
        "lowering": lowering,
        "supernets": lambda: supernets(chosen.rounds),
        "mobilenet_v2": lambda: mobilenet(chosen.rounds),
    }
    names = [chosen.only] if chosen.only else list(work)
    found = {"machine": machine(), "rounds": chosen.rounds, **{name: work[name]() for name in names}}
    print(json.dumps(found, indent=2))
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
