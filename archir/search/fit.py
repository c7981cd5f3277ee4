"""Whether a net, and what trains it, fit the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archir.diagnostics import fail
from archir.ir.module import Module
from archir.search.steps import Step, phase_of

if TYPE_CHECKING:
    from archir.search.data import Data


def check_fit(module: Module, data: Data) -> None:
    """Raises ArchirError (NAS506) unless the net takes one image of the data and gives a score for each class."""
    inputs = module.graph.inputs
    if len(inputs) != 1:
        fail(
            "NAS506",
            f"`{module.name}` has {len(inputs)} inputs, and {data.name} gives one image",
            help="search and train nets with one input",
        )
    if inputs[0].type != data.type:
        fail(
            "NAS506",
            f"`{module.name}` takes {inputs[0].type}, and {data.name} gives {data.type}",
            help="load the net for these data, or scale the images with `--size`",
        )
    if module.graph.type.shape != (data.classes,):
        fail(
            "NAS506",
            f"`{module.name}` gives {module.graph.type}, and {data.name} has {data.classes} classes",
            help="load the net with that number of classes",
        )


def check_cutout(steps: Sequence[Step], data: Data) -> None:
    """Raises ArchirError (NAS506) if a phase's cutout erases every image, wherever its square is put."""
    side = max(data.type.shape[1:])
    for phase in map(phase_of, steps):
        if phase is not None and phase.cutout // 2 >= side - 1 and phase.cutout - phase.cutout // 2 >= side:
            fail(
                "NAS506",
                f"a cutout of {phase.cutout} leaves nothing of an image of {data.name}, {data.type}",
                help=f"half of the side is usual: cutout={side // 2}; 0 leaves it out",
            )
