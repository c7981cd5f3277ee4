"""The latency table of a space: its blocks, and what whole networks take beyond them."""

from __future__ import annotations

from random import Random

import numpy as np
from attrs import frozen

from archir.analysis.blocks import Block, blocks_of
from archir.analysis.latency import Timing, rest_of
from archir.ir.module import Module
from archir.ir.point import Point
from archir.lowering.onnx.timing import Progress, milliseconds
from archir.lowering.weights import Array
from archir.passes.fix import fixed
from archir.space.space import space_of

NETWORKS = 5


@frozen
class Check:
    """A whole network: its median time, and the sum of its blocks', in milliseconds."""

    network: float
    blocks: float


@frozen
class Measured:
    """A table, and the networks by which its rest was found."""

    timings: tuple[Timing, ...]
    checks: tuple[Check, ...]


def measured(
    module: Module,
    rounds: int,
    threads: int = 1,
    progress: Progress | None = None,
    networks: int = NETWORKS,
    seed: int = 0,
) -> Measured:
    """Times the blocks of a space and some random networks of it, all in the same rounds.

    A network takes longer than its blocks by themselves: these find their input where the last run left it. What is
    missing hardly depends on the network, so its median is in the table as a line of its own, the rest.

    Raises:
        ArchirError: NAS402 as `blocks_of`; NAS404 if the space is empty.
    """
    blocks, random = blocks_of(module), Random(seed)  # noqa: S311 - a seed, not a secret
    points = [space_of(module).sample(random) for _ in range(networks)]
    graphs = [b.graph for b in blocks] + [fixed(module, p).graph for p in points]
    times = milliseconds(graphs, rounds, threads, progress)
    medians = [float(np.median(t)) for t in times[: len(blocks)]]
    checks = tuple(
        Check(float(np.median(t)), _summed(blocks, medians, p))
        for p, t in zip(points, times[len(blocks) :], strict=True)
    )
    timings = [
        Timing(b.place, b.count, m, _between_quartiles(t)) for b, m, t in zip(blocks, medians, times, strict=False)
    ]
    missing = np.array([c.network - c.blocks for c in checks])
    rest = Timing(rest_of(module), 1, float(np.median(missing)), _between_quartiles(missing))
    return Measured((*timings, rest), checks)


def _summed(blocks: tuple[Block, ...], medians: list[float], point: Point) -> float:
    kept = {(key, k.edge, k.operation) for key, of in point.choices for k in of}
    return sum(
        b.count * m
        for b, m in zip(blocks, medians, strict=True)
        if not b.place.choice or (b.place.choice, b.place.edge, b.place.operation) in kept
    )


def _between_quartiles(times: Array) -> float:
    low, high = np.quantile(times, (0.25, 0.75)).tolist()
    return float(high - low)
