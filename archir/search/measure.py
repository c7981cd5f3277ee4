"""How long training steps take, and what they keep for the backward: always side by side, since machines are noisy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import torch
from attrs import frozen
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

Progress = Callable[[int, int], None]


@frozen
class Measured:
    """Seconds of one training step (forward and backward) in each round, and bytes kept between the two."""

    seconds: tuple[float, ...]
    saved_bytes: int

    @property
    def median(self) -> float:
        """Seconds of the median round."""
        return median(self.seconds)


def training_step(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy and the gradients of all parameters; gives the loss, a number."""
    model.zero_grad()
    loss = nn.functional.cross_entropy(model(images), labels)
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.detach()


def saved_bytes(model: nn.Module, images: Tensor) -> int:
    """Bytes that a forward keeps for its backward: each piece of memory that it made and that is alive behind it.

    Unlike hooks on saved tensors, this sees what checkpoints keep, too.
    """
    with _Made() as made:
        output = model(images)
    alive: int = sum(size for storage, size in made.storages.values() if not storage.expired())
    del output  # until here, so that what it keeps was alive
    return alive


class _Made(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Remembers the memory of every tensor that an operation gives, and its size, without keeping it alive."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.storages: dict[int, tuple[StorageWeakRef, int]] = {}
        self._given: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = {_address(t) for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)}
        self._given |= given - self.storages.keys()  # memory from before: weights, buffers, images
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and _address(tensor) not in self._given:
                storage = tensor.untyped_storage()
                self.storages[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())  # type: ignore[no-untyped-call]
        return result


def _address(tensor: Tensor) -> int:
    """The number of a storage: no other has it while a weak reference is there."""
    return int(tensor.untyped_storage()._cdata)


def measure(
    models: Mapping[str, nn.Module], images: Tensor, labels: Tensor, rounds: int, progress: Progress | None = None
) -> dict[str, Measured]:
    """Each model by name, in interleaved rounds after one that warms up. `progress` hears of (done, all) steps."""
    memory = {name: saved_bytes(model, images) for name, model in models.items()}
    times: dict[str, list[float]] = {name: [] for name in models}
    done, total = 0, (rounds + 1) * len(models)
    for number in range(rounds + 1):
        for name, model in models.items():
            start = time.perf_counter()
            training_step(model, images, labels)
            if number:
                times[name].append(time.perf_counter() - start)
            done += 1
            if progress is not None:
                progress(done, total)
    return {name: Measured(tuple(times[name]), memory[name]) for name in models}


def machine() -> dict[str, object]:
    """What the numbers depend on: processor, cores, threads, and versions."""
    import os
    import platform

    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _processor() -> str:
    import platform
    from pathlib import Path

    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
