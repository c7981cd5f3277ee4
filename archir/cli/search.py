"""archir search: a space and a method become a searched run."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import click

from archir.cli.common import json_option, print_json, print_notes, set_option, split_settings
from archir.cli.networks import settled
from archir.cli.parameters import load_for_data, split_by_owner, tensor_flags
from archir.cli.running import RunOptions, command_line, run_options, workplace
from archir.cli.runs import network_weights, summarize
from archir.cli.targets import absolute, with_targets
from archir.cli.texts import read_text
from archir.cli.together import is_first
from archir.diagnostics import fail
from archir.sema.load import recorded_parameters, reload, text_parameters
from archir.source import Source

if TYPE_CHECKING:
    from archir.ir.module import Module
    from archir.search.result import Result
    from archir.search.state import Setup


@click.command("search")
@click.argument("space")
@click.option("--method", "asked", metavar="METHOD", help="A shipped method, or a .nas file.  [default: darts]")
@click.option(
    "--target", "targets", multiple=True, metavar="MEASURE=AMOUNT",
    help="What the network shall cost, where the method meets targets: macs=300M, params=60%, as of `archir propose`; "
    "may be repeated.",
)  # fmt: skip
@run_options
@set_option
@json_option
def command(
    space: str, asked: str | None, targets: tuple[str, ...], options: RunOptions, settings: tuple[str, ...],
    as_json: bool,
) -> None:  # fmt: skip
    """Search SPACE with a method, and derive the network that was found.

    --set gives parameters of the space and of the method (space.NAME or method.NAME where both
    have it). RUN holds copies of all texts, a checkpoint after every epoch, and at the end
    point.json (what was kept), net.nas (the network), net.svg (a picture of it), kept.json and
    kept.svg (how many edges and operations were kept); where the method trains that network, too,
    net.safetensors (its weights, as `archir emit` takes them).
    """
    from archir.search.method import find_method, method_parameters, name_of_method, read_method
    from archir.search.milestones import parameter_words
    from archir.search.plan import Plan
    from archir.search.result import recorded_setup
    from archir.search.run import execute

    output = options.output
    setup = recorded_setup(output) if options.resume else None
    source = find_method(asked or "darts") if setup is None else recorded_method(output, setup, asked)
    if setup is None:
        text = read_text(space)
        parameters = text_parameters(*text)
    else:
        text, parameters = None, recorded_parameters(setup.origin)
    of_space, of_method = split_by_owner(split_settings(settings), tensor_flags(parameters), method_parameters(source))
    of_method = with_targets(of_method, targets, name_of_method(source), method_parameters(source))
    read_method(source, of_method)  # what is wrong in it is said before anything is loaded
    place = workplace(options)
    module = None if text is None else searchable(load_for_data(text, of_space, place.data))
    given = absolute(of_method, partial(_whole, module, setup))
    plan = Plan(
        read_method(source, given).steps, place.data, module, seed=options.seed, texts={"method.nas": source.text},
        command=command_line(), settings={"space": dict(of_space), "method": dict(of_method)},
    )  # fmt: skip
    result = place.carry_out(execute, plan)
    if is_first():
        write_findings(result)
    summary = summarize(result)
    if as_json:
        print_json(summary)
    elif result.module.form == "network":
        words = parameter_words(summary["params"], summary["nonzero_params"])
        click.echo(f"{output}: found a network of {words}; it is in {output}/net.nas")
    else:
        click.echo(f"{output}: searched; `archir derive {output}` prints the network")


def _whole(module: Module | None, setup: Setup | None) -> Module:
    """The space as a run began with it: at hand, or from the texts of the run that is resumed."""
    if module is not None:
        return module
    assert setup is not None, "without a checkpoint, the space is loaded"
    return reload(setup.origin)


def recorded_method(run: str, setup: Setup, asked: str | None) -> Source:
    """The text of the method that a search was started with.

    Raises `ArchirError` NAS502 for a run that is no search, or one by another method than is asked for.
    """
    from archir.search.method import find_method, name_of_method

    if "method.nas" not in setup.texts:
        fail("NAS502", f"the run in `{run}` is a training, not a search", help="go on with it: `archir train --resume`")
    source = Source("method.nas", setup.texts["method.nas"])
    given = None if asked is None else find_method(asked)
    if given is not None and (other := name_of_method(given)) != name_of_method(source):
        message = f"the run in `{run}` is a search by `{name_of_method(source)}`, not by `{other}`"
        fail("NAS502", message, help="leave out `--method` to go on with it, or name another folder")
    if given is not None and given.text != source.text:
        print_notes([f"`{asked}` has changed since `{run}` was started, which goes on with what it was started with"])
    return source


def searchable(module: Module) -> Module:
    """The module itself; raises `ArchirError` NAS402 for a network, before a folder is made for the run."""
    if module.form == "network":
        message = f"`{module.name}` is a network: it has no choices to search"
        fail("NAS402", message, help="name a space, or train the network: `archir train`")
    return module


def write_findings(result: Result) -> None:
    """point.json, net.nas, kept.json and pictures in the run's folder, for a run that has derived a network.

    kept.svg is there where the network's choices keep edges, net.safetensors where the method has trained the network.
    """
    from archir.cli.findings import cells_kept, kept_bars, kept_rows
    from archir.files import atomic_write
    from archir.lowering.inherit import matching_weights
    from archir.lowering.weights import save_weights
    from archir.search.carry import carried
    from archir.sema.specialize import print_source
    from archir.show import drawings_of, save
    from archir.show.bars import save_bars
    from archir.space.points import point_to_json

    origin = result.module.origin
    if result.module.form != "network" or origin is None or origin.point is None:
        return
    atomic_write(result.folder / "point.json", point_to_json(origin.point))
    atomic_write(result.folder / "net.nas", print_source(result.module))
    save(result.folder / "net.svg", drawings_of(result.module))
    network = settled(result.module)  # whose names are those of the text
    wanted = network_weights(network)
    tensors = carried(result.tensors, wanted, [matching_weights(network, result.module)])
    if len(tensors) == len(wanted):
        save_weights(result.folder / "net.safetensors", tensors)
    cells = cells_kept(str(result.folder))
    atomic_write(result.folder / "kept.json", json.dumps(kept_rows(cells), indent=2) + "\n")
    if cells:
        save_bars(result.folder / "kept.svg", kept_bars(cells))
