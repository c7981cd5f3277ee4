"""Searches of NAS-Bench-201 looked up in a made-up table, and in the benchmark's own."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from archir.cli.main import run
from archir.exchange.nasbench201 import all_architectures, architecture_text
from tests.conftest import ROOT

REAL = ROOT.parent / "shared" / "data" / "nasbench201.csv.gz"
needs_table = pytest.mark.skipif(not REAL.exists(), reason=f"the benchmark's table is not at {REAL}")
SMALL = ["--data", "fake", "--size", "8", "--limit", "64", "--quiet", "--threads", "1"]
SETTINGS = ["--set", "channels=2", "--set", "cells=1", "--set", "epochs=1", "--set", "batch=32"]
PARTS = """
method part(epochs = 1, batch = 32) {
  relax()
  restrict(file="FILE")
  train(weights, arch, epochs=epochs, batch=batch)
  derive()
}
"""
WARM = """
method warm(epochs = 1, batch = 32) {
  relax()
  train(weights, epochs=epochs, batch=batch, split=SPLIT)
  train(weights, arch, epochs=epochs, batch=batch)
  derive()
}
"""
LEFT = {
    "normal.x.1": [["conv_1x1", "conv_3x3"]],
    "normal.x.2": [["skip"], ["none", "conv_3x3"]],
    "normal.x.3": [["skip"], ["none"], ["avg_pool_3x3"]],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two searches, `whole` and `part`, and a table whose accuracies rise from 10 with the order of architectures."""
    here = tmp_path_factory.mktemp("bench")
    (here / "left.json").write_text(json.dumps(LEFT))
    (here / "part.nas").write_text(PARTS.replace("FILE", str(here / "left.json")))
    for name, method in (("whole", "darts"), ("part", str(here / "part.nas"))):
        arguments = ["nasbench201", "--method", method, *SMALL, *SETTINGS, "-o", str(here / name)]
        assert run(["search", *arguments]) == 0
    rows = [f"{i},{architecture_text(a)},{10 + i / 200},{50 + i / 1000}" for i, a in enumerate(all_architectures())]
    (here / "table.csv").write_text("\n".join(["index,arch,cifar10_test,cifar10_valid", *rows]) + "\n")
    return here


def bench(folder: Path, name: str, *more: str, table: Path | None = None) -> int:
    file = str(table or folder / "table.csv")
    return run(["bench", "nasbench201", "--table", file, str(folder / name), "--quiet", "--threads", "1", *more])


def found(capsys: pytest.CaptureFixture[str], folder: Path, name: str, *more: str) -> dict[str, Any]:
    capsys.readouterr()
    assert bench(folder, name, "--json", *more) == 0
    rows = json.loads(capsys.readouterr().out)
    assert isinstance(rows, dict)
    return rows


def test_what_was_found_has_its_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = found(capsys, folder, "whole", "--sample", "0")
    point = dict(json.loads((folder / "whole" / "point.json").read_text()))
    ours = ["none", "skip", "conv_1x1", "conv_3x3", "avg_pool_3x3"]
    place = 0
    for key, edges in (("normal.x.1", 1), ("normal.x.2", 2), ("normal.x.3", 3)):
        kept = dict(point[key])
        for e in range(edges):
            place = 5 * place + ours.index(kept.get(e, "none"))
    assert rows["architecture"] == architecture_text(list(all_architectures())[place])
    assert rows["test"] == pytest.approx(10 + place / 200)
    assert rows["valid"] == pytest.approx(50 + place / 1000)
    assert (rows["rank"], rows["of"]) == (15_625 - place, 15_625)
    assert rows["percentile"] == pytest.approx(100 * place / 15_625)
    threes = 3 * sum(5**i for i in range(6))
    n = 15_625
    reference = rows["references"]
    assert reference["best"] == pytest.approx(10 + (n - 1) / 200)
    assert reference["conv_3x3"] == pytest.approx(10 + threes / 200)
    assert reference["mean"] == pytest.approx(10 + (n - 1) / 2 / 200)
    assert reference["best_of_10"] == pytest.approx(10 + (10 * (n + 1) / 11 - 1) / 200), (
        "of 10 different numbers up to n"
    )


def test_the_supernet_ranks_a_sample(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = found(capsys, folder, "whole", "--sample", "6", "--seed", "1")
    supernet, scores = rows["supernet"], rows["supernet"]["scores"]
    assert (supernet["images"], supernet["evaluated"], rows["space"]["size"]) == (32, "valid", 15_625)
    assert len({s["architecture"] for s in scores}) == 6
    true, losses = [s["test"] for s in scores], [-s["loss"] for s in scores]
    assert supernet["kendall"] == pytest.approx(stats.kendalltau(losses, true).statistic)
    assert supernet["spearman"] == pytest.approx(stats.spearmanr(losses, true).statistic)
    assert found(capsys, folder, "whole", "--sample", "6", "--seed", "1") == rows
    other = found(capsys, folder, "whole", "--sample", "6", "--seed", "2")
    assert {s["architecture"] for s in other["supernet"]["scores"]} != {s["architecture"] for s in scores}
    right = found(capsys, folder, "whole", "--sample", "6", "--seed", "1", "--by", "accuracy")["supernet"]
    expected = stats.spearmanr([s["accuracy"] for s in scores], true).statistic
    assert right["spearman"] == (pytest.approx(expected) if len({s["accuracy"] for s in scores}) > 1 else None)


def test_a_part_of_the_space_is_sampled_as_far_as_it_goes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = found(capsys, folder, "part")
    texts = [s["architecture"] for s in rows["supernet"]["scores"]]
    rest = "|skip_connect~0|none~1|avg_pool_3x3~2|"
    assert sorted(texts) == sorted(
        f"|{a}~0|+|skip_connect~0|{b}~1|+{rest}"
        for a in ("nor_conv_1x1", "nor_conv_3x3")
        for b in ("none", "nor_conv_3x3")
    )
    true = [s["test"] for s in rows["supernet"]["scores"]]
    assert rows["space"] == {"size": 4, "best": max(true), "mean": pytest.approx(sum(true) / 4)}
    assert rows["architecture"] in texts


def test_another_searchs_part_of_the_space_can_be_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part = found(capsys, folder, "part")
    rows = found(capsys, folder, "whole", "--within", str(folder / "part"))
    assert rows["space"] == part["space"]
    assert {s["architecture"] for s in rows["supernet"]["scores"]} == {
        s["architecture"] for s in part["supernet"]["scores"]
    }
    assert bench(folder, "part", "--within", str(folder / "whole")) == 1
    assert "has not all of what" in capsys.readouterr().err


@pytest.mark.parametrize(("split", "images"), [(0.75, ("valid", 16)), (1.0, ("test", 64))])
def test_no_phase_has_learned_from_the_images(
    split: float, images: tuple[str, int], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where the last phase holds more images out than those before it."""
    name = f"warm-{split}"
    (folder / f"{name}.nas").write_text(WARM.replace("SPLIT", str(split)))
    arguments = ["nasbench201", "--method", str(folder / f"{name}.nas"), *SMALL, *SETTINGS, "-o", str(folder / name)]
    assert run(["search", *arguments]) == 0
    supernet = found(capsys, folder, name, "--sample", "2")["supernet"]
    assert (supernet["evaluated"], supernet["images"]) == images


def test_people_see_the_references_and_a_picture(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = folder / "scores.svg"
    assert bench(folder, "part", "-o", str(picture)) == 0
    printed = capsys.readouterr().out
    for words in (
        "conv_3x3 on every edge",
        "the best of 10 random cells",
        "the mean",
        "rank ",
        "Kendall ",
        "a picture",
    ):
        assert words in printed
    assert "true accuracy, %" in picture.read_text()


def test_the_data_are_found_again_or_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench(folder, "whole", "--sample", "2", "--data", "digits") == 1
    printed = capsys.readouterr().err
    assert "NAS501" in printed
    assert "`digits` has `data` = digits" in printed


def test_a_run_without_a_supernet(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    net = str(folder / "whole" / "net.nas")
    if not (folder / "trained").exists():
        options = [*SMALL, "--epochs", "1", "--batch", "32"]
        assert run(["train", net, *options, "-o", str(folder / "trained")]) == 0
    capsys.readouterr()
    assert bench(folder, "trained", "--sample", "3") == 1
    printed = capsys.readouterr().err
    assert "no trained supernet" in printed
    assert "--sample 0" in printed
    assert bench(folder, "trained", "--sample", "0") == 0


def test_what_is_no_search_of_the_benchmark(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["bench", "darts", "--table", str(folder / "table.csv"), str(folder / "whole")]
    assert run(arguments) == 1
    assert "NAS402" in capsys.readouterr().err
    assert run(["search", "darts", *SMALL, *SETTINGS, "-o", str(folder / "darts")]) == 0
    assert bench(folder, "darts") == 1
    printed = capsys.readouterr().err
    assert "NAS402" in printed
    assert "archir search nasbench201" in printed


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (None, "NAS103", "cannot be read: no such file"),
        ("arch,accuracy\na,1\n", "NAS509", "has no column `cifar10_test`"),
        ("arch,cifar100_test\na,1\n", "NAS509", "--dataset cifar100"),
        ("cifar10_test\n1\n", "NAS509", "has no column `arch`"),
        ("arch,cifar10_test\na,much\n", "NAS509", "line 2 of"),
        ("arch,cifar10_test\na,101\n", "NAS509", "`101` is no accuracy in percent"),
        ("arch,cifar10_test\na,1\na,2\n", "NAS509", "line 3 of"),
        ("arch,cifar10_test\n", "NAS509", "has no architectures"),
        ("arch,cifar10_test\na,1\n", "NAS509", "has no line for |"),
    ],
)
def test_a_wrong_table(
    text: str | None, code: str, words: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "wrong.csv"
    if text is not None:
        table.write_text(text)
    assert bench(folder, "whole", table=table) == 1
    printed = capsys.readouterr().err
    assert f"error[{code}]" in printed
    assert words in printed
    assert "help" in printed


def test_a_packed_table_is_read_alike_and_a_cut_one_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = gzip.compress((folder / "table.csv").read_bytes())
    (tmp_path / "table.csv.gz").write_bytes(packed)
    (tmp_path / "cut.csv.gz").write_bytes(packed[:1000])
    assert bench(folder, "whole", "--sample", "0") == 0
    plain = capsys.readouterr().out
    assert bench(folder, "whole", "--sample", "0", table=tmp_path / "table.csv.gz") == 0
    assert capsys.readouterr().out == plain
    assert bench(folder, "whole", "--sample", "0", table=tmp_path / "cut.csv.gz") == 1
    assert "NAS103" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["run"], ["--sample", "3"], ["--table", "t.csv"], ["--table", "t.csv", "run", "--rounds", "2"],
                  ["--table", "t.csv", "run", "--sample", "0", "-o", "a.svg"]],
)  # fmt: skip
def test_options_that_do_not_go_together(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "nasbench201", *arguments]) == 2
    assert "Error: " in capsys.readouterr().err


@needs_table
def test_the_published_numbers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert bench(folder, "whole", "--sample", "0", "--json", table=REAL) == 0
    rows = json.loads(capsys.readouterr().out)
    reference = rows["references"]
    assert rows["of"] == 15_625
    assert [round(reference[name], 2) for name in ("mean", "best", "conv_3x3")] == [87.06, 94.37, 93.76]
    assert 92.5 < reference["best_of_10"] < 94
    assert 10 <= rows["test"] <= reference["best"]
