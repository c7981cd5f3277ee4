"""sample: a random point is applied.

x[2] = choose ops from x[0..2]  -->  x[2] = dil_conv_5x5(x[0]) + skip(x[1])
"""

from __future__ import annotations

from random import Random
from typing import ClassVar

from attrs import frozen, validators

from archir.ir.module import Form, Module
from archir.passes.base import Pass, Rewrite, Values, option
from archir.passes.fix import applied
from archir.space.points import random_point


@frozen
class Sample(Pass):
    """Keeps what chance says: the baseline that a search has to beat.

    Every point of the space is equally likely; the same seed gives the same network, also
    at other channels and cells.
    """

    name: ClassVar[str] = "sample"
    summary: ClassVar[str] = "a random point is applied"
    takes: ClassVar[tuple[Form, ...]] = ("space", "relaxed")
    gives: ClassVar[Form | None] = "network"

    seed: int = option(0, "which random point", validator=validators.ge(0))

    def run(self, module: Module, values: Values | None) -> Rewrite:
        return applied(module, random_point(module, Random(self.seed)))  # noqa: S311 - a seed, not a secret
