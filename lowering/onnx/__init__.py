"""Networks as ONNX models, straight from the IR."""

from archir.lowering.onnx.check import check_onnx
from archir.lowering.onnx.model import save_onnx, to_onnx
from archir.lowering.onnx.rows import ROWS

__all__ = ["ROWS", "check_onnx", "save_onnx", "to_onnx"]
