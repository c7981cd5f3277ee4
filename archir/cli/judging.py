"""A sample of NAS-Bench-201 as the supernet of a run judges it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from attrs import frozen

from archir.cli.recorded import data_of, largest_split
from archir.diagnostics import fail
from archir.exchange.nasbench201 import Edges
from archir.exchange.nasbench201_space import Cells, cells_of, point_of

if TYPE_CHECKING:
    from archir.search.evaluation import Score
    from archir.search.result import TrainedSupernet


@frozen
class Judging:
    """How a supernet is compared with the table: what the options of `archir bench` were given."""

    sample: int
    within: str | None
    by: str
    images: int
    data: str | None
    seed: int
    quiet: bool


@frozen(eq=False)
class Judged:
    """Architectures of `cells` with the scores that a supernet gives them, on so many images of `evaluated`."""

    cells: Cells
    architectures: list[Edges]
    scores: list[Score]
    images: int
    evaluated: str

    def by(self, what: str) -> list[float]:
        """The scores as numbers that should rise with true accuracy."""
        return [-s.loss if what == "loss" else s.accuracy for s in self.scores]


def judge_sample(run: str, judging: Judging) -> Judged:
    """A sample of architectures as a run's supernet judges them.

    Raises `ArchirError` NAS502 if the run has no supernet (any more), NAS402 if it lacks what is sampled.
    """
    from rich.console import Console
    from rich.progress import Progress

    from archir.search.data.augment import standard
    from archir.search.device import choose_device, enough_memory
    from archir.search.paths import held_out, judge

    supernet = trained_supernet(run)
    cells = sampled_from(supernet, judging.within)
    architectures = cells.sample(judging.sample, judging.seed)
    with Progress(console=Console(file=sys.stderr), transient=True, disable=judging.quiet) as bar:
        task = bar.add_task("reading images", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        data = data_of(run, supernet.setup, judging.data, show)
        evaluated, images = held_out(data, largest_split(supernet), supernet.setup.facts["seed"], judging.images)
        bar.update(task, description="judging", completed=0)
        points = [point_of(edges) for edges in architectures]
        with enough_memory():
            images = images.to(choose_device(None))
            scores = judge(supernet, points, images, standard(data, augment=False), show)
    return Judged(cells, architectures, scores, len(images), evaluated)


def trained_supernet(run: str) -> TrainedSupernet:
    """The supernet of a run; raises `ArchirError` NAS502 if there is none."""
    from archir.search.result import load_supernet

    supernet = load_supernet(run)
    if supernet is None:
        help_ = "name a search whose method ends with `derive`, or leave the supernet out: `--sample 0`"
        fail("NAS502", f"the run in `{run}` has no trained supernet to judge with", help=help_)
    return supernet


def sampled_from(supernet: TrainedSupernet, within: str | None) -> Cells:
    """The architectures that are sampled: the supernet's, or those of the space that another search ended with."""
    from archir.search.result import load_searched

    own = cells_of(supernet.module)
    if within is None:
        return own
    other = load_searched(within)
    if other is None:
        fail("NAS502", f"the run in `{within}` has searched nothing", help="name the folder of a search")
    cells = cells_of(other)
    if not own.has(cells):
        message = f"the supernet is of a part of the space that has not all of what `{within}` ended with"
        fail("NAS402", message, help="judge with a supernet of the whole space")
    return cells
