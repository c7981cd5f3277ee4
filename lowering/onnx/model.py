"""From a network and its weights to an ONNX model, without running or tracing either."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from onnx import GraphProto, ModelProto, helper

from archir.diagnostics import fail
from archir.files import atomic_write
from archir.ir.inlined import inlined
from archir.ir.module import Module
from archir.lowering.flatten import Flat, flatten, steps_of, weights_of
from archir.lowering.onnx.builder import Builder, value_info
from archir.lowering.onnx.rows import ROWS, Site
from archir.lowering.onnx.simplify import simplified, used
from archir.lowering.weights import Array, fit_weights

OUTPUT = "logits"
OPERATOR_SET = 17
FILE_VERSION = 8  # the oldest that holds operator set 17, so that old runtimes take it
_LARGEST = 2**31 - 2**20  # a protocol buffer ends at 2 GiB; the rest of the model needs some room


def to_onnx(module: Module, weights: Mapping[str, object], *, simplify: bool = True) -> ModelProto:
    """A network and its weights as an ONNX model for inference.

    The input `[batch, channels, height, width]` has the net's input name, the output
    is `logits`. Nodes and initializers are named by their IR paths. Operators of the
    default domain only.

    Args:
        module: a module of form `network`.
        weights: arrays or tensors by IR path, for example a `state_dict()`.
        simplify: compute equal values once, take zeros out and fold batch norms into convolutions, whose
            initializers then hold other numbers than `weights`. Without it there is a node for each operation.

    Raises:
        ArchirError: NAS601 if the module is not a network, NAS602 if the weights do not belong to it.
    """
    flat = flatten(module)
    expected = weights_of(flat.steps)
    if len(module.graph.inputs) != 1 or module.graph.inputs[0].name == OUTPUT:
        names = ", ".join(f"`{v.name}`" for v in module.graph.inputs)
        fail(
            "NAS601",
            f"a network for ONNX needs one input that is not named `{OUTPUT}`, found {names}",
            help="rename the net's input, or give the net one tensor",
        )
    parameters = sum(w.elements for w in expected.values() if w.kind == "parameter")
    if parameters * 4 > _LARGEST:
        fail("NAS601", f"{parameters} parameters do not fit into an ONNX file of 2 GiB", help="use fewer channels")
    arrays = fit_weights(expected, weights)
    if simplify:
        graph, arrays = simplified(inlined(module.graph), arrays)
        flat = steps_of(graph)
    model = ModelProto(ir_version=FILE_VERSION, producer_name="archir", producer_version=_version())
    model.opset_import.append(helper.make_opsetid("", OPERATOR_SET))
    model.doc_string = f"{module.name}: {parameters} parameters"
    _write(model.graph, module, flat, arrays)
    return model


def save_onnx(model: ModelProto, path: str | os.PathLike[str]) -> None:
    """Writes a model to a file, whole or not at all.

    Raises:
        ArchirError: NAS503 if the file cannot be written.
    """
    atomic_write(path, model.SerializeToString())


def _write(graph: GraphProto, module: Module, flat: Flat, weights: Mapping[str, Array]) -> None:
    (image,) = module.graph.inputs
    graph.name = module.name
    build = Builder(graph, image.name)
    values = {image.name: image.name}
    for step in used(flat):
        # What only zeros stand on is not computed; the row of zeros does not look at its operand.
        operands = tuple(values.get(path, image.name) for path in step.operands)
        values[step.path] = ROWS[type(step.primitive)](Site(build, step, operands, weights), step.primitive)
    _name_output(build, values[flat.output])
    graph.input.append(value_info(image.name, image.type))
    graph.output.append(value_info(OUTPUT, module.graph.type))
    graph.value_info.extend(value_info(name, type_) for name, type_ in build.values.items() if name != OUTPUT)


def _name_output(build: Builder, result: str) -> None:
    """Gives the result the name of the output; a value that has this name by chance gets another one."""
    if result == build.input:
        build.emit("Identity", (result,), OUTPUT, None)
        return
    names = {OUTPUT: f"{OUTPUT}/value", result: OUTPUT} if result != OUTPUT else {}
    for node in build.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    build.values = {names.get(name, name): type_ for name, type_ in build.values.items()}


@cache
def _version() -> str:
    try:
        return version("archir")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"
