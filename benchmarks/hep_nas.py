"""HEP-NAS beside what it is compared with: NAS-Bench-201 searched on CIFAR-10, and looked up in its table.

    python benchmarks/hep_nas.py --data DIR --table FILE -o DIR [--seeds 1 2 3 4 5] [--arms NAME ...] [--json FILE]
        [--picture FILE]

Each arm is `archir search` with a seed, then `archir bench nasbench201`; the commands are printed as they run. Seeds
are paired: with the same seed all arms have the same images to learn from and to decide on, and contests and `unsplit`
the same supernet up to the first split. What is in the folder already is not run again; several processes, with seeds
of their own, can fill one folder. Seconds are processor time of a search on one thread, with reading the images.

Beside the true accuracy of what was found stands how a supernet ranks cells by their held-out losses (Spearman's rho
with the true accuracies): in the part of the space that the search ended with; for supernets that are not split, in the
part that `node` ended with, and in 150 cells of the whole space. And the cell with the smallest of these losses: of the
last part (where it has at most 150, `--set paths=150` would have found it), or of the 150.
"""

from __future__ import annotations

import argparse
import json
import resource
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from archir.files import atomic_write
from archir.show.scatter import Axis, Cloud, save_scatter

ARCHIR = [sys.executable, "-m", "archir"]
SPLITS = [(0, 0, 2, 1), *((at, 2, 0, 1) for at in range(1, 6))]
"""Which split, the supernet's epochs before, its epochs until the split, and those of each part."""
BUDGET = {"channels": 8, "cells": 1, "batch": 64, "lr": 0.1, "lr_end": 0}
NODE = {
    "splits": tuple(SPLITS[:3]),
    "least": 2,
    "distill": "none",
    "score": "loss",
    "learn": "weights",
    "total": 2,
    "part_lr": 0.1,
    "final": 1,
    "final_lr": 3e-3,
    "augment": "false",
}
EDGE = {**NODE, "by": "edge", "splits": tuple(SPLITS)}
UNSPLIT = str(Path(__file__).with_name("unsplit.nas"))
ARMS: dict[str, tuple[str, dict[str, Any]]] = {
    "node": ("hep_nas", NODE),
    "node_distill": ("hep_nas", {**NODE, "distill": "both"}),
    "edge": ("hep_nas", EDGE),
    "edge_distill": ("hep_nas", {**EDGE, "distill": "both"}),
    "unsplit": (UNSPLIT, {}),
    "darts": ("darts", {"epochs": 8, "arch_lr": 3e-3, "augment": "false"}),
}
"""The method, and what is set in it beside `BUDGET`."""


def run(command: list[str]) -> tuple[str, float]:
    """What it says, and its processor time in seconds."""
    print(shlex.join(["archir", *command[len(ARCHIR) :]]), file=sys.stderr, flush=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(arm: str, seed: int, folder: Path, data: str, table: str) -> None:
    """Searches, and looks up, unless that has been done."""
    name, out = str(folder / f"{arm}-{seed}"), folder / f"{arm}-{seed}.json"
    if out.exists():
        return
    shutil.rmtree(name, ignore_errors=True)  # that of an interrupted search, whose seconds would be wrong
    method, own = ARMS[arm]
    said = [word for key, value in {**BUDGET, **own}.items() for word in ("--set", f"{key}={value}")]
    images = shlex.split(f"--data folder:{data} --size 16 --limit 40000")
    quiet = shlex.split("--threads 1 --quiet")
    _, seconds = run(
        [*ARCHIR, "search", "nasbench201", "--method", method, *said, *images, *quiet, "--seed", str(seed), "-o", name]
    )
    look = [*ARCHIR, "bench", "nasbench201", name, "--table", table, "--sample", "150", *quiet, "--json"]
    found = json.loads(run(look)[0])
    split = method == "hep_nas"
    within = None if split else json.loads(run([*look, "--within", str(folder / f"node-{seed}")])[0])
    row = {"arm": arm, "seed": seed, "seconds": seconds, "found": found, "last_part": found if split else within}
    atomic_write(out, json.dumps(row, indent=1))


def summary(rows: list[dict[str, Any]]) -> list[str]:
    """Lines of a table: what was found by seed, how it differs from `darts` with the same seeds, how supernets rank."""
    accuracy = {(r["arm"], r["seed"]): r["found"]["test"] for r in rows}
    heads = ["arm", "found, by seed", "mean", "less `darts`", "selected, by seed", "mean", "last part: cells", "mean"]
    heads += ["Spearman there, by seed", "mean", "in the whole space", "seconds"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for arm in ARMS:
        mine = sorted((r for r in rows if r["arm"] == arm), key=lambda r: r["seed"])
        if not mine:
            continue
        pairs = [accuracy[arm, n] - accuracy["darts", n] for r in mine if ("darts", n := r["seed"]) in accuracy]
        parts, whole = [r["last_part"] for r in mine], [r["found"] for r in mine if r["found"] != r["last_part"]]
        columns = [
            arm,
            *listed([r["found"]["test"] for r in mine]),
            spread(pairs),
            *listed([selected(r["found"]) for r in mine]),
            ", ".join(str(p["space"]["size"]) for p in parts),
            f"{mean(p['space']['mean'] for p in parts):.2f}",
            *listed([rho for p in parts if (rho := rank(p)) is not None]),
            spread([rho for found in whole if (rho := rank(found)) is not None]),
            f"{mean(r['seconds'] for r in mine):.0f}",
        ]
        lines.append(f"| {' | '.join(columns)} |")
    return lines


def selected(found: dict[str, Any]) -> float:
    """The true accuracy of the judged cell with the smallest loss: what `select` takes, in place of `derive`."""
    return min(found["supernet"]["scores"], key=lambda score: score["loss"])["test"]


def short(row: dict[str, Any]) -> dict[str, Any]:
    """A row without the scores of all cells."""
    found, last = row["found"], row["last_part"]
    ranked = {"last_part": {**last["space"], **agreement(last)}}
    if found != last:
        ranked["whole_space"] = agreement(found)
    own = {name: found[name] for name in ("architecture", "test", "rank")}
    return {
        "arm": row["arm"],
        "seed": row["seed"],
        "seconds": row["seconds"],
        **own,
        "selected": selected(found),
        **ranked,
    }


def agreement(found: dict[str, Any]) -> dict[str, Any]:
    """How scores and true accuracies agree, and of how many cells."""
    supernet = found["supernet"]
    return {"judged": len(supernet["scores"]), "kendall": supernet["kendall"], "spearman": supernet["spearman"]}


def rank(found: dict[str, Any]) -> float | None:
    """Spearman's rho; None where there is one cell."""
    return found["supernet"]["spearman"]


def listed(values: list[float]) -> tuple[str, str]:
    """Each value, and what they are in the mean."""
    return ", ".join(f"{value:.2f}" for value in values), spread(values)


def draw(path: Path, rows: list[dict[str, Any]]) -> None:
    """The cells that `node` was left with, as supernets rank them without any split and after all: the first seed."""
    by_arm = {(r["seed"], r["arm"]): r["last_part"] for r in rows}
    seeds = [seed for seed, arm in by_arm if arm == "node" and (seed, "unsplit") in by_arm]
    if not seeds:
        sys.exit("a picture needs a seed of which both `node` and `unsplit` are there")
    seed = min(seeds)
    clouds = []
    for title, arm in (("not split", "unsplit"), ("split three times", "node")):
        supernet = by_arm[seed, arm]["supernet"]
        points = np.array([(score["loss"], score["test"]) for score in supernet["scores"]])
        clouds.append(Cloud(f"{title}: Spearman {supernet['spearman']:.2f}", points))
    save_scatter(path, clouds, Axis("held-out loss in the supernet"), Axis("true accuracy, %"))


def spread(values: list[float]) -> str:
    """Mean and standard deviation."""
    return f"{mean(values):.2f} ± {stdev(values):.2f}" if len(values) > 1 else ", ".join(f"{v:.2f}" for v in values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", required=True, help="CIFAR-10: train/ and test/ with a folder of images for each class"
    )
    parser.add_argument("--table", required=True, help="the benchmark's accuracies, .csv or .csv.gz")
    parser.add_argument("-o", "--output", required=True, type=Path, help="where runs go, and are found again")
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3, 4, 5])
    parser.add_argument("--arms", nargs="*", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--json", type=Path, help="write all that was measured")
    parser.add_argument("--picture", type=Path, help="draw how supernets rank, .svg or .png")
    asked = parser.parse_args()
    asked.output.mkdir(parents=True, exist_ok=True)
    unsplit = {arm for arm in asked.arms if ARMS[arm][0] != "hep_nas"}
    for seed in asked.seeds if unsplit and "node" not in asked.arms else ():
        if not (asked.output / f"node-{seed}.json").exists():
            parser.error(f"{', '.join(sorted(unsplit))} are judged in the part that `node` ended with: run it first")
    for seed in asked.seeds:
        for arm in asked.arms:
            measure(arm, seed, asked.output, asked.data, asked.table)
    files = [file for arm in ARMS for file in sorted(asked.output.glob(f"{arm}-[0-9]*.json"))]
    rows = [json.loads(file.read_text()) for file in files]
    print("\n".join(summary(rows)))
    if rows:
        print(rows[0]["found"]["references"])
    if asked.json is not None:
        atomic_write(asked.json, json.dumps([short(row) for row in rows], indent=1) + "\n")
    if asked.picture is not None:
        draw(asked.picture, rows)


if __name__ == "__main__":
    main()
