"""Networks and their weights, named on the command line by files or by the folder of a training run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from archir.cli.common import read_module
from archir.diagnostics import fail
from archir.ir.module import Module
from archir.ir.origin import Setting


def read_network(net: str, settings: dict[str, Setting]) -> Module:
    """The network in a .nas file, or in the folder of a training run."""
    file = str(Path(net) / "net.nas") if Path(net).is_dir() else net
    module = read_module(file, settings)
    if module.form != "network":
        help_ = "derive a network first: `archir derive RUN -o net.nas`"
        fail("NAS601", f"`{file}` is a {module.form}; only a network can be exported", help=help_)
    return module


def read_weights(name: str) -> dict[str, Any]:
    """The weights in a .safetensors file, or in the folder of a training run."""
    from archir.lowering.weights import load_weights

    return load_weights(Path(name) / "net.safetensors" if Path(name).is_dir() else name)
