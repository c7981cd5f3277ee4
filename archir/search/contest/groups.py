"""The groups that a contest splits by: computed once, written to the run's folder, and read from there ever after."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import torch
from attrs import evolve

from archir.ir.module import Module, shared_choices
from archir.lowering.torch import Supernet
from archir.passes import Split
from archir.passes.active import Place
from archir.passes.groups import grouped_on
from archir.search.contest.random_groups import random_groups
from archir.search.data import Batch
from archir.search.job import Job
from archir.search.matching import Similarities, Similarity, gradient_similarity, groups_by_cut
from archir.search.randomness import derive_seed
from archir.search.steps import Compete, split_of
from archir.search.trainer import Session


def grouped(job: Job, index: int, step: Compete, whole: Session, module: Module) -> Split:
    """The split with its groups; `whole` is a session of the module before it.

    An interrupted run goes on with the groups that it had: with other threads a cut might come out otherwise.

    Raises:
        ArchirError: NAS402 if the pass splits by something else than groups, or has some already.
    """
    split = split_of(step)
    if step.groups == "given":
        return split
    places = split.grouped(module)
    split.with_groups({})  # before anything is computed
    files = job.contest(index)
    if files.load_groups(places) is None:
        similarities = _similarities(job, index, step, whole, module, places) if step.groups == "gradients" else {}
        groups = (
            groups_by_cut(similarities, step.least) if similarities else random_groups(module, places, job.seed, index)
        )
        if job.processes.is_first:
            files.save_groups(groups, similarities)
    job.processes.wait()
    found = files.load_groups(places)
    assert found is not None, "the first process has written them"
    return split.with_groups(found)


def _similarities(
    job: Job, index: int, step: Compete, whole: Session, module: Module, places: Sequence[Place]
) -> Similarities:
    """The similarities on each edge. Each process computes some edges, and all have all."""
    supernet = whole.learner.model
    assert isinstance(supernet, Supernet)
    choices, batches = shared_choices(module), _batches(whole, step.batches)
    names = [grouped_on(choices, place) for place in places]
    found = []
    supernet.train()
    for number, (place, of) in enumerate(zip(places, names, strict=True)):
        matrix = torch.zeros(len(of), len(of), dtype=torch.float64)
        if number % job.processes.count == job.processes.rank:
            torch.manual_seed(derive_seed(job.seed, "similarities", index, *place))
            matrix = gradient_similarity(supernet, place, batches).matrix
        found.append(matrix.to(job.device))
    whole_ = job.processes.summed(found)  # all but one of the terms are zero, so the sum is exact
    return {place: Similarity(of, m.cpu()) for place, of, m in zip(places, names, whole_, strict=True)}


def _batches(whole: Session, count: int) -> list[Batch]:
    """The first batches of an order of their own, of what weights learn from."""
    stream = whole.for_weights
    return list(islice(evolve(stream, key=(*stream.key, "similarities")).batches(0), count))
