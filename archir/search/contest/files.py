"""What a contest has in the run's folder.

- similarities-N.json, groups-N.json: how alike the operations were, and the groups made of that; they stay
- contest-N/part-P.epoch-E.safetensors: part P after E epochs: the checkpoint that the run would have, if this part were
  the one that goes on
- contest-N/WHO.outputs-E.safetensors: what a teacher says of the images of epoch E (counted from 0)

N is the step's index in the method. The folder contest-N goes when the contest ends.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from attrs import evolve, frozen
from torch import Tensor

from archir.diagnostics import ArchirError, fail
from archir.passes.active import Place
from archir.passes.groups import Groups, read_groups
from archir.search.checkpoint import load_checkpoint, save_checkpoint, write_with_remedy
from archir.search.matching import Similarities, groups_to_json, similarities_to_json
from archir.search.state import Setup, State

PREVIOUS = "previous"
"""The name of the teacher that was there before the split; the others are called by `part_name`."""
_PART = re.compile(r"part-(\d+)\.epoch-(\d+)\.safetensors")
_FOLDER = re.compile(r"contest-(\d+)")


def part_name(part: int) -> str:
    """What a part is called in names of files."""
    return f"part-{part}"


@frozen(eq=False)
class ContestFiles:
    """The files of one contest in the run's folder `run`; all processes see them, and each part is written by one."""

    run: Path
    index: int
    setup: Setup
    device: torch.device

    @property
    def folder(self) -> Path:
        """What is there only while the contest lasts."""
        return self.run / f"contest-{self.index}"

    @property
    def _remedy(self) -> str:
        """What helps where one of its files is lost: what was there before the contest is in the run's checkpoint."""
        return f"remove the folder `{self.folder}`, which begins this contest again; then go on with `--resume`"

    def begin(self) -> None:
        """Makes the folder. Raises `ArchirError` NAS503 if it cannot be made."""
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            fail("NAS503", f"cannot make `{self.folder}`: {reason}", help="choose a folder you may write to")

    def end(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def trained(self, parts: int) -> list[int]:
        """How many epochs each part has behind it."""
        found = [0] * parts
        for file in self.folder.glob("part-*.epoch-*.safetensors"):
            match = _PART.fullmatch(file.name)
            if match:
                part, epoch = int(match[1]), int(match[2])
                found[part] = max(found[part], epoch)
        return found

    def _part(self, part: int, epoch: int) -> Path:
        return self.folder / f"{part_name(part)}.epoch-{epoch}.safetensors"

    def save(self, part: int, state: State) -> None:
        """Writes a part whole or not at all, then removes what it was an epoch ago."""
        save_checkpoint(self._part(part, state.epoch), self.setup, state)
        self._part(part, state.epoch - 1).unlink(missing_ok=True)

    def load(self, part: int, epoch: int) -> State:
        """A part as it was saved; raises `ArchirError` NAS504 if that cannot be read."""
        try:
            return load_checkpoint(self._part(part, epoch))[1]
        except ArchirError as error:
            raise ArchirError(*(evolve(d, help=self._remedy) for d in error.diagnostics)) from error

    def _outputs(self, who: str, epoch: int) -> Path:
        return self.folder / f"{who}.outputs-{epoch}.safetensors"

    def has_outputs(self, who: str, epoch: int) -> bool:
        """Whether a teacher has said all."""
        return self._outputs(who, epoch).exists()

    def save_outputs(self, who: str, epoch: int, logits: Tensor) -> None:
        """Writes what a teacher says of the images of an epoch: logits, float [images, classes]."""
        data = safetensors.torch.save({"logits": logits.cpu().contiguous()})
        write_with_remedy(self._outputs(who, epoch), data)

    def load_outputs(self, who: str, epoch: int) -> Tensor:
        """What was saved; raises `ArchirError` NAS504 if it cannot be read."""
        path = self._outputs(who, epoch)
        try:
            return safetensors.torch.load(path.read_bytes())["logits"].to(self.device)
        except (OSError, LookupError, safetensors.SafetensorError) as error:
            fail("NAS504", f"`{path}` cannot be used: {' '.join(str(error).split())}", help=self._remedy)

    def forget_outputs(self, who: str, epoch: int) -> None:
        """Removes what nobody reads any more."""
        self._outputs(who, epoch).unlink(missing_ok=True)

    def _groups(self) -> Path:
        return self.run / f"groups-{self.index}.json"

    def save_groups(self, groups: Groups, similarities: Similarities) -> None:
        """Writes the groups, and before them the similarities that they come from, if they do."""
        if similarities:
            write_with_remedy(self.run / f"similarities-{self.index}.json", similarities_to_json(similarities))
        write_with_remedy(self._groups(), groups_to_json(groups))

    def load_groups(self, places: Sequence[Place]) -> Groups | None:
        """The groups of these edges that were made before the run was interrupted, if they were.

        Raises `ArchirError` NAS409 if the file is damaged, or lacks an edge.
        """
        path = self._groups()
        if not path.exists():
            return None
        found = read_groups(str(path))
        for key, e in places:
            if (key, e) not in found:
                help_ = f"remove it and `{self.folder}`, which begins this contest again; then go on with `--resume`"
                fail("NAS409", f"`{path}` lacks the groups of edge {e} of `{key}`", help=help_)
        return {place: found[place] for place in places}


def sweep_contests(run: Path, step: int) -> None:
    """Removes the folders of all contests but that of step `step`: they have ended just before a run was killed."""
    for folder in run.glob("contest-*"):
        number = _FOLDER.fullmatch(folder.name)  # anything else is not ours
        if number and int(number[1]) != step:
            shutil.rmtree(folder, ignore_errors=True)
