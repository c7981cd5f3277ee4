"""archir bench without a table: what the options of the lowering give on this machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from archir.cli.common import print_json, split_settings
from archir.cli.parameters import split_by_owner, tensor_flags
from archir.cli.texts import read_text
from archir.diagnostics import fail
from archir.sema.load import load_source, text_parameters

if TYPE_CHECKING:
    from archir.ir.module import Module
    from archir.lowering.torch import Options
    from archir.search.measure import Measured
    from archir.search.method import Method


def bench_lowering(
    space: str, method_name: str, batch: int, rounds: int, *, settings: tuple[str, ...], as_json: bool, quiet: bool
) -> None:
    """Times training steps of a space's supernet with each option of the lowering off and on."""
    from archir.search.device import enough_memory
    from archir.search.measure import machine
    from archir.search.method import find_method, method_parameters, read_method

    source, text = find_method(method_name), read_text(space)
    of_space, of_method = split_by_owner(
        split_settings(settings), tensor_flags(text_parameters(*text)), method_parameters(source)
    )
    module = first_trained(load_source(*text, of_space), read_method(source, of_method))
    variants = variants_of()
    with enough_memory():
        measured = time_variants(module, variants, batch, rounds, show=not quiet)
    rows = [row(name, options, measured[name], batch) for name, options in variants.items()]
    if as_json:
        print_json({"machine": machine(), "batch": batch, "rounds": rounds, "variants": rows})
        return
    width = max(map(len, variants))
    click.echo(f"{'':<{width}}  {'step':>10}  {'images/s':>9}  {'kept':>11}")
    for name in variants:
        m = measured[name]
        speed, kept = batch / m.median, m.saved_bytes / 2**20
        click.echo(f"{name:<{width}}  {m.median * 1e3:>7.0f} ms  {speed:>9.1f}  {kept:>7.0f} MiB")


def first_trained(module: Module, method: Method) -> Module:
    """The module that the method's first training phase trains. A network stays as it is."""
    from archir.passes import run_pipeline
    from archir.search.steps import RunPass

    if module.form == "network":
        return module
    for step in method.steps:
        if not isinstance(step, RunPass):
            break
        module = run_pipeline(module, step.spec, None).module
    return module


def variants_of() -> dict[str, Options]:
    """All options off, the defaults, and each option turned over: by their names in the table."""
    from attrs import evolve, fields

    from archir.lowering.torch import PLAIN, Options

    usual = Options()
    found = {"all off": PLAIN, "defaults": usual}
    for option in fields(Options):
        value = getattr(usual, option.name)
        found[f"{option.name} {'off' if value else 'on'}"] = evolve(usual, **{option.name: not value})
    return found


def time_variants(
    module: Module, variants: dict[str, Options], batch: int, rounds: int, *, show: bool
) -> dict[str, Measured]:
    """Each variant by name, with the same weights and images, in interleaved rounds."""
    import torch
    from rich.console import Console
    from rich.progress import Progress

    from archir.lowering.torch import to_torch
    from archir.search.measure import measure

    if len(module.graph.inputs) != 1 or module.graph.type.is_map:
        message = f"`{module.name}` does not give one vector of scores for one image"
        fail("NAS506", message, help="time nets with one input and a classifier")
    torch.manual_seed(0)
    images = torch.randn(batch, *module.graph.inputs[0].type.shape)
    labels = torch.randint(module.graph.type.channels, (batch,))
    models = {name: to_torch(module, options) for name, options in variants.items()}
    console = Console(file=sys.stderr)
    with Progress(console=console, transient=True, disable=not show) as bar:
        task = bar.add_task("timing", total=None)
        return measure(
            models, images, labels, rounds, lambda done, total: bar.update(task, completed=done, total=total)
        )


def row(name: str, options: Options, measured: Measured, batch: int) -> dict[str, object]:
    """One variant for programs."""
    from attrs import asdict

    return {
        "name": name,
        "options": asdict(options),
        "seconds": measured.median,
        "all_seconds": list(measured.seconds),
        "images_per_second": batch / measured.median,
        "saved_bytes": measured.saved_bytes,
    }
