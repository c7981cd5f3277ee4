"""The processes of a run: torchrun starts them, and they share each batch.

Explicit sums, rather than `DistributedDataParallel` or a library around it: its hooks see `backward`, not the
gradients that two levels ask `torch.autograd.grad` for; it takes the mean over processes, which is not the mean
over images where a batch does not divide evenly; and a weight that nothing used must stay without a gradient.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import torch
from attrs import frozen
from torch import Tensor
from torch import distributed as dist

from archir.diagnostics import fail
from archir.lowering.torch.collective import all_sum, reached, shared_batches
from archir.search.device import choose_device

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

_PATIENCE = timedelta(minutes=30)
_LONG_PATIENCE = timedelta(days=30)


@frozen
class Processes:
    """How many processes share a run, and which of them this one is. The first writes and speaks."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this one writes files and reports progress."""
        return self.rank == 0

    def share(self, images: int) -> slice:
        """Which of the `images` of a batch are this process': as many as any other's, or one more or less."""
        return slice(images * self.rank // self.count, images * (self.rank + 1) // self.count)

    def total(self, *numbers: float | Tensor) -> list[float]:
        """Each number summed over the processes."""
        if self.count == 1:
            return [float(n) for n in numbers]
        device = next((n.device for n in numbers if isinstance(n, Tensor)), None)
        mine = torch.tensor([float(n) for n in numbers], dtype=torch.float64, device=device)
        return all_sum(mine).tolist()

    def summed(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Each tensor summed over the processes; in one exchange, since there are many small ones."""
        if self.count == 1 or not tensors:
            return list(tensors)
        flat = all_sum(torch.cat([t.reshape(-1) for t in tensors]))
        parts = torch.split(flat, [t.numel() for t in tensors])
        return [part.view(t.shape) for part, t in zip(parts, tensors, strict=True)]

    def sum_gradients(self, parameters: Sequence[Tensor]) -> None:
        """Sums `grad` over the processes; a parameter that has none in any of them keeps none in all."""
        if self.count == 1 or not parameters:
            return
        used = torch.tensor([p.grad is not None for p in parameters], dtype=torch.float32, device=parameters[0].device)
        with_gradient = [p for p, n in zip(parameters, all_sum(used).tolist(), strict=True) if n]
        own = [torch.zeros_like(p) if p.grad is None else p.grad for p in with_gradient]
        for parameter, gradient in zip(with_gradient, self.summed(own), strict=True):
            parameter.grad = gradient

    def wait(self) -> None:
        """Returns when all processes have come to this line."""
        if self.count > 1:
            with reached():
                dist.barrier()

    @contextmanager
    def patiently(self) -> Iterator[Callable[[], None]]:
        """How to wait, as `wait` does, for processes that may work for hours before they come.

        What ends one of them is noticed at once all the same.
        """
        if self.count == 1:
            yield lambda: None
            return
        with reached():
            group = dist.new_group(timeout=_LONG_PATIENCE, backend="gloo")
        assert not isinstance(group, int)  # that is what those get who are not in it

        def wait() -> None:
            with reached():
                dist.barrier(group=group)

        yield wait
        dist.destroy_process_group(group)


ALONE = Processes()


def announced(environment: Mapping[str, str] = os.environ) -> Processes:
    """The processes that torchrun says there are, whether or not they have met; this one alone without it."""
    return Processes(int(environment.get("RANK", "0")), int(environment.get("WORLD_SIZE", "1")))


@cache
def store() -> Store:
    """Words that all processes read, the first thing that they have in common."""
    from torch.distributed.rendezvous import rendezvous

    with reached():
        found: Store = next(rendezvous("env://", timeout=_PATIENCE))[0]
    return found


@contextmanager
def joined(device: str | None) -> Iterator[tuple[Processes, torch.device]]:
    """Lets the processes that torchrun started meet; gives them and the device of this one.

    Under torchrun `cuda` is the GPU of the process' local rank; GPUs talk by NCCL, all else by gloo. A
    default group that the caller has made is used as it is.

    Raises:
        ArchirError: NAS507 if there is no such device here; NAS508 if the others cannot be reached.
    """
    processes = announced()
    if processes.count == 1:
        yield processes, choose_device(device)
        return
    chosen = choose_device(_own_device(device))
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    made = not dist.is_initialized()
    if made:
        with reached():
            dist.init_process_group(
                "nccl" if chosen.type == "cuda" else "gloo",
                store=store(), rank=processes.rank, world_size=processes.count, timeout=_PATIENCE,
                device_id=chosen if chosen.type == "cuda" else None,
            )  # fmt: skip
    with shared_batches():
        yield processes, chosen
    if made:  # after an error the others may never come to this line, and the process ends
        dist.destroy_process_group()


def _own_device(name: str | None) -> str | None:
    """The device of this process, by its rank on this machine."""
    wanted = name or ("cuda" if torch.cuda.is_available() else "cpu")
    if wanted.startswith("cuda:"):
        message = f"several processes cannot share the device `{wanted}`"
        fail("NAS508", message, help="write `--device cuda`: each process takes the GPU of its own number")
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if wanted == "cuda" else wanted
