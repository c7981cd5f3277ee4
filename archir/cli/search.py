"""archir search: a space and a method become a searched run."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archir.cli.common import json_option, print_json, set_option, split_settings
from archir.cli.running import (
    load_for_data,
    open_data,
    open_reporter,
    resumable,
    run_options,
    split_by_owner,
    tensor_flags,
    use_threads,
)  # fmt: skip
from archir.cli.texts import read_text
from archir.diagnostics import fail
from archir.sema.load import recorded_parameters, text_parameters
from archir.source import Source

if TYPE_CHECKING:
    from archir.ir.module import Module
    from archir.search.run import Result
    from archir.search.state import Setup


@click.command("search")
@click.argument("space")
@click.option("--method", "method_name", default="darts", show_default=True, help="A shipped method, or a .nas file.")
@run_options
@set_option
@json_option
def command(
    space: str, method_name: str, data_name: str, size: int | None, output: str, seed: int, resume: bool,
    device: str | None, threads: int | None, quiet: bool, settings: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Search SPACE with a method, and derive the network that was found.

    --set gives parameters of the space and of the method (space.NAME or method.NAME where both
    have it). RUN holds copies of all texts, a checkpoint after every epoch, and at the end
    point.json (what was kept), net.nas (the network) and cells.svg (a picture of it).
    """
    from archir.search.method import find_method, method_parameters, read_method
    from archir.search.run import execute, recorded_setup

    setup = recorded_setup(output) if resume else None
    source = find_method(method_name) if setup is None else recorded_method(output, setup)
    if setup is None:
        text = read_text(space)
        flags = tensor_flags(text_parameters(*text))
    else:
        text, flags = None, tensor_flags(recorded_parameters(setup.origin))
    of_space, of_method = split_by_owner(split_settings(settings), flags, method_parameters(source))
    method = read_method(source, of_method)
    reporter = open_reporter(quiet)
    used = use_threads(threads)
    data = open_data(data_name, size, seed, reporter)
    module = None if text is None else searchable(load_for_data(text, of_space, data))
    facts = {"space": dict(of_space), "method": dict(of_method), "threads": used}
    with resumable(output):
        result = execute(
            method.steps, module, data, output, seed=seed, settings=facts, texts={"method.nas": source.text},
            command=shlex.join(["archir", *sys.argv[1:]]), resume=resume, reporter=reporter, device=device,
        )  # fmt: skip
    write_findings(result)
    summary = summarize(result.module, result)
    if as_json:
        print_json(summary)
        return
    if result.module.form == "network":
        click.echo(f"{output}: found a network of {summary['params']:,} parameters; it is in {output}/net.nas")
    else:
        click.echo(f"{output}: searched; `archir derive {output}` prints the network")


def recorded_method(run: str, setup: Setup) -> Source:
    """The method that a search was started with; raises `ArchirError` NAS502 for a run that is no search."""
    if "method.nas" not in setup.texts:
        fail("NAS502", f"the run in `{run}` is a training, not a search", help="go on with it: `archir train --resume`")
    return Source("method.nas", setup.texts["method.nas"])


def searchable(module: Module) -> Module:
    """The module itself; raises `ArchirError` NAS402 for a network, before a folder is made for the run."""
    if module.form == "network":
        message = f"`{module.name}` is a network: it has no choices to search"
        fail("NAS402", message, help="name a space, or train the network: `archir train`")
    return module


def write_findings(result: Result) -> None:
    """point.json, net.nas and cells.svg in the run's folder, for a run that has derived a network."""
    from archir.files import atomic_write
    from archir.sema.specialize import print_source
    from archir.show import drawings_of, save_cells
    from archir.space.points import point_to_json

    origin = result.module.origin
    if result.module.form != "network" or origin is None or origin.point is None:
        return
    atomic_write(result.folder / "point.json", point_to_json(origin.point))
    atomic_write(result.folder / "net.nas", print_source(result.module))
    save_cells(result.folder / "cells.svg", drawings_of(result.module))


def summarize(module: Module, result: Result) -> dict[str, object]:
    """What a program wants to know of a run."""
    from archir.analysis.cost import macs, parameters

    last = result.history[-1] if result.history else None
    return {
        "run": str(Path(result.folder)),
        "form": module.form,
        "params": parameters(module),
        "macs": macs(module),
        "finished": result.finished,
        "epochs": len(result.history),
        "accuracy": None if last is None else last.accuracy,
        "evaluated_on": None if last is None else last.evaluated,
        "seconds": sum(r.seconds for r in result.history),
    }
