"""What `search` and `train` share: their options, threads, data, progress, and the run itself."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click
from attrs import fields, frozen

from archir.cli.together import first_before_others, is_first

if TYPE_CHECKING:
    from archir.search.data import Data
    from archir.search.plan import Plan
    from archir.search.report import Reporter
    from archir.search.result import Result

F = TypeVar("F", bound=Callable[..., Any])
DATA_HELP = "digits, cifar10:DIR, cifar100:DIR, folder:DIR (train/ and test/; mixed sizes need --size) or fake."


@frozen
class RunOptions:
    """What the options of `run_options` were given."""

    data: str
    size: int | None
    limit: int | None
    output: str
    seed: int
    resume: bool
    device: str | None
    threads: int | None
    quiet: bool


def run_options(command: F) -> F:
    """The options of every command that trains, handed over as the one argument `options`."""

    @wraps(command)
    def bundled(**given: Any) -> Any:
        options = RunOptions(**{f.name: given.pop(f.name) for f in fields(RunOptions)})
        return command(options=options, **given)

    whole: Any = bundled
    for option in reversed(
        (
            click.option("--data", default="digits", show_default=True, metavar="DATA", help=DATA_HELP),
            click.option("--size", type=click.IntRange(min=1), help="Scale images to this height and width."),
            click.option("--limit", type=click.IntRange(min=1), help="Take so many training images, evenly by class."),
            click.option("-o", "--output", required=True, metavar="RUN", help="The run's folder."),
            click.option("--seed", type=int, default=0, show_default=True, help="What all random numbers derive from."),
            click.option("--resume", is_flag=True, help="Go on with the interrupted run in RUN."),
            click.option(
                "--device", help="Where to train, in torch's words (default: cuda if there is one, else cpu)."
            ),
            click.option(
                "--threads", type=click.IntRange(min=1), help="CPU threads; 1 where other work shares the cores."
            ),
            click.option("--quiet", is_flag=True, help="Show no progress."),
        )
    ):
        whole = option(whole)
    return whole  # type: ignore[no-any-return]


@frozen(eq=False)
class Workplace:
    """Where a run is at work: what it learns from, and who hears of it."""

    options: RunOptions
    data: Data
    reporter: Reporter

    def carry_out(self, start: Start, plan: Plan) -> Result:
        """Starts or resumes a plan; says how to go on where the user interrupts it."""
        options = self.options
        try:
            return start(plan, options.output, resume=options.resume, reporter=self.reporter, device=options.device)
        except KeyboardInterrupt:
            where = f"from the last whole epoch in {options.output}"
            raise KeyboardInterrupt(f"the same command with --resume goes on {where}") from None


class Start(Protocol):
    """`execute` or `train_network`."""

    def __call__(self, plan: Plan, run_dir: str, *, resume: bool, reporter: Reporter, device: str | None) -> Result:
        """Carries the plan out in the folder `run_dir`."""


def workplace(options: RunOptions) -> Workplace:
    """Sets threads and loads the data, as the options say.

    Progress goes to standard error, so that standard output stays for results.
    """
    import torch
    from rich.console import Console

    from archir.search.data import load_data
    from archir.search.report import Silent, reporter_for

    reporter = reporter_for(Console(stderr=True)) if is_first() and not options.quiet else Silent()
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    with first_before_others("data"):
        data = load_data(
            options.data,
            size=options.size,
            limit=options.limit,
            seed=options.seed,
            progress=partial(reporter.counting, unit="images", past="decoded"),
        )
    return Workplace(options, data, reporter)


def command_line() -> str:
    """The command as a shell would read it, for run.json."""
    return shlex.join(["archir", *sys.argv[1:]])
