"""archir emit: a network as one Python file."""

from __future__ import annotations

from pathlib import Path

import click

from archir.cli.common import set_option, split_settings, write_text
from archir.cli.networks import read_network, read_weights


@click.command("emit")
@click.argument("net")
@click.option("--weights", metavar="FILE", help="A .safetensors file or a training run: copied beside the Python file.")
@click.option("-o", "--output", metavar="FILE", help="Write to a file instead of standard output.")
@set_option
def command(net: str, weights: str | None, output: str | None, settings: tuple[str, ...]) -> None:
    """Write the network NET (a .nas file or a training run) as one PyTorch file that needs nothing of archir.

    With --weights, FILE.safetensors is written beside FILE.py; its names are those of the file's
    state_dict.
    """
    import archir
    from archir.lowering.flatten import flatten, weights_of
    from archir.lowering.weights import fit_weights, save_weights

    if weights is not None and output in (None, "-"):
        raise click.UsageError("--weights needs -o FILE")
    module = read_network(net, split_settings(settings))
    text = archir.to_source(module)
    if weights is not None:
        assert output is not None
        tensors = fit_weights(weights_of(flatten(module).steps), read_weights(weights))
        save_weights(Path(output).with_suffix(".safetensors"), tensors)
    write_text(output, text)
