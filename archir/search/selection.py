"""A selection: paths of a supernet are judged on held-out images, and the best is the network that was found.

What it decides is recorded as `sample` with the seed that gives this path: a resumed run, and `archir derive`, make the
network from `sample{seed=...}`. Scores are kept as they come, so an interrupted selection goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from random import Random

import torch
from attrs import evolve

from archir.ir.module import Module
from archir.ir.point import Point
from archir.lowering.torch.collective import own_batches
from archir.passes import Rewrite, WeightMap
from archir.search.data import Images
from archir.search.data.augment import standard
from archir.search.device import enough_memory
from archir.search.evaluation import Score, best_of
from archir.search.job import Job
from archir.search.paths import held_out, judging
from archir.search.randomness import derive_seed
from archir.search.rehearsal import require_paths
from archir.search.result import TrainedSupernet, tensors_of, values_of
from archir.search.scores import ScoreFiles
from archir.search.state import PassRun, State
from archir.search.steps import Select, learned_part
from archir.space.space import space_of

_SEEDS = 10**9  # seeds that people can read


def select(
    job: Job, index: int, step: Select, module: Module, state: State, maps: Sequence[WeightMap]
) -> tuple[Rewrite, State]:
    """The network at the best path, and the state behind it. The folder has the scores of all: selected-N.json.

    Raises:
        ArchirError: NAS402 if there is nothing to judge paths with, NAS602 if the supernet lacks kernels of its paths.
    """
    require_paths(job.steps[:index], module)
    start = time.perf_counter()
    paths = sampled(module, step.sample, derive_seed(job.seed, "select", index) % _SEEDS)
    supernet = TrainedSupernet(module, tensors_of(module, state, maps, job.compiler), job.setup, ())
    _, images = held_out(job.data, learned_part(job.steps[:index]), job.seed, step.images)
    files = ScoreFiles(job.folder.path, index)
    scores = _scores(job, files, supernet, paths, images)
    best = best_of(list(scores.values()), step.by)
    values, spec = values_of(module, state.model, maps[state.settled :]), f"sample{{seed={list(scores)[best]}}}"
    rewrite = job.compiler.run_passes(module, spec, values)
    note = _note(list(scores.values()), best, step.by, space_of(module).size, len(images))
    run = PassRun(spec, values, (*rewrite.notes, note), time.perf_counter() - start)
    state = evolve(state, passes=(*state.passes, run), step=index + 1, epoch=0)
    if job.processes.is_first:
        files.save(scores)
        job.save(state)
        files.forget()  # not before: who is killed here goes on behind the selection
    return evolve(rewrite, notes=run.notes), state


def _scores(
    job: Job, files: ScoreFiles, supernet: TrainedSupernet, paths: Mapping[int, Point], images: Images
) -> dict[int, Score]:
    """The scores of all paths by seed. Each process judges some, every batch whole, and all have all."""
    known, processes = files.known(), job.processes
    processes.wait()  # all have seen what is known before anyone adds to it
    left = [seed for seed in paths if seed not in known]
    mine = left[processes.rank :: processes.count]
    own = {seed: known[seed] for seed in paths if seed in known and processes.is_first}
    points, augmentation = [paths[seed] for seed in mine], standard(job.data, augment=False)
    file = files.started(processes.rank)
    with enough_memory("judging paths", "use fewer channels or cells"), own_batches():
        for done, (seed, score) in enumerate(
            zip(mine, judging(supernet, points, images, augmentation), strict=True), 1
        ):
            own[seed] = score
            files.add(file, seed, score)
            others = min(len(left), done * processes.count)  # about as many as this one has done
            job.reporter.counting(len(paths) - len(left) + others, len(paths), "paths", "judged")
    table = torch.zeros(len(paths), 2, dtype=torch.float64)
    for place, seed in enumerate(paths):
        if seed in own:
            table[place] = torch.tensor([own[seed].loss, own[seed].accuracy], dtype=torch.float64)
    (whole,) = processes.summed([table.to(job.device)])  # all but one of the terms are zero, so the sum is exact
    return {seed: Score(loss, accuracy) for seed, (loss, accuracy) in zip(paths, whole.tolist(), strict=True)}


def sampled(module: Module, count: int, start: int) -> dict[int, Point]:
    """Different points of the module's space by the seeds that give them; all where there are no more than `count`."""
    space = space_of(module)
    wanted = min(count, space.size)
    found: dict[Point, int] = {}
    seed = start
    while len(found) < wanted:
        found.setdefault(space.sample(Random(seed)), seed)  # noqa: S311 - a seed, not a secret
        seed += 1
    return {seed: point for point, seed in found.items()}


def _note(scores: Sequence[Score], best: int, by: str, size: int, images: int) -> str:
    losses, accuracies = [s.loss for s in scores], [s.accuracy for s in scores]
    return (
        f"the best of {len(scores):,} of {size:,} paths by {by}, on {images:,} held-out images: "
        f"loss {losses[best]:.4f} ({min(losses):.4f} to {max(losses):.4f}), "
        f"accuracy {accuracies[best]:.2%} ({min(accuracies):.2%} to {max(accuracies):.2%})"
    )
