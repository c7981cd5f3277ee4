"""Networks and their weights, named on the command line by files or by the folder of a training run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from archir.cli.common import read_module
from archir.diagnostics import fail
from archir.ir.module import Module
from archir.ir.origin import Setting


def network_file(net: str) -> str:
    """The .nas file of a network: itself, or that in the folder of a run."""
    return str(Path(net) / "net.nas") if Path(net).is_dir() else net


def read_network(net: str, settings: dict[str, Setting]) -> Module:
    """The network in a .nas file, or in the folder of a training run."""
    file = network_file(net)
    module = read_module(file, settings)
    if module.form != "network":
        help_ = "derive a network first: `archir derive RUN -o net.nas`"
        fail("NAS601", f"`{file}` is a {module.form}; only a network can be exported", help=help_)
    return module


def read_weights(name: str) -> dict[str, Any]:
    """The weights in a .safetensors file, or in the folder of a training run."""
    from archir.lowering.weights import load_weights

    return load_weights(Path(name) / "net.safetensors" if Path(name).is_dir() else name)


def settled(module: Module) -> Module:
    """The network read again from its source form, so that the run's copy holds the parameters it is trained at."""
    from archir.sema import load_source
    from archir.sema.specialize import print_source
    from archir.source import Source

    origin = module.origin
    if module.form != "network":
        help_ = "search it first: `archir search`; or take a random network: `archir opt -p sample`"
        fail("NAS601", f"`{module.name}` is a {module.form}, not a network", help=help_)
    if origin is None:
        fail("NAS502", f"`{module.name}` is in the flat form, which has no parameters", help="train its source form")
    library = dict(origin.library)
    return load_source(Source(origin.source.name, print_source(module)), None, origin.net, {}, library)
