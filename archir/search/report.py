"""What a run says while it works: a bar on a terminal, a line an epoch elsewhere, or nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol

from attrs import field, frozen
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


@frozen
class EpochRecord:
    """What is known of one epoch; one line of log.jsonl.

    step: index of the training step in the method. epoch: from 1. learning_rate: of what the phase names first.
    images_per_second: of training, both levels counted. evaluated: `valid` (held-out images) or `test`. seconds:
    training and evaluation. time: seconds since 1970, at the end. child_accuracy: of the paths that would be derived
    now, inside the supernet, on the same images. objective: the sum of the module's objectives; objectives: each by
    name. edges, operations: how many would be kept now, by kind of cell. values: the module's named values that nothing
    else reads (expected depths). arch_steps: how many architecture steps there were, None if the phase trains none.
    part: which part of a contest it is an epoch of, counted from 0, of how many `parts`; otherwise there is one.
    """

    step: int
    epoch: int
    epochs: int
    train_loss: float
    train_accuracy: float
    evaluated: str
    loss: float
    accuracy: float
    learning_rate: float
    images_per_second: float
    seconds: float
    time: float
    child_accuracy: float | None = None
    objective: float | None = None
    arch_steps: int | None = None
    edges: Mapping[str, int] = field(factory=dict)
    operations: Mapping[str, int] = field(factory=dict)
    objectives: Mapping[str, float] = field(factory=dict)
    values: Mapping[str, float] = field(factory=dict)
    part: int = 0
    parts: int = 1

    @property
    def turn(self) -> int:
        """Which epoch it is of all parts' together, from 1."""
        return (self.epoch - 1) * self.parts + self.part + 1

    @property
    def turns(self) -> int:
        """The epochs of all parts together."""
        return self.epochs * self.parts


@frozen
class BatchRecord:
    """The state of an epoch after `step` of `steps` batches: means over the epoch so far.

    In a contest `epoch` and `epochs` count those of all parts together.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    accuracy: float
    images_per_second: float


class Reporter(Protocol):
    """Hears of a run's progress."""

    def counting(self, done: int, total: int, unit: str, past: str) -> None:
        """So many of all images (`unit`) are decoded (`past`), or of all paths judged."""

    def phase(self, title: str, epochs: int, done: int) -> None:
        """A training phase begins, or goes on after `done` epochs."""

    def batch(self, record: BatchRecord) -> None:
        """A batch has been trained on."""

    def epoch(self, record: EpochRecord) -> None:
        """An epoch has ended and is in the checkpoint."""

    def message(self, text: str) -> None:
        """Anything else worth a line."""

    def close(self) -> None:
        """The run has ended."""


class Silent:
    """Says nothing; for tests and for use from Python."""

    def counting(self, done: int, total: int, unit: str, past: str) -> None: ...

    def phase(self, title: str, epochs: int, done: int) -> None: ...

    def batch(self, record: BatchRecord) -> None: ...

    def epoch(self, record: EpochRecord) -> None: ...

    def message(self, text: str) -> None: ...

    def close(self) -> None: ...


def epoch_line(record: EpochRecord, left: float) -> str:
    """One epoch in a line; `left` is the expected time of the phase's other epochs in seconds."""
    child = "" if record.child_accuracy is None else f"derived paths {record.child_accuracy:.2%}  "
    turn = f"{record.turn}/{record.turns}" if record.parts == 1 else f"{record.turn}/{record.turns}  part={record.part}"
    return (
        f"epoch {turn}  loss {record.train_loss:.4f}  accuracy {record.train_accuracy:.2%}  "
        f"{record.evaluated} loss {record.loss:.4f}  {record.evaluated} accuracy {record.accuracy:.2%}  {child}"
        f"{record.images_per_second:.0f} images/s  {duration(left)} left"
    )


def duration(seconds: float) -> str:
    """Hours, minutes and seconds as `1:02:03`, or `2:03` below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class Lines:
    """One plain line an epoch, for output that is not a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._seconds, self._before = 0.0, 0

    def counting(self, done: int, total: int, unit: str, past: str) -> None:
        if done == total:
            self.message(f"{past} {total} {unit}")

    def phase(self, title: str, epochs: int, done: int) -> None:
        self._seconds, self._before = 0.0, done
        self.message(f"{title}: epoch {done + 1} to {epochs}")

    def batch(self, record: BatchRecord) -> None: ...

    def epoch(self, record: EpochRecord) -> None:
        self._seconds += record.seconds
        mean = self._seconds / max(1, record.turn - self._before)  # others may train parts in between
        self.message(epoch_line(record, mean * (record.turns - record.turn)))

    def message(self, text: str) -> None:
        # a plain write: rich would wrap long lines at 80 columns
        self._console.file.write(text + "\n")
        self._console.file.flush()

    def close(self) -> None: ...


class Bar:
    """A bar with epoch, loss, accuracy, images per second and time left; each epoch leaves a line above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._shown = 0.0
        self._counts = ""  # what the bar counts, if it counts anything but batches

    def _start(self, title: str, total: int | None, done: int, text: str = "", counts: str = "") -> None:
        self.close()
        self._counts = counts
        self._progress = Progress(
            BarColumn(bar_width=10), TextColumn("{task.fields[text]}"),
            TimeRemainingColumn(elapsed_when_finished=True), console=self._console, transient=True,
        )  # fmt: skip
        self._progress.start()
        self._task = self._progress.add_task(title, total=total, completed=done, text=text)

    def counting(self, done: int, total: int, unit: str, past: str) -> None:
        if self._progress is None or self._counts != unit:
            self._start(past, total, done, counts=unit)
        assert self._progress is not None
        self._progress.update(self._task, completed=done, text=f"{done}/{total} {unit}")
        if done == total:
            self.close()
            self.message(f"{past} {total} {unit}")

    def phase(self, title: str, epochs: int, done: int) -> None:
        self.close()
        self.message(f"{title}: epoch {done + 1} to {epochs}")
        self._start(title, None, 0, f"epoch {done + 1}/{epochs}")

    def batch(self, record: BatchRecord) -> None:
        if self._progress is None:
            return
        completed = (record.epoch - 1) * record.steps + record.step
        task = self._progress.tasks[0]
        if task.total is None:  # the bar starts where the phase does, or was resumed
            self._progress.reset(self._task, total=record.epochs * record.steps, completed=completed)
        elif time.monotonic() - self._shown < 0.1 and record.step < record.steps:
            return
        self._shown = time.monotonic()
        text = (
            f"epoch {record.epoch}/{record.epochs}  loss {record.loss:.4f}  accuracy {record.accuracy:.2%}  "
            f"{record.images_per_second:.0f} images/s"
        )
        self._progress.update(self._task, completed=completed, text=text)

    def epoch(self, record: EpochRecord) -> None:
        remaining = self._progress.tasks[0].time_remaining if self._progress else None
        self.message(epoch_line(record, remaining or record.seconds * (record.turns - record.turn)))

    def message(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def reporter_for(console: Console) -> Reporter:
    """A bar on a terminal, a line an epoch elsewhere."""
    return Bar(console) if console.is_terminal else Lines(console)
