"""Lowering to PyTorch: a relaxed module becomes a supernet, a network becomes a plain net."""

from archir.lowering.torch.functional import call_with
from archir.lowering.torch.options import PLAIN, Options
from archir.lowering.torch.supernet import Supernet, to_torch

__all__ = ["PLAIN", "Options", "Supernet", "call_with", "to_torch"]
