"""What a selection has in the run's folder.

- select-N/R-K.jsonl: the scores of process R, a line each, as they come, at the attempt K; the folder goes when the
  selection ends
- selected-N.json: the scores of all paths, by the seeds that give them

N is the step's index in the method.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from attrs import asdict, frozen

from archir.diagnostics import fail
from archir.search.checkpoint import write_with_remedy
from archir.search.evaluation import Score


@frozen
class ScoreFiles:
    """The files of one selection in the run's folder `run`."""

    run: Path
    index: int

    @property
    def _folder(self) -> Path:
        return self.run / f"select-{self.index}"

    def known(self) -> dict[int, Score]:
        """What processes that were interrupted have judged. A last line that was cut off counts for nothing.

        Raises `ArchirError` NAS504 for a file that is damaged otherwise.
        """
        found: dict[int, Score] = {}
        for file in sorted(self._folder.glob("*.jsonl")):
            try:
                rows = [json.loads(line) for line in file.read_text("utf-8").split("\n")[:-1]]
                found |= {int(row["seed"]): Score(float(row["loss"]), float(row["accuracy"])) for row in rows}
            except (OSError, ValueError, KeyError, TypeError):
                help_ = f"remove the folder `{self._folder}`, then go on with `--resume`: its paths are judged again"
                fail("NAS504", f"`{file}` is damaged", help=help_)
        return found

    def started(self, rank: int) -> Path:
        """A new file for the scores of a process; a last line of an earlier one may be cut off."""
        before = len(list(self._folder.glob(f"{rank}-*.jsonl")))
        return self._folder / f"{rank}-{before}.jsonl"

    def add(self, file: Path, seed: int, score: Score) -> None:
        """Keeps a score; raises `ArchirError` NAS503 where there is no room."""
        try:
            file.parent.mkdir(exist_ok=True)
            with file.open("a", encoding="utf-8") as out:
                out.write(json.dumps({"seed": seed, **asdict(score)}) + "\n")
        except OSError as error:
            reason = (error.strerror or "it failed").lower()
            fail("NAS503", f"cannot write `{file}`: {reason}", help="make room on the disk, then go on with `--resume`")

    def save(self, scores: Mapping[int, Score]) -> None:
        """Writes what all have come to."""
        rows = [{"seed": seed, **asdict(score)} for seed, score in scores.items()]
        write_with_remedy(self.run / f"selected-{self.index}.json", json.dumps(rows, indent=1) + "\n")

    def forget(self) -> None:
        """Removes the scores of each process."""
        shutil.rmtree(self._folder, ignore_errors=True)
