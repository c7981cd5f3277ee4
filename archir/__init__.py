"""archir compiles neural-architecture-search spaces.

The five functions here are what the command line calls, too:

    module = archir.load("spaces/darts.nas", channels=16)
    relaxed = archir.apply(module, "relax")
    supernet = archir.to_torch(relaxed)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archir.diagnostics import ArchirError
from archir.sema import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnx

    from archir.ir.module import Module
    from archir.lowering.torch import Supernet
    from archir.passes import Values

__all__ = ["ArchirError", "apply", "load", "to_onnx", "to_source", "to_torch"]


def apply(module: Module, passes: str, values: Values | None = None) -> Module:
    """The module after a pipeline of passes such as `"relax"` or `"relax,derive"`.

    `values` are learned architecture parameters by name, for passes that read them.
    Raises `ArchirError` for a wrong pipeline or a module that it does not take.
    """
    from archir.passes import run_pipeline

    return run_pipeline(module, passes, values).module


def to_torch(module: Module, **options: bool) -> Supernet:
    """A relaxed module or a network as an `nn.Module`, freshly initialised; parameters are named by IR paths.

    `options` are the fields of `archir.lowering.torch.Options`, by name: `checkpoint=True` keeps less for the
    backward and computes it again, `prune`, `share`, `fold`, `channels_last` and `depthwise` can be turned off.
    Results stay the same but for rounding; `archir bench` measures what each option gives.
    Raises `ArchirError` for a space, and TypeError for an option that there is not or that is no bool.
    """
    from archir.lowering.torch import Options
    from archir.lowering.torch import to_torch as lower

    return lower(module, Options(**options))


def to_source(module: Module) -> str:
    """A network as one Python file that needs torch alone."""
    from archir.lowering.source import to_source as lower

    return lower(module)


def to_onnx(module: Module, state_dict: Mapping[str, object]) -> onnx.ModelProto:
    """A network and its weights (tensors or arrays by path) as an ONNX model with a dynamic batch."""
    from archir.lowering.onnx import to_onnx as lower

    return lower(module, state_dict)
