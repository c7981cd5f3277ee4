"""Does an ONNX model say the same as the network it came from?"""

from __future__ import annotations

from typing import NoReturn

import numpy as np
import onnx
from onnx import ModelProto

from archir.diagnostics import fail
from archir.lowering.weights import Array, as_array

TOLERANCE = 1e-4


def check_onnx(model: ModelProto, inputs: object, expected: object) -> float:
    """Checks a model, runs it in ONNX Runtime and compares.

    Args:
        model: a model with one input and one output.
        inputs: array or tensor `[batch, channels, height, width]`.
        expected: what the network gives for `inputs`, `[batch, classes]`.

    Returns:
        max |expected - found|.

    Raises:
        ArchirError: NAS603 if the model is not valid, or if the difference is above
            1e-4 * max(1, max |expected|). NAS506 if `inputs` do not fit the model.
    """
    _check(model)
    a, b = as_array(expected), _run(model, as_array(inputs))
    if a.shape != b.shape:
        _differs(f"the ONNX model gives {list(b.shape)} where the network gives {list(a.shape)}")
    if not np.isfinite(a).all():
        fail(
            "NAS603",
            "the network gives numbers that are not finite, so the ONNX model cannot be compared with it",
            help="look at the weights: training may have diverged",
        )
    difference = float(np.abs(a.astype(np.float64) - b).max(initial=0.0))
    bound = TOLERANCE * max(1.0, float(np.abs(a).max(initial=0.0)))
    if not difference <= bound:  # not `>`: a difference may be NaN
        _differs(f"the ONNX model differs from the network by {difference:.3g}, more than {bound:.3g}")
    return difference


def _check(model: ModelProto) -> None:
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        _differs(f"the ONNX model is not valid: {str(error).strip().splitlines()[0]}")


def _run(model: ModelProto, inputs: Array) -> Array:
    import onnxruntime  # loading it takes half a second

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # fatal only: it warns about what its own optimizer does
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    (image,) = session.get_inputs()
    if list(inputs.shape[1:]) != image.shape[1:]:
        fail(
            "NAS506",
            f"the network takes images {image.shape[1:]}, found {list(inputs.shape[1:])}",
            help="give a batch `[batch, channels, height, width]` of the net's input type",
        )
    result: Array = session.run(None, {image.name: np.ascontiguousarray(inputs, np.float32)})[0]
    return result


def _differs(message: str) -> NoReturn:
    fail("NAS603", message, help="this is a fault of archir: please report it, with the network's .nas file")
