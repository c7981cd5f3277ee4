"""From a network and its weights to an ONNX model, without running or tracing either."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from onnx import GraphProto, ModelProto, helper

from archir.diagnostics import fail
from archir.files import atomic_write
from archir.ir.module import Module
from archir.lowering.flatten import Flat, flatten, weights_of
from archir.lowering.onnx.builder import Builder, value_info
from archir.lowering.onnx.rows import ROWS, Site
from archir.lowering.weights import Array, fit_weights

OUTPUT = "logits"
OPERATOR_SET = 17
FILE_VERSION = 8  # the oldest that holds operator set 17, so that old runtimes take it
_LARGEST = 2**31 - 2**20  # a protocol buffer ends at 2 GiB; the rest of the model needs some room


def to_onnx(module: Module, weights: Mapping[str, object], *, share: bool = True) -> ModelProto:
    """A network and its weights as an ONNX model for inference.

    The input `[batch, channels, height, width]` has the net's input name, the output
    is `logits`. Nodes and initializers are named by their IR paths. Operators of the
    default domain only.

    Args:
        module: a module of form `network`.
        weights: arrays or tensors by IR path, for example a `state_dict()`.
        share: compute equal values once.

    Raises:
        ArchirError: NAS601 if the module is not a network, NAS602 if the weights do not belong to it.
    """
    flat = flatten(module)
    if len(module.graph.inputs) != 1 or module.graph.inputs[0].name == OUTPUT:
        names = ", ".join(f"`{v.name}`" for v in module.graph.inputs)
        fail(
            "NAS601",
            f"a network for ONNX needs one input that is not named `{OUTPUT}`, found {names}",
            help="rename the net's input, or give the net one tensor",
        )
    expected = weights_of(flat.steps)
    parameters = sum(w.elements for w in expected.values() if w.kind == "parameter")
    if parameters * 4 > _LARGEST:
        fail("NAS601", f"{parameters} parameters do not fit into an ONNX file of 2 GiB", help="use fewer channels")
    graph = _graph(module, flat, fit_weights(expected, weights), share)
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPERATOR_SET)],
        ir_version=FILE_VERSION,
        producer_name="archir",
        producer_version=_version(),
    )
    model.doc_string = f"{module.name}: {parameters} parameters"
    return model


def save_onnx(model: ModelProto, path: str | os.PathLike[str]) -> None:
    """Writes a model to a file, whole or not at all.

    Raises:
        ArchirError: NAS503 if the file cannot be written.
    """
    atomic_write(path, model.SerializeToString())


def _graph(module: Module, flat: Flat, weights: Mapping[str, Array], share: bool) -> GraphProto:
    (image,) = module.graph.inputs
    build = Builder(image.name, share)
    values = {image.name: image.name}
    for step in flat.steps:
        operands = tuple(values[path] for path in step.operands)
        values[step.path] = ROWS[type(step.primitive)](Site(build, step, operands, weights), step.primitive)
    _name_output(build, values[flat.output])
    inside = [value for name, value in build.values.items() if name != OUTPUT]
    return helper.make_graph(
        build.nodes,
        module.name,
        [value_info(image.name, image.type)],
        [value_info(OUTPUT, module.graph.type)],
        initializer=list(build.initializers.values()),
        value_info=inside,
    )


def _name_output(build: Builder, result: str) -> None:
    """Gives the result the name of the output; a value that has this name by chance gets another one."""
    names = {OUTPUT: f"{OUTPUT}/value", result: OUTPUT} if result != OUTPUT else {}
    if result == build.input:
        build.nodes.append(helper.make_node("Identity", (result,), (OUTPUT,), name=OUTPUT))
        return
    for node in build.nodes:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for old in [name for name in names if name in build.values]:
        info = build.values.pop(old)
        info.name = names[old]
        build.values[info.name] = info


@cache
def _version() -> str:
    try:
        return version("archir")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"
