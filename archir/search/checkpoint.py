"""Checkpoints: one safetensors file, with everything that is no tensor as JSON in its header.

Loading runs no code: safetensors holds numbers, JSON holds values. A digest over both tells a
damaged file from a whole one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import safetensors
import safetensors.numpy
import torch
from attrs import asdict, evolve
from torch import Tensor

from archir.diagnostics import ArchirError, fail
from archir.files import atomic_write
from archir.search.contest.record import ContestRecord
from archir.search.milestones import Milestone
from archir.search.origins import origin_from_json, origin_to_json
from archir.search.report import EpochRecord
from archir.search.state import PassRun, Setup, State

FORMAT = "archir-checkpoint-2"
_REMEDY = "resume from a copy of the run folder, or start the run again in another folder"


def save_checkpoint(path: Path, setup: Setup, state: State) -> None:
    """Writes a checkpoint whole or not at all.

    Raises:
        ArchirError: NAS503 if it cannot be written; the one before it stays as it was.
    """
    tensors = {name: t.detach().cpu() for name, t in _tensors(state).items()}
    text = json.dumps(_facts(setup, state), ensure_ascii=False)
    # one entry: safetensors writes several in an order that changes from run to run
    metadata = {FORMAT: f"{_digest(text, tensors)}\n{text}"}
    # as arrays: for each tensor safetensors.torch asks whether it shares memory, which takes longer than writing it
    arrays = {name: np.array(t.numpy(), order="C") for name, t in tensors.items()}
    write_with_remedy(path, safetensors.numpy.save(arrays, metadata))


def write_with_remedy(path: Path, data: bytes | str) -> None:
    """`atomic_write` for a file of a run: a failure says how to go on with the run."""
    try:
        atomic_write(path, data)
    except ArchirError as error:
        help_ = (
            f"free some space, or make `{path.parent}` writable; then go on with `--resume`: nothing is half-written"
        )
        raise ArchirError(*(evolve(d, help=help_) for d in error.diagnostics)) from error


def load_checkpoint(path: Path) -> tuple[Setup, State]:
    """Reads a checkpoint back exactly.

    Raises:
        ArchirError: NAS504 if the file is missing, damaged, or not one of archir's.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no iterator)
    except FileNotFoundError:
        fail("NAS504", f"there is no checkpoint `{path}`", help="name the folder of a run, or start one")
    except (OSError, safetensors.SafetensorError) as error:
        _refuse(path, " ".join(str(error).split()))
    if FORMAT not in metadata:
        _refuse(path, f"it is not of the format {FORMAT}")
    digest, _, text = metadata[FORMAT].partition("\n")
    if digest != _digest(text, tensors):
        _refuse(path, "its digest does not agree with its content")
    try:
        return _read(json.loads(text), tensors)
    except (LookupError, TypeError, ValueError) as error:
        _refuse(path, f"its header lacks what a run needs ({error})")


def _refuse(path: Path, why: str) -> NoReturn:
    fail("NAS504", f"the checkpoint `{path}` cannot be used: {why}", help=_REMEDY)


def _digest(text: str, tensors: Mapping[str, Tensor]) -> str:
    found = blake2b(text.encode(), digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name]
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        found.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def _tensors(state: State) -> dict[str, Tensor]:
    """All tensors by `model/PATH`, `optimizer/WHAT/PATH/SLOT`, `zeros/PATH` and `values/PASS/NAME`."""
    found = {f"model/{path}": tensor for path, tensor in state.model.items()}
    found |= {f"zeros/{path}": tensor for path, tensor in state.zeros.items()}
    for what, by_path in state.optimizers.items():
        for path, slots in by_path.items():
            found |= {f"optimizer/{what}/{path}/{slot}": tensor for slot, tensor in slots.items()}
    for number, run in enumerate(state.passes):
        found |= {f"values/{number}/{name}": torch.from_numpy(value) for name, value in run.values.items()}
    return found


def _facts(setup: Setup, state: State) -> dict[str, Any]:
    return {
        "origin": origin_to_json(setup.origin),
        "facts": dict(setup.facts),
        "steps": list(setup.steps),
        "texts": dict(setup.texts),
        "command": setup.command,
        "circumstances": dict(setup.circumstances),
        "step": state.step,
        "epoch": state.epoch,
        "kinds": dict(state.kinds),
        "passes": [run.spec for run in state.passes],
        "notes": [list(run.notes) for run in state.passes],
        "seconds": [run.seconds for run in state.passes],
        "settled": state.settled,
        "history": [asdict(record) for record in state.history],
        "milestones": [asdict(milestone) for milestone in state.milestones],
        "architecture": list(state.architecture),
        "contests": [asdict(contest) for contest in state.contests],
    }


def _read(facts: dict[str, Any], tensors: Mapping[str, Tensor]) -> tuple[Setup, State]:
    model: dict[str, Tensor] = {}
    zeros: dict[str, Tensor] = {}
    optimizers: dict[str, dict[str, dict[str, Tensor]]] = {}
    values: list[dict[str, Any]] = [{} for _ in facts["passes"]]
    for name, tensor in tensors.items():
        kind, *rest = name.split("/")
        if kind == "model":
            model[rest[0]] = tensor
        elif kind == "zeros":
            zeros[rest[0]] = tensor
        elif kind == "optimizer":
            what, path, slot = rest
            optimizers.setdefault(what, {}).setdefault(path, {})[slot] = tensor
        elif kind == "values":
            values[int(rest[0])][rest[1]] = tensor.numpy()
        else:
            raise ValueError(f"unknown tensor {name}")
    setup = Setup(
        origin_from_json(facts["origin"]), facts["facts"], tuple(facts["steps"]), facts["texts"],
        facts["command"], facts["circumstances"],
    )  # fmt: skip
    runs = zip(facts["passes"], values, facts["notes"], facts["seconds"], strict=True)
    passes = tuple(PassRun(spec, read, tuple(notes), seconds) for spec, read, notes, seconds in runs)
    history = tuple(EpochRecord(**record) for record in facts["history"])
    state = State(
        facts["step"], facts["epoch"], model, optimizers, facts["kinds"], zeros, passes, facts["settled"], history,
        tuple(Milestone(**milestone) for milestone in facts["milestones"]), tuple(facts["architecture"]),
        tuple(ContestRecord(**contest) for contest in facts["contests"]),
    )  # fmt: skip
    return setup, state
