"""archir train: a network's weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen

from archir.cli.common import json_option, print_json, set_option, split_settings
from archir.cli.networks import network_file, settled
from archir.cli.parameters import load_for_data
from archir.cli.running import RunOptions, command_line, run_options, workplace
from archir.cli.runs import derived, network_weights, summarize
from archir.cli.texts import read_text

if TYPE_CHECKING:
    from archir.ir.module import Module


_SHOWN = 3


@frozen
class Inheritance:
    """How many tensors a network takes over, how many numbers of kernels in them are zero, and what it lacks."""

    tensors: int
    zeros: int
    missing: tuple[str, ...]

    def __str__(self) -> str:
        zeros = f", with {self.zeros:,} zeros in kernels" if self.zeros else ""
        names = ", ".join(self.missing[:_SHOWN]) + (", ..." if len(self.missing) > _SHOWN else "")
        rest = f"; {len(self.missing)} begin anew: {names}" if self.missing else ""
        return f"{self.tensors} of {self.tensors + len(self.missing)} tensors inherited{zeros}{rest}"


@click.command("train")
@click.argument("net")
@run_options
@click.option("--inherit", metavar="RUN", help="Start from the weights of the search that found this network.")
@click.option("--epochs", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--batch", type=click.IntRange(min=2), default=96, show_default=True)
@click.option(
    "--lr", type=click.FloatRange(min=0), default=0.025, show_default=True,
    help="Learning rate at the start (cosine to 0).",
)  # fmt: skip
@click.option("--decay", type=click.FloatRange(min=0), default=3e-4, show_default=True, help="Weight decay.")
@click.option("--cutout", type=click.IntRange(min=0), default=0, show_default=True, help="Side of the erased square.")
@click.option("--keep-zeros", is_flag=True, help="Kernels keep the zeros that they inherit.")
@set_option
@json_option
def command(
    net: str, options: RunOptions, inherit: str | None, epochs: int, batch: int, lr: float, decay: float, cutout: int,
    keep_zeros: bool, settings: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Train the network NET (a .nas file, or a run's) on all training images, from scratch or a search's weights.

    RUN then holds net.nas (with the parameters it was trained at) and net.safetensors.
    """
    from archir.search.milestones import parameter_words
    from archir.search.plan import Plan
    from archir.search.result import recorded_setup
    from archir.search.run import train_network

    if keep_zeros and inherit is None:
        raise click.UsageError("--keep-zeros keeps what is inherited; name the search with --inherit RUN")
    place = workplace(options)
    setup = recorded_setup(options.output) if options.resume else None
    given = split_settings(settings)
    module = settled(load_for_data(read_text(network_file(net)), given, place.data)) if setup is None else None
    weights = {} if inherit is None or module is None else inherited(module, inherit)
    if inherit is not None and module is not None:
        place.reporter.message(f"{inherit}: {inheritance(module, weights)}")
    plan = Plan(
        (phase(epochs, batch, lr, decay, cutout, keep_zeros),), place.data, module, seed=options.seed, weights=weights,
        settings={"inherit": inherit, "net": dict(given)}, command=command_line(),
    )  # fmt: skip
    result = place.carry_out(train_network, plan)
    summary = summarize(result)
    if as_json:
        print_json(summary)
        return
    accuracy = result.history[-1].accuracy
    words = parameter_words(summary["params"], summary["nonzero_params"])
    click.echo(f"{options.output}: test accuracy {accuracy:.2%}, {words}")


def inherited(module: Module, run: str) -> dict[str, Any]:
    """The weights of a search's derived network under the names of `module`; those that it has not are left out."""
    from archir.lowering.inherit import matching_weights
    from archir.search.carry import carried
    from archir.search.result import load_run

    result = load_run(run)
    found = derived(result)
    wanted = network_weights(module)
    taken = carried(result.tensors, wanted, [found.weights, matching_weights(module, found.module)])
    return {path: t for path, t in taken.items() if tuple(t.shape) == wanted[path].shape}


def inheritance(module: Module, weights: Mapping[str, Any]) -> Inheritance:
    """What a network takes over, and what begins as PyTorch initialises it."""
    from archir.search.zeros import zeros_of

    wanted = network_weights(module)
    zeros = sum(int(z.sum()) for z in zeros_of(weights).values())
    return Inheritance(len(weights), zeros, tuple(path for path in wanted if path not in weights))


def phase(epochs: int, batch: int, lr: float, decay: float, cutout: int, keep_zeros: bool) -> Any:
    """The training phase of a network: stochastic gradient descent, cosine to zero."""
    from archir.search.phases import SGD, Train
    from archir.search.schedules import Cosine

    try:
        optimizer = SGD(Cosine(lr, 0.0), momentum=0.9, decay=decay)
        return Train(("weights",), epochs=epochs, batch=batch, weights=optimizer, cutout=cutout, keep_zeros=keep_zeros)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
