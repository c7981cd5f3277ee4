"""A selection of paths, against paths judged one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import archir
from archir.cli.networks import settled
from archir.diagnostics import ArchirError
from archir.ir.module import Module
from archir.passes import run_pipeline
from archir.search import paths
from archir.search.compiler import Compiler
from archir.search.data import split_train
from archir.search.data.augment import standard
from archir.search.evaluation import Score
from archir.search.method import find_method, read_method
from archir.search.paths import judge
from archir.search.rehearsal import rehearse
from archir.search.result import load_run, load_supernet
from archir.search.scores import ScoreFiles
from archir.search.selection import sampled
from archir.search.steps import RunPass, Select, Step
from archir.sema.specialize import print_source
from archir.source import Source
from tests.processes import run_script
from tests.unit.search.test_contest import CONTEST, PHASE, START, contests, data, run, same_bits, tiny_space

SCRIPT = """
from tests.processes import fork
from tests.unit.search.test_contest import prepare
from tests.unit.search.test_selection import *
prepare()
"""
CHOOSE = Select(sample=9, images=32)


def scores(folder: Path, index: int = 2) -> list[dict[str, float]]:
    found = json.loads((folder / f"selected-{index}.json").read_text())
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("by", ["loss", "accuracy"])
def test_the_best_path_is_the_network(by: str, tmp_path: Path) -> None:
    result = run(tmp_path / "run", *START, Select(sample=9, by=by, images=32))
    rows = scores(tmp_path / "run")
    assert len({row["seed"] for row in rows}) == 9
    best = min(rows, key=lambda row: row["loss"]) if by == "loss" else max(rows, key=lambda row: row["accuracy"])
    assert result.module.form == "network"
    assert result.module.history[-1] == f"sample{{seed={best['seed']}}}"
    assert result.notes[-1].startswith(f"the best of 9 of 15,625 paths by {by}, on 32 held-out images: loss ")
    assert f"accuracy {best['accuracy']:.2%}" in result.notes[-1]
    expected = run_pipeline(tiny_space(), f"sample{{seed={best['seed']}}}").module
    assert print_source(settled(result.module)) == print_source(settled(expected))


def test_scores_are_those_of_paths_on_images_that_were_held_out(tmp_path: Path) -> None:
    run(tmp_path / "run", *START, CHOOSE)
    whole = load_supernet(tmp_path / "run")
    assert whole is not None
    _, valid = split_train(data().train, PHASE.split, 0)
    for row in scores(tmp_path / "run")[:3]:
        (point,) = sampled(whole.module, 1, int(row["seed"])).values()
        (score,) = judge(whole, [point], valid.part(slice(0, 32)), standard(data(), augment=False))
        assert (score.loss, score.accuracy) == (row["loss"], row["accuracy"])


def test_paths_are_different_and_all_where_there_are_few() -> None:
    space = tiny_space()
    many = sampled(space, 200, 5)
    assert len(set(many.values())) == len(many) == 200
    assert sampled(space, 200, 5) == many
    few = run_pipeline(space, "partition{at=2,part=0}").module  # one operation on each of three edges
    assert len(sampled(few, 1000, 0)) == 125


def test_an_interrupted_selection_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path / "whole", *START, CHOOSE)
    judged = 0

    def four(*arguments: Any) -> Iterator[Score]:
        nonlocal judged
        for score in paths.judging(*arguments):
            if judged == 4:
                raise KeyboardInterrupt
            judged += 1
            yield score

    monkeypatch.setattr("archir.search.selection.judging", four)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "run", *START, CHOOSE)
    (kept,) = (tmp_path / "run" / "select-2").iterdir()
    assert kept.read_text().count("\n") == judged == 4
    kept.write_text(kept.read_text()[:-9])  # the disk has not all of the last line
    judged = -100
    run(tmp_path / "run", *START, CHOOSE, resume=True)
    assert judged == -100 + 9 - 3
    assert scores(tmp_path / "run") == scores(tmp_path / "whole")
    assert not (tmp_path / "run" / "select-2").exists()
    assert same_bits(tmp_path / "run", tmp_path / "whole")
    assert load_run(tmp_path / "run").module == load_run(tmp_path / "whole").module


@pytest.mark.parametrize("text", ["{\n", "[1]\n", '{"seed": 1}\n', '{"seed": 1, "loss": null, "accuracy": 0}\n'])
def test_scores_that_are_damaged_are_refused(text: str, tmp_path: Path) -> None:
    files = ScoreFiles(tmp_path, 2)
    files.add(files.started(0), 1, Score(0.5, 0.25))
    assert files.known() == {1: Score(0.5, 0.25)}
    files.started(0).write_text(text)
    with pytest.raises(ArchirError, match=r"NAS504: `.*0-1.jsonl` is damaged"):
        files.known()


def test_who_is_killed_behind_a_selection_has_its_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ScoreFiles, "forget", die)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "run", *START, CHOOSE)
        assert len(scores(tmp_path / "run")) == 9
        patched.setattr("archir.search.selection.judging", die)
        run(tmp_path / "run", *START, CHOOSE, resume=True)  # judges nothing again
    assert load_run(tmp_path / "run").module.form == "network"


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    files = ScoreFiles(tmp_path, 2)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", full)
        with pytest.raises(ArchirError, match=r"NAS503: cannot write `.*0-0.jsonl`: no space left on device"):
            files.add(files.started(0), 1, Score(0.5, 0.5))


def behind_a_contest(folder: Path) -> int:
    run(folder, START[0], CONTEST, CHOOSE)
    return 0


@pytest.mark.slow
def test_processes_share_the_paths(tmp_path: Path, root: Path) -> None:
    """Nothing before is summed over processes, so all is the same to the last bit."""
    code = ";".join(f"print(fork({n}, lambda: behind_a_contest(Path('{n}'))))" for n in (1, 2))
    done = run_script(root, tmp_path, SCRIPT + code)
    assert done.stdout.splitlines() == ["[0]", "[0, 0]"], done.stderr
    assert scores(tmp_path / "1") == scores(tmp_path / "2")
    assert [c["winner"] for c in contests(tmp_path / "1")] == [c["winner"] for c in contests(tmp_path / "2")]
    assert load_run(tmp_path / "1").module == load_run(tmp_path / "2").module


def refused(module: Module, *steps: Step) -> str:
    with pytest.raises(ArchirError) as error:
        rehearse(module, steps, Compiler())
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.code == "NAS402"
    assert diagnostic.help
    return diagnostic.message


def test_what_it_needs_is_said_before_the_run_begins() -> None:
    space, relaxed = tiny_space(), RunPass("relax")
    assert "trained weights, and none are" in refused(space, relaxed, CHOOSE)
    assert "trained weights, and none are" in refused(space, relaxed, evolve(PHASE, trains=("arch",)), CHOOSE)
    assert "this is a space" in refused(space, CHOOSE)
    assert "this is a network" in refused(space, relaxed, PHASE, CHOOSE, CHOOSE)
    all_of_it = read_method(Source("m.nas", "method m() { relax(); train(weights); select() }"), {}).steps
    assert "learns from all" in refused(space, *all_of_it)
    narrow = RunPass("relax,share_features,bottleneck{ratio=2}")
    assert "while searching this supernet has others" in refused(archir.load("darts", cells=3), narrow, PHASE, CHOOSE)
    rehearse(space, (relaxed, PHASE, CHOOSE), Compiler())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("select(sample=0)", "`sample` must be an integer of at least 1"),
        ("select(by=size)", "`by` must be one of"),
        ("select(9)", "takes 0 values without a name"),
        ("select(samples=9)", "did you mean `sample`"),
    ],
)
def test_wrong_options(call: str, words: str) -> None:
    with pytest.raises(ArchirError) as error:
        read_method(Source("m.nas", f"method m() {{ relax(); train(weights, split=0.5); {call} }}"), {})
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.span is not None
    assert words in f"{diagnostic.message} {diagnostic.help}"


@pytest.mark.parametrize(("method", "settings"), [("one_shot", {}), ("hep_nas", {"paths": 50, "final": 1})])
def test_methods_that_end_with_it(method: str, settings: dict[str, int]) -> None:
    steps = read_method(find_method(method), settings).steps
    assert isinstance(steps[-1], Select)
    for name in ("darts", "hs_das", "fbnet") if method == "one_shot" else ("nasbench201",):
        more = {"splits": ((0, 0, 1, 1), (2, 1, 0, 1))} if method == "hep_nas" else {}
        rehearse(archir.load(name), read_method(find_method(method), {**settings, **more}).steps, Compiler())
