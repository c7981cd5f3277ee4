"""One-path against all-path supernets: how long a step takes, and what it keeps for the backward.

    python benchmarks/one_path.py [--json FILE] [--threads 1] [--rounds 9] [--space spaces/fbnet.nas] [--pixels 32 64]
        [--batches 16 64]

The same space relaxed with `gate=softmax`, where all candidates run, and with `gate=gumbel_max`, where the drawn one of
each choice runs (HourNAS, Yang et al. 2021, section 4.1: faster "by around O times", O candidates). The plain net runs
all candidates, too, without any option of the lowering, as supernets written by hand do. A step is what a search does:
noise is drawn, the path with it, forward, backward to the weights, clipping, SGD. In each round the two nets of all
paths take a step, then the one-path net `DRAWS` steps, each on a path of its own, of which the mean counts. What the
one-path net keeps is a mean over paths, too. Seconds are those of the process, so that other work on the machine counts
little.
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
from archir.lowering.torch import PLAIN, Options, Supernet, to_torch
from archir.search.measure import machine, saved_bytes
from archir.search.optimizers import build_optimizer, set_rate
from archir.search.phases import SGD

DRAWS = 8
DEFAULTS = Options()


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


def supernet(space: Path, gate: str, pixels: int, options: Options = DEFAULTS) -> Supernet:
    """Relaxed with this gate; as in a search, coefficients may have gradients, which a step of weights asks not for."""
    module = archir.load(space, image=(3, pixels, pixels), classes=10)
    return to_torch(archir.apply(module, f"relax{{gate={gate},temperature=5.0,anneal=0.9999,each=step}}"), options)


def compared(space: Path, pixels: int, batch: int, rounds: int) -> dict[str, float]:
    """Medians over rounds, and the median of the rounds' ratios: what disturbs a round disturbs both."""
    every = Stepper(supernet(space, "softmax", pixels), pixels, batch)
    plain = Stepper(supernet(space, "softmax", pixels, PLAIN), pixels, batch)
    one = Stepper(supernet(space, "gumbel_max", pixels), pixels, batch)
    rows = list(_rounds(plain, every, one, rounds))
    kept_plain, kept_all, kept_one = plain.saved(), every.saved(), mean(one.saved() for _ in range(2 * DRAWS))
    return {
        "plain_all_path_seconds": median(p for p, _, _ in rows),
        "all_path_seconds": median(a for _, a, _ in rows),
        "one_path_seconds": median(o for _, _, o in rows),
        "times_as_fast_as_plain": median(p / o for p, _, o in rows),
        "times_as_fast": median(a / o for _, a, o in rows),
        "all_path_mebibytes": kept_all / 2**20,
        "one_path_mebibytes": kept_one / 2**20,
        "times_less_memory_than_plain": kept_plain / kept_one,
        "times_less_memory": kept_all / kept_one,
    }


def _rounds(plain: Stepper, every: Stepper, one: Stepper, rounds: int) -> Iterator[tuple[float, float, float]]:
    for number in range(rounds + 1):
        row = plain.step(), every.step(), mean(one.step() for _ in range(DRAWS))
        seconds = ", ".join(f"{s:.3f}" for s in row)
        print(f"\rround {number} of {rounds}: {seconds} s  ", end="", file=sys.stderr, flush=True)
        if number:  # the first warms up
            yield row
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
