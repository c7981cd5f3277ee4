"""Architectures judged by a supernet: each as the network that it is, with the supernet's weights.

So an architecture is one path: nothing else of the supernet is there, no coefficient weighs what is kept, and batch
norms use statistics of their own inputs. The supernet's are those of mixtures, which no path gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import ceil

import torch
from attrs import evolve

from archir.diagnostics import fail
from archir.ir.graph import Node, Operation
from archir.ir.module import Module
from archir.ir.point import Point
from archir.ir.rewrite import rewritten, with_graph
from archir.lowering.torch import to_torch
from archir.ops.pointwise import Dropout
from archir.passes.fix import applied
from archir.search.carry import carried, fitting
from archir.search.data import Data, Images, split_train
from archir.search.data.augment import Augmentation
from archir.search.evaluation import Score, score_on
from archir.search.learner import Learner
from archir.search.milestones import are_carried
from archir.search.result import TrainedSupernet

BATCH = 500
"""Images that share batch statistics, at most: batches are even, so that none has statistics of a few."""


def judge(
    supernet: TrainedSupernet, points: Sequence[Point], images: Images, augmentation: Augmentation,
    progress: Callable[[int, int], None] | None = None,
) -> list[Score]:  # fmt: skip
    """The scores of all points, as by `judging`; `progress` hears of (points done, points in all)."""
    found = []
    for score in judging(supernet, points, images, augmentation):
        found.append(score)
        if progress is not None:
            progress(len(found), len(points))
    return found


def judging(
    supernet: TrainedSupernet, points: Iterable[Point], images: Images, augmentation: Augmentation
) -> Iterator[Score]:
    """Loss and accuracy of each point on the images, in batches of at most 500 whose statistics batch norms use.

    Raises:
        ArchirError: NAS404 if a point is not of the supernet; NAS602 if the supernet lacks kernels of its paths.
    """
    for point in points:
        yield _score(_path(supernet, point, images.pixels.device), images, augmentation)


def _path(supernet: TrainedSupernet, point: Point, device: torch.device) -> Learner:
    """The network at a point. Scales and shifts that its batch norms had not while searching are one and zero."""
    rewrite = applied(supernet.module, point)
    net = to_torch(_without_dropout(rewrite.module))  # it computes as in training, which is when dropout is noise
    own = net.state_dict()
    if not are_carried(net.weights(), supernet.tensors, [rewrite.weights]):
        message = f"the supernet of `{supernet.module.name}` has not all kernels of the networks that are in it"
        fail("NAS602", message, help="judge a supernet whose passes keep the kernels of the space")
    net.load_state_dict(fitting(carried(supernet.tensors, own, [rewrite.weights]), own), strict=False)
    return Learner.of(net.to(device))


def _without_dropout(module: Module) -> Module:
    return with_graph(module, rewritten(module.graph, lambda graph: tuple(map(_still, graph.nodes))))


def _still(node: Node) -> Node:
    if isinstance(node, Operation) and isinstance(node.primitive, Dropout) and node.primitive.rate:
        return evolve(node, primitive=Dropout(0.0))
    return node


def _score(learner: Learner, images: Images, augmentation: Augmentation) -> Score:
    learner.model.train()  # batch statistics; the running ones, which move, are the path's own and are thrown away
    return score_on(learner, images, augmentation, ceil(len(images) / ceil(len(images) / BATCH)))


def held_out(data: Data, split: float, seed: int, count: int) -> tuple[str, Images]:
    """The first `count` of the images that a phase of this `split` evaluates on, and which: `valid` or `test`."""
    _, valid = split_train(data.train, split, seed)
    name, images = ("valid", valid) if len(valid) else ("test", data.test)
    return name, images.part(slice(0, count))
