"""Gradient matching: which operations of an edge want the same of the weights that they share (HEP-NAS, Eq. 1)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import torch
from attrs import frozen
from torch import Tensor

from archir.analysis.cut import minimum_cut
from archir.ir.module import shared_choices
from archir.lowering.torch import Supernet, to_torch
from archir.passes.active import Place, restricted
from archir.passes.groups import Groups, grouped_on
from archir.search.data import Batch
from archir.search.learner import Learner


@frozen(eq=False)
class Similarity:
    """How alike the operations of an edge are: their names, and a cosine in [-1, 1] for each pair, float64 [n, n]."""

    operations: tuple[str, ...]
    matrix: Tensor


Similarities: TypeAlias = Mapping[Place, Similarity]


def gradient_similarity(supernet: Supernet, place: Place, batches: Sequence[Batch]) -> Similarity:
    """The cosine similarity of the gradients that each pair of operations gives the shared weights.

    For each operation the loss is that of the supernet with only this one left on the edge (of all instances of the
    choice), which the edge's gate then gives the whole coefficient; other edges are as they are. Its gradient is taken
    on the weights that stay whichever is left, in the mode (training or not) that the supernet is in. A cosine is
    the mean of those of the batches; that of a gradient without length is zero. `none` is compared where it is
    an alternative of its edge. Noise is drawn anew for each batch, the same for all operations. The supernet stays as
    it is, statistics and gradients included: all evaluations read its own tensors and draw the same random numbers.

    Raises `ArchirError` NAS406 if there is no such edge.
    """
    names = grouped_on(shared_choices(supernet.module), place)
    nets = [_only(supernet, place, name) for name in names]
    tensors: dict[str, Tensor] = {name: p.detach() for name, p in supernet.named_parameters()}
    everywhere = set.intersection(*(set(net.weights()) for net in nets))
    shared = [tensors[name].requires_grad_() for name in supernet.weights() if name in everywhere]
    tensors |= dict(supernet.named_buffers())
    total = torch.zeros(len(names), len(names), dtype=torch.float64)
    with Learner.of(supernet).kept_buffers():
        for batch in batches:
            supernet.tick("step")
            slopes = torch.stack([_slope(net, batch, tensors, shared) for net in nets])
            lengths = torch.linalg.vector_norm(slopes, dim=1, keepdim=True)
            unit = slopes / torch.where(lengths > 0, lengths, torch.ones_like(lengths))
            total += (unit @ unit.T).cpu()
    return Similarity(names, total / len(batches))


def _only(supernet: Supernet, place: Place, name: str) -> Supernet:
    """The supernet with one operation left on an edge; it takes its tensors from the supernet."""
    with torch.device("meta"):
        net = to_torch(restricted(supernet.module, {place: (name,)}), supernet.options)
    return net.train(supernet.training)


def _slope(net: Supernet, batch: Batch, tensors: Mapping[str, Tensor], shared: Sequence[Tensor]) -> Tensor:
    """The gradient of the loss on all shared weights as one vector, float64; statistics move in copies."""
    learner = Learner.of(net)
    own = {name: tensors[name] for name, _ in net.named_parameters()}
    own |= {name: tensors[name].clone() for name, _ in net.named_buffers()}
    with torch.random.fork_rng():
        loss, _ = learner.loss(batch, own)
    return torch.cat([slope.reshape(-1) for slope in learner.gradients(loss, shared)]).double()


def groups_by_cut(similarities: Similarities, least: int = 1) -> Groups:
    """Two groups of operations for each edge, of at least so many: the minimum cut (Eq. 2).

    An edge of a single operation is not split, one of fewer than twice `least` is halved.
    """
    found: dict[Place, tuple[tuple[str, ...], ...]] = {}
    for place, of in similarities.items():
        if len(of.operations) < 2:
            found[place] = ()
            continue
        cut = minimum_cut(of.matrix.numpy(), least)
        found[place] = tuple(tuple(of.operations[i] for i in group) for group in cut)
    return found


def similarities_to_json(similarities: Similarities) -> str:
    """Similarities as text: choice -> for each edge its operations and their matrix, null for an edge without."""
    rows = {
        place: {"operations": list(of.operations), "similarity": of.matrix.tolist()}
        for place, of in similarities.items()
    }
    return _by_choice(rows)


def groups_to_json(groups: Groups) -> str:
    """Groups as the text that `partition{file=...}` reads."""
    return _by_choice({place: [list(group) for group in of] or None for place, of in groups.items()})


def _by_choice(rows: Mapping[Place, object]) -> str:
    found: dict[str, list[object]] = {}
    for (key, e), row in sorted(rows.items()):
        edges = found.setdefault(key, [])
        edges += [None] * (e + 1 - len(edges))
        edges[e] = row
    return json.dumps(found, indent=1) + "\n"
