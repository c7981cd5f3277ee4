"""Where every random number of a run comes from.

No stream of random numbers is ever carried on: each use has a key, such as
(seed, phase, epoch, step), and starts a generator of its own from it. So nothing
depends on the number of workers, on the device, or on where a run was resumed.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Generator


def derive_seed(*key: int | str) -> int:
    """A seed of 63 bits that depends on all parts of `key`; the same on every machine."""
    digest = blake2b(repr(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def happens(probability: float, *key: int | str) -> bool:
    """Whether something of this probability happens, drawn from `key` alone; always at 1, never at 0."""
    return derive_seed(*key) < probability * 2**63


def generator(*key: int | str) -> Generator:
    """A torch generator on the CPU that starts from `key`."""
    import torch

    return torch.Generator().manual_seed(derive_seed(*key))
