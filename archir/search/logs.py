"""What a person reads of a run: log.jsonl, notes.txt, milestones.json, arch.json, arch.jsonl and TensorBoard's curves.

All are made from the state in the checkpoint, so a resumed run repeats and loses no epoch.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

from attrs import asdict
from torch import Tensor

from archir.diagnostics import fail
from archir.search.checkpoint import write_with_remedy
from archir.search.folders import RunFolder
from archir.search.report import EpochRecord
from archir.search.state import State


def write_logs(folder: RunFolder, state: State) -> None:
    """What has been recorded so far: an epoch a line of log.jsonl and arch.jsonl, milestones.json, contests.json.

    Where there are no milestones, contests or architecture parameters, there is no file of them.
    """
    write_with_remedy(folder.log, "".join(json.dumps(asdict(record)) + "\n" for record in state.history))
    if state.architecture:
        write_with_remedy(folder.architecture_log, "".join(line + "\n" for line in state.architecture))
    if state.milestones:
        write_with_remedy(folder.milestones, _rows(state.milestones))
    if state.contests:
        write_with_remedy(folder.contests, _rows(state.contests))


def _rows(values: Sequence[Any]) -> str:
    """Attrs values as a JSON list, one a line."""
    rows = ",\n".join("  " + json.dumps(asdict(value)) for value in values)
    return f"[\n{rows}\n]\n"


def architecture_line(step: int, epoch: int, parameters: Mapping[str, Tensor]) -> str:
    """A line of arch.jsonl: `{"step": ..., "epoch": ..., "parameters": {name: nested lists}}`, without its end.

    `epoch` counts over all phases, from 1. Six digits: the exact numbers of the last epoch are in arch.json.
    """
    values = {name: _rounded(t.detach().cpu().tolist()) for name, t in parameters.items()}
    return json.dumps({"step": step, "epoch": epoch, "parameters": values}, separators=(",", ":"))


def _rounded(value: Any) -> Any:
    return [_rounded(v) for v in value] if isinstance(value, list) else float(f"{value:.6g}")


def write_notes(path: Path, notes: tuple[str, ...]) -> None:
    """One note a line."""
    write_with_remedy(path, "".join(f"{note}\n" for note in notes))


def write_architecture(path: Path, epoch: int, parameters: Mapping[str, Tensor]) -> None:
    """The architecture parameters as text: nested lists, one row of numbers a line."""
    write_with_remedy(path, architecture_text(epoch, parameters))


def architecture_text(epoch: int, parameters: Mapping[str, Tensor]) -> str:
    """JSON `{"epoch": ..., "parameters": {name: [[...], ...]}}`; each number reads back as the same float32."""
    blocks = []
    for name, tensor in parameters.items():
        rows = tensor.detach().cpu().tolist()
        lines = ",\n".join("      " + json.dumps(row) for row in rows) if tensor.dim() else "      " + json.dumps(rows)
        blocks.append(f"    {json.dumps(name)}: [\n{lines}\n    ]")
    body = ",\n".join(blocks)
    return f'{{\n  "epoch": {epoch},\n  "parameters": {{\n{body}\n  }}\n}}\n'


class Curves:
    """TensorBoard scalars of a run, by epoch over all of its phases.

    Opening removes what is in the folder and writes the curves of `history` again: a run that was
    killed may have written an epoch that is not in the checkpoint, or not have written one that is.

    TensorBoard's own writer works in a thread, whose errors (a full disk) come late and as
    tracebacks; here a few records are written at once, at the end of an epoch.
    """

    def __init__(self, folder: Path, history: tuple[EpochRecord, ...]) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self._folder = folder
        try:
            folder.mkdir(exist_ok=True)
            for old in folder.glob("events.out.tfevents.*"):
                old.unlink()
            # a new name each time: TensorBoard reads on in a file that it has open, even if that is gone
            self._file = (folder / f"events.out.tfevents.{time.time_ns()}.archir").open("wb", buffering=0)
        except OSError as error:
            self._refuse(error)
        self._write([Event(wall_time=time.time(), file_version="brain.Event:2")])
        for number, record in enumerate(history, start=1):
            self.add(number, record)

    def add(self, number: int, record: EpochRecord) -> None:
        """Adds the epoch that is the `number`-th of the run, from 1."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        scalars = {
            "loss/train": record.train_loss,
            f"loss/{record.evaluated}": record.loss,
            "accuracy/train": record.train_accuracy,
            f"accuracy/{record.evaluated}": record.accuracy,
            "speed/images_per_second": record.images_per_second,
            "learning_rate": record.learning_rate,
        }
        scalars |= {} if record.child_accuracy is None else {"accuracy/child": record.child_accuracy}
        scalars |= {} if record.objective is None else {"loss/objective": record.objective}
        scalars |= {} if record.arch_steps is None else {"steps/arch": record.arch_steps}
        scalars |= {f"objectives/{name}": value for name, value in record.objectives.items()}
        scalars |= {f"values/{name}": value for name, value in record.values.items()}
        scalars |= {f"edges/{cell}": number for cell, number in record.edges.items()}
        scalars |= {f"operations/{cell}": number for cell, number in record.operations.items()}
        values = [Summary.Value(tag=name, simple_value=value) for name, value in scalars.items()]
        self._write([Event(wall_time=record.time, step=number, summary=Summary(value=values))])

    def close(self) -> None:
        """Closes the file; all is written already."""
        self._file.close()

    def _write(self, events: list[Any]) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        records = BytesIO()
        for event in events:
            RecordWriter(records).write(event.SerializeToString())
        try:
            self._file.write(records.getvalue())
        except OSError as error:
            self._refuse(error)

    def _refuse(self, error: OSError) -> NoReturn:
        reason = (error.strerror or str(error)).lower()
        fail(
            "NAS503",
            f"cannot write TensorBoard's files in `{self._folder}`: {reason}",
            help="free some space, or make the folder writable; then go on with `--resume`",
        )
