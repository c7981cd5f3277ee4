"""What processes that share each batch tell one another while they compute.

A network forms means over the whole batch, and draws noise for it; where each of several processes
holds a part of the batch, these operations ask the others. They do so only inside `shared_batches`, and
then all processes must call them in the same order, which they do since all run the same graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch import distributed as dist

from archir.diagnostics import fail

# No context variable: a recomputed forward may run in a thread of autograd's own, which would not see it.
_shared = False


@contextmanager
def shared_batches() -> Iterator[None]:
    """In this block every batch is a part of one that all processes of the default group share."""
    with _sharing(shared=True):
        yield


@contextmanager
def own_batches() -> Iterator[None]:
    """In this block each process has whole batches of its own, and asks no other."""
    with _sharing(shared=False):
        yield


@contextmanager
def _sharing(*, shared: bool) -> Iterator[None]:
    global _shared  # noqa: PLW0603
    before, _shared = _shared, shared
    try:
        yield
    finally:
        _shared = before


def is_shared() -> bool:
    """Whether a batch is a part of a larger one."""
    return _shared


def all_sum(tensor: Tensor) -> Tensor:
    """The sum of the processes' tensors of one shape, the same bits in each process."""
    total = tensor.contiguous().clone()
    with reached():
        dist.all_reduce(total)
    return total


def all_rows(tensor: Tensor) -> Tensor:
    """The processes' tensors of one shape, stacked: [processes, *shape]."""
    rows = tensor.new_empty((dist.get_world_size(), *tensor.shape))
    with reached():
        dist.all_gather(list(rows), tensor.contiguous())
    return rows


def place_in_batch(count: int, device: torch.device) -> tuple[int, int]:
    """Where the `count` images of this process begin in the whole batch, and how many that has."""
    counts = all_rows(torch.tensor(count, device=device)).tolist()
    return sum(counts[: dist.get_rank()]), sum(counts)


@contextmanager
def reached() -> Iterator[None]:
    """Says what to do where another process cannot be reached; raises ArchirError (NAS508)."""
    try:
        yield
    except RuntimeError as error:
        reason = str(error).strip().partition("\n")[0]
        fail(
            "NAS508",
            f"another process of this run cannot be reached: {reason}",
            help="look for what ended it; then start again with `--resume`, with as many processes as you like",
        )
