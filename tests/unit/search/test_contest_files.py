"""The files of a contest when they are lost, or are not its own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from archir.diagnostics import ArchirError, Diagnostic
from archir.ir.origin import Origin
from archir.search.contest.files import ContestFiles, sweep_contests
from archir.search.state import Setup
from archir.source import Source

PLACES = [("normal.x.2", 0), ("normal.x.2", 1)]


@pytest.fixture
def files(tmp_path: Path) -> ContestFiles:
    found = ContestFiles(
        tmp_path, 2, Setup(Origin(Source("a.nas", ""), (), "a"), {}, (), {}, "", {}), torch.device("cpu")
    )
    found.begin()
    return found


def refused(error: pytest.ExceptionInfo[ArchirError]) -> Diagnostic:
    (diagnostic,) = error.value.diagnostics
    return diagnostic


def test_only_folders_of_contests_are_swept(tmp_path: Path) -> None:
    for name in ("contest-2", "contest-3", "contest-12", "contest-notes", "contest-2-copy"):
        (tmp_path / name).mkdir()
    sweep_contests(tmp_path, 2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["contest-2", "contest-2-copy", "contest-notes"]


def test_a_lost_part_costs_the_contest_and_not_the_run(files: ContestFiles) -> None:
    (files.folder / "part-1.epoch-3.safetensors").write_bytes(b"damaged")
    (files.folder / "part-0.outputs-3.safetensors").write_bytes(b"damaged")
    with pytest.raises(ArchirError) as part:
        files.load(1, 3)
    with pytest.raises(ArchirError) as outputs:
        files.load_outputs("part-0", 3)
    for error in (part, outputs):
        assert refused(error).code == "NAS504"
        assert refused(error).help == (
            f"remove the folder `{files.folder}`, which begins this contest again; then go on with `--resume`"
        )


def test_groups_are_read_back_for_all_edges_or_refused(files: ContestFiles) -> None:
    assert files.load_groups(PLACES) is None
    files.save_groups({PLACES[0]: (("none", "skip"), ("conv",)), PLACES[1]: ()}, {})
    assert files.load_groups(PLACES) == {PLACES[0]: (("none", "skip"), ("conv",)), PLACES[1]: ()}
    assert files.load_groups(PLACES[1:]) == {PLACES[1]: ()}
    with pytest.raises(ArchirError) as error:
        files.load_groups([*PLACES, ("normal.x.2", 2)])
    assert refused(error).message.endswith("groups-2.json` lacks the groups of edge 2 of `normal.x.2`")
    assert str(files.folder) in str(refused(error).help)
