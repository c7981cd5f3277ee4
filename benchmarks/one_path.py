"""One-path against all-path supernets: how long a step takes, and what it keeps for the backward.

    python benchmarks/one_path.py [--json FILE] [--threads 1] [--rounds 9] [--space spaces/fbnet.nas] [--pixels 32 64]
        [--batches 16 64]

The same space relaxed with `gate=softmax`, where all candidates run, and with `gate=gumbel_max`, where the drawn one of
each choice runs (HourNAS, Yang et al. 2021, section 4.1: faster "by around O times", O candidates). A step is what a
search does: noise is drawn, the path with it, forward, backward to the weights, clipping, SGD. In each round the
all-path net takes a step, then the one-path net `DRAWS` steps, each on a path of its own, of which the mean counts.
What the one-path net keeps is a mean over paths, too. Seconds are those of the process, so that other work on the
machine counts little.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, median

import torch
from torch import nn

import archir
from archir.ir.module import shared_choices
from archir.lowering.torch import Supernet, to_torch
from archir.search.measure import machine, saved_bytes
from archir.search.optimizers import build_optimizer, set_rate
from archir.search.phases import SGD

DRAWS = 8


class Stepper:
    """A supernet with all that a step of its weights needs."""

    def __init__(self, net: Supernet, pixels: int, batch: int, classes: int = 10) -> None:
        torch.manual_seed(0)
        self.net, self.images = net.train(), torch.randn(batch, 3, pixels, pixels)
        self.labels = torch.randint(classes, (batch,))
        self.weights = list(net.weights().values())
        self.optimizer = build_optimizer(SGD(0.01), net.weights())
        set_rate(self.optimizer, 0.01)

    def step(self) -> float:
        """Seconds of the process."""
        start = time.process_time()
        self.net.tick("step")
        loss = nn.functional.cross_entropy(self.net(self.images), self.labels)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss, inputs=self.weights)
        torch.nn.utils.clip_grad_norm_(self.weights, 5.0, foreach=True)
        self.optimizer.step()
        return time.process_time() - start

    def saved(self) -> int:
        """Bytes kept for the backward, on a path that is drawn."""
        self.net.tick("step")
        return saved_bytes(self.net, self.images)


def supernet(space: Path, gate: str, pixels: int) -> Supernet:
    """Relaxed with this gate; as in a search, coefficients may have gradients, which a step of weights asks not for."""
    module = archir.load(space, image=(3, pixels, pixels), classes=10)
    return to_torch(archir.apply(module, f"relax{{gate={gate},temperature=5.0,anneal=0.9999,each=step}}"))


def compared(space: Path, pixels: int, batch: int, rounds: int) -> dict[str, float]:
    """Medians over rounds, and the median of the rounds' ratios: what disturbs a round disturbs both."""
    every = Stepper(supernet(space, "softmax", pixels), pixels, batch)
    one = Stepper(supernet(space, "gumbel_max", pixels), pixels, batch)
    rows = list(_rounds(every, one, rounds))
    kept_all, kept_one = every.saved(), mean(one.saved() for _ in range(2 * DRAWS))
    return {
        "all_path_seconds": median(a for a, _ in rows),
        "one_path_seconds": median(b for _, b in rows),
        "times_as_fast": median(a / b for a, b in rows),
        "all_path_mebibytes": kept_all / 2**20,
        "one_path_mebibytes": kept_one / 2**20,
        "times_less_memory": kept_all / kept_one,
    }


def _rounds(every: Stepper, one: Stepper, rounds: int) -> Iterator[tuple[float, float]]:
    for number in range(rounds + 1):
        pair = every.step(), mean(one.step() for _ in range(DRAWS))
        print(f"\rround {number} of {rounds}: {pair[0]:.3f} and {pair[1]:.3f} s  ", end="", file=sys.stderr, flush=True)
        if number:  # the first warms up
            yield pair
    print(file=sys.stderr)


def main() -> None:
    """Prints the numbers; writes them as JSON where asked to."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--space", type=Path, default=Path(__file__).parents[1] / "spaces" / "fbnet.nas")
    arguments.add_argument("--pixels", type=int, nargs="+", default=[32, 64])
    arguments.add_argument("--batches", type=int, nargs="+", default=[16, 64])
    chosen = arguments.parse_args()
    torch.set_num_threads(chosen.threads)
    choices = shared_choices(archir.load(chosen.space)).values()
    found: dict[str, object] = {
        "machine": machine(),
        "rounds": chosen.rounds,
        "choices": len(choices),
        "candidates": mean(len(edge.candidates) for choice in choices for edge in choice.edges),
    }
    for pixels in chosen.pixels:
        for batch in chosen.batches:
            print(f"{pixels}x{pixels}, batch {batch}", file=sys.stderr)
            found[f"pixels_{pixels}_batch_{batch}"] = compared(chosen.space, pixels, batch, chosen.rounds)
    print(json.dumps(found, indent=2))
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
