"""Lowering to PyTorch: a relaxed module becomes a supernet, a network becomes a plain net."""

from archir.lowering.torch.supernet import Supernet, to_torch

__all__ = ["Supernet", "to_torch"]
