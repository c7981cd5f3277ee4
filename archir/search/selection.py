"""A selection: paths of a supernet are judged on held-out images, and the best is the network that was found.

What it decides is recorded as `sample` with the seed that gives this path: a resumed run, and `archir derive`, make the
network from `sample{seed=...}`. An interrupted selection begins again; it takes seconds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from random import Random

import torch
from attrs import asdict, evolve

from archir.ir.module import Module
from archir.ir.point import Point
from archir.lowering.torch.collective import own_batches
from archir.passes import Rewrite, WeightMap
from archir.search.checkpoint import write_with_remedy
from archir.search.data import Images
from archir.search.data.augment import standard
from archir.search.device import enough_memory
from archir.search.evaluation import Score, best_of
from archir.search.job import Job
from archir.search.paths import held_out, judge
from archir.search.randomness import derive_seed
from archir.search.result import TrainedSupernet, tensors_of, values_of
from archir.search.state import PassRun, State
from archir.search.steps import Select, learned_part
from archir.space.points import random_point
from archir.space.space import space_of

_SEEDS = 10**9  # seeds that people can read


def select(
    job: Job, index: int, step: Select, module: Module, state: State, maps: Sequence[WeightMap]
) -> tuple[Rewrite, State]:
    """The network at the best path, and the state behind it. The folder has the scores of all: selected-N.json.

    Raises `ArchirError` NAS602 if the supernet lacks kernels of its paths.
    """
    paths = sampled(module, step.sample, derive_seed(job.seed, "select", index) % _SEEDS)
    supernet = TrainedSupernet(module, tensors_of(module, state, maps, job.compiler), job.setup, ())
    _, images = held_out(job.data, learned_part(job.steps[:index]), job.seed, step.images)
    scores = _judged(job, supernet, list(paths.values()), images)
    if job.processes.is_first:
        rows = [{"seed": seed, **asdict(score)} for seed, score in zip(paths, scores, strict=True)]
        write_with_remedy(job.folder.path / f"selected-{index}.json", json.dumps(rows, indent=1) + "\n")
    best = best_of(scores, step.by)
    values = values_of(module, state.model, maps[state.settled :])
    spec = f"sample{{seed={list(paths)[best]}}}"
    rewrite = job.compiler.run_passes(module, spec, values)
    note = _note(scores, best, step.by, space_of(module).size, len(images))
    run = PassRun(spec, values, (*rewrite.notes, note))
    return evolve(rewrite, notes=run.notes), evolve(state, passes=(*state.passes, run))


def _judged(job: Job, supernet: TrainedSupernet, points: Sequence[Point], images: Images) -> list[Score]:
    """The scores of all points. Each process judges some, every batch whole, and all have all."""
    mine = list(range(job.processes.rank, len(points), job.processes.count))
    show = partial(job.reporter.counting, unit="paths", past="judged")
    with enough_memory(), own_batches():
        own = judge(supernet, [points[i] for i in mine], images, standard(job.data, augment=False), show)
    table = torch.zeros(len(points), 2, dtype=torch.float64)
    table[mine] = torch.tensor([(score.loss, score.accuracy) for score in own], dtype=torch.float64).view(-1, 2)
    (whole,) = job.processes.summed([table.to(job.device)])  # all but one of the terms are zero, so the sum is exact
    return [Score(loss, accuracy) for loss, accuracy in whole.tolist()]


def sampled(module: Module, count: int, start: int) -> dict[int, Point]:
    """Different points of the module's space by the seeds that give them; all where there are no more than `count`."""
    wanted = min(count, space_of(module).size)
    found: dict[Point, int] = {}
    seed = start
    while len(found) < wanted:
        found.setdefault(random_point(module, Random(seed)), seed)  # noqa: S311 - a seed, not a secret
        seed += 1
    return {seed: point for point, seed in found.items()}


def _note(scores: Sequence[Score], best: int, by: str, size: int, images: int) -> str:
    losses, accuracies = [s.loss for s in scores], [s.accuracy for s in scores]
    return (
        f"the best of {len(scores):,} of {size:,} paths by {by}, on {images:,} held-out images: "
        f"loss {losses[best]:.4f} ({min(losses):.4f} to {max(losses):.4f}), "
        f"accuracy {accuracies[best]:.2%} ({min(accuracies):.2%} to {max(accuracies):.2%})"
    )
