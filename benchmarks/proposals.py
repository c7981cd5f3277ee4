"""Space proposals on the spaces of HourNAS: seconds, distances to the targets, spreads; and latency tables.

    python benchmarks/proposals.py [--json FILE] [--latency]

- spaces: eight proposals for the budget of a published network of each space, and for harder ones: seconds in one
  process, the worst distance of the eight networks (and before they are repaired), the median distance and the share
  within 5% of both targets of 10,000 samples at each temperature
- printed: Eq. 7 of HourNAS as it is printed (the expected cost alone, Theta of length one), nothing repaired
- latency (with --latency): the time of random networks of fbnet in ONNX Runtime against the sum of their blocks
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from pathlib import Path

import numpy as np

import archir
from archir.proposals.costs import Array, Costs
from archir.proposals.objective import probabilities
from archir.proposals.optimize import optimized
from archir.proposals.propose import agreement, proposals_of, tables
from archir.proposals.repair import miss, strongest
from archir.proposals.samples import TEMPERATURES, bits, sampled_costs, spread
from archir.proposals.targets import parse_targets

BUDGETS = {
    "fbnet": [
        ("macs=300M", "params=4.8M"), ("macs=400M", "params=5.5M"), ("macs=150M", "params=3.4M"),
        ("macs=90%", "params=95%"),
    ],
    "fbnet_k7": [("macs=300M", "params=4.8M"), ("macs=200M", "params=4.8M")],
    "mnasnet": [("macs=312M", "params=3.9M"), ("macs=60%", "params=60%", "elements=40%")],
    "efficientnet": [("macs=383M", "params=5.3M")],
}  # fmt: skip
SEEDS = 5
PRINTED_AT = (1.0, 0.1)


def of_samples(theta: Array, costs: Costs, targets: Array) -> list[dict[str, object]]:
    """What is said of samples at each temperature, in percent."""
    found = []
    for temperature, of in sampled_costs(theta, costs).items():
        s = spread(of, targets, temperature)
        medians = [round(100 * m, 2) for m in s.median_miss]
        found.append({"temperature": temperature, "median_miss": medians, "near": round(100 * s.near, 1)})
    return found


def budget(name: str, texts: tuple[str, ...]) -> dict[str, object]:
    """Five seeds of eight proposals; samples are those of the first seed, everything else is the worst of them."""
    module, targets = archir.load(name), parse_targets(texts)
    arrays = tables(module, [t.measure for t in targets])
    seconds, found = [], []
    for seed in range(SEEDS):
        start = time.process_time()
        found.append(proposals_of(module, targets, arrays, 8, seed))
        seconds.append(time.process_time() - start)
    medians = []
    for f in found:
        of = sampled_costs(f.theta, f.costs, (0.1,))[0.1]
        medians.append(max(spread(of, f.targets, 0.1).median_miss))
    first = found[0]
    unrepaired = []
    for seed in range(SEEDS):
        theta = optimized(first.costs, first.targets, 8, np.random.default_rng(seed))
        unrepaired.append(float(miss(first.costs.of(strongest(theta, first.costs)), first.targets).max()))
    return {
        "space": name, "targets": texts, "seconds": round(statistics.median(seconds), 2),
        "slowest": round(max(seconds), 2), "distinct": min(len(set(f.points)) for f in found),
        "worst_network": round(100 * max(float(np.abs(f.misses).max()) for f in found), 2),
        "worst_network_unrepaired": round(100 * max(unrepaired), 2),
        "worst_median_at_0.1": round(100 * max(medians), 2),
        "agreement": round(agreement(first.picks), 2),
        "bits_at_0.1": round(float(bits(first.theta, first.costs.exists, 0.1).mean()), 1),
        "off_diagonal": round(max(float(np.abs(f.gram - np.diag(np.diag(f.gram))).max()) for f in found), 2),
        "samples": of_samples(first.theta, first.costs, first.targets),
    }  # fmt: skip


def printed(temperature: float) -> dict[str, object]:
    """Eq. 7 word by word on fbnet, with A a softmax at one temperature: 2,000 steps of Adam."""
    module, targets = archir.load("fbnet"), parse_targets(BUDGETS["fbnet"][0])
    arrays = tables(module, [t.measure for t in targets])
    like = proposals_of(module, targets, arrays, 1)
    costs, wanted = like.costs, like.targets
    random = np.random.default_rng(0)
    shape = (8, *costs.exists.shape)
    theta = np.where(costs.exists, random.normal(size=shape) / np.sqrt(costs.exists.sum()), 0.0)
    first, second, steps = np.zeros(shape), np.zeros(shape), 2000
    for step in range(steps):
        p = probabilities(theta, costs.exists, temperature)
        mean = costs.fixed + np.einsum("mlo,ilo->mi", p, costs.table)
        by_p = np.einsum("mi,ilo->mlo", np.sign(mean - wanted) / costs.most, costs.table)
        gradient = p * (by_p - (p * by_p).sum(axis=-1, keepdims=True)) / temperature
        off = np.einsum("alo,blo->ab", theta, theta) - np.eye(8)
        gradient += 2 * np.einsum("ab,blo->alo", np.sign(off), theta)
        first, second = 0.9 * first + 0.1 * gradient, 0.99 * second + 0.01 * gradient**2
        moved = first / (1 - 0.9 ** (step + 1)) / (np.sqrt(second / (1 - 0.99 ** (step + 1))) + 1e-8)
        theta = np.where(costs.exists, theta - 0.01 * (1 - step / steps) * moved, 0.0)
    p = probabilities(theta, costs.exists, temperature)
    mean = costs.fixed + np.einsum("mlo,ilo->mi", p, costs.table)
    networks = miss(costs.of(strongest(theta, costs)), wanted)
    return {
        "temperature": temperature, "expected_cost_off": round(100 * float(np.abs(mean / wanted - 1).max()), 2),
        "networks_off": [round(100 * float(m), 1) for m in sorted(networks)],
        "off_diagonal": round(float(np.abs(off - np.diag(np.diag(off))).max()), 3),
        "samples": of_samples(theta, costs, wanted),
    }  # fmt: skip


def latency(rounds: int = 40) -> dict[str, object]:
    """Whole networks that took no part in the table against sums of blocks and the rest."""
    from archir.lowering.onnx.latency import measured

    module = archir.load("fbnet")
    table, others = (measured(module, rounds, seed=seed) for seed in (0, 1))
    rest = table.timings[-1].milliseconds
    rows = [
        {
            "network_ms": round(c.network, 3),
            "blocks_ms": round(c.blocks, 3),
            "with_rest": round((c.blocks + rest) / c.network, 3),
        }
        for c in others.checks
    ]
    return {"rounds": rounds, "rest_ms": round(rest, 3), "networks": rows}


def main() -> None:
    """Prints the numbers; writes them as JSON where asked to."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--latency", action="store_true")
    chosen = arguments.parse_args()
    found: dict[str, object] = {
        "temperatures": TEMPERATURES,
        "spaces": [budget(name, texts) for name, some in BUDGETS.items() for texts in some],
        "printed": [printed(t) for t in PRINTED_AT],
        "machine": {"cpu": platform.processor() or platform.machine(), "python": platform.python_version()},
    }
    if chosen.latency:
        found["latency"] = latency()
    print(json.dumps(found, indent=1))
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
