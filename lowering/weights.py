"""Weights of a network by path: what belongs to it, and files of them (safetensors)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from archir.diagnostics import ArchirError, Diagnostic, fail
from archir.files import atomic_write
from archir.ir.primitive import Weight

Array: TypeAlias = NDArray[Any]

_SHOWN = 3
_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_SIZES = "build the network at the sizes that it was trained at (--set channels=...), or pass other weights"
_OTHER = "pass the weights that were trained with this network; `archir train` writes them beside it"


def as_array(value: object) -> Array:
    """A numpy array of a tensor (anything with `detach`), an array or nested numbers, without a copy where possible."""
    if not hasattr(value, "detach"):
        return np.asarray(value)
    tensor = cast(Any, value).detach().cpu()
    try:
        return cast(Array, tensor.numpy())
    except TypeError:  # numpy has no bfloat16
        return cast(Array, tensor.float().numpy())


def fit_weights(expected: Mapping[str, Weight], given: Mapping[str, object]) -> dict[str, Array]:
    """The given weights as arrays, in the order of `expected`.

    Raises:
        ArchirError: NAS602, naming what is missing, superfluous or of a wrong shape or type.
    """
    missing = [path for path in expected if path not in given]
    superfluous = [path for path in given if path not in expected]
    arrays = {path: as_array(given[path]) for path in expected if path in given}
    misshapen = [
        f"`{path}` is {list(array.shape)}, not {list(expected[path].shape)}"
        for path, array in arrays.items()
        if array.shape != expected[path].shape
    ]
    foreign = [f"`{path}` holds {array.dtype}" for path, array in arrays.items() if array.dtype.kind not in "fiu"]
    findings = (
        _finding(len(expected), "is missing", "are missing", [f"`{path}`" for path in missing]),
        _finding(len(given), "does not belong to it", "do not belong to it", [f"`{path}`" for path in superfluous]),
        _finding(len(arrays), "has a wrong shape", "have wrong shapes", misshapen, _SIZES),
        _finding(len(arrays), "holds no numbers", "hold no numbers", foreign),
    )
    found = [f for f in findings if f is not None]
    if found:
        raise ArchirError(*found)
    return arrays


def _finding(total: int, one: str, many: str, names: Sequence[str], help_: str = _OTHER) -> Diagnostic | None:
    if not names:
        return None
    more = ", ..." if len(names) > _SHOWN else ""
    verb = one if len(names) == 1 else many
    message = f"{len(names)} of {total} weights {verb}: {', '.join(names[:_SHOWN])}{more}"
    return Diagnostic("NAS602", message, help=help_)


def save_weights(path: str | os.PathLike[str], weights: Mapping[str, object]) -> None:
    """Writes arrays or tensors by name as a safetensors file, whole or not at all.

    Raises:
        ArchirError: NAS503 if the file cannot be written.
    """
    from safetensors.numpy import save

    # safetensors stores the memory as it lies, so a transposed view needs a copy (which keeps a scalar a scalar).
    arrays = {name: as_array(value) for name, value in weights.items()}
    atomic_write(path, save({name: a if a.flags.c_contiguous else a.copy(order="C") for name, a in arrays.items()}))


def load_weights(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Reads a safetensors file. No code runs while it is read.

    Raises:
        ArchirError: NAS504 if the file is not there, is of another kind or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        data = Path(path).read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        fail("NAS504", f"cannot read `{path}`: {reason}", help="name a .safetensors file that you may read")
    if data.startswith(_PICKLES):
        _refuse_pickle(path)
    try:
        return load(data)
    except (SafetensorError, KeyError, ValueError) as error:
        fail(
            "NAS504",
            f"`{path}` is not a whole safetensors file: {str(error).splitlines()[0]}",
            help="name a file that archir wrote, or write it again: this one may be cut off",
        )


def _refuse_pickle(path: str | os.PathLike[str]) -> NoReturn:
    fail(
        "NAS504",
        f"`{path}` is a pickle, which can run any code while it is read; archir reads safetensors only",
        help="if you trust it, convert it: "
        'safetensors.torch.save_file(torch.load(OLD, weights_only=True), "weights.safetensors")',
    )
