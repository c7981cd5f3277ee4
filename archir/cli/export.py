"""archir export: a network and its weights as a verified ONNX model."""

from __future__ import annotations

import click

from archir.cli.common import json_option, print_json, set_option, split_settings
from archir.cli.networks import read_network, read_weights


@click.command("export")
@click.argument("net")
@click.option("--weights", required=True, metavar="FILE", help="A .safetensors file, or a training run.")
@click.option("-o", "--output", required=True, metavar="FILE", help="The ONNX file.")
@set_option
@json_option
def command(net: str, weights: str, output: str, settings: tuple[str, ...], as_json: bool) -> None:
    """Write the network NET (a .nas file or a training run) and its weights as an ONNX model.

    The model is checked, and run in ONNX Runtime against torch; if they differ by more than
    1e-4 times the largest output (or 1e-4), nothing is written.
    """
    import torch

    import archir
    from archir.lowering.flatten import flatten, weights_of
    from archir.lowering.onnx import check_onnx, save_onnx
    from archir.lowering.weights import fit_weights

    module = read_network(net, split_settings(settings))
    tensors = fit_weights(weights_of(flatten(module).steps), read_weights(weights))
    model = archir.to_onnx(module, tensors)
    network = archir.to_torch(module)
    network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in tensors.items()})
    network.eval()
    (image,) = module.graph.inputs
    inputs = torch.randn(2, *image.type.shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = network(inputs).numpy()
    difference = check_onnx(model, inputs.numpy(), expected)
    save_onnx(model, output)
    largest = float(abs(expected).max())
    if as_json:
        print_json({"file": output, "nodes": len(model.graph.node), "difference": difference, "largest": largest})
        return
    click.echo(
        f"{output}: {len(model.graph.node)} nodes; ONNX Runtime and torch differ by at most {difference:.1e} "
        f"(largest output {largest:.2f})"
    )
