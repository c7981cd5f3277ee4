"""archir search --target: how a budget reaches the method, and what is wrong with one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archir.analysis.expected import cost_of
from archir.cli.main import run
from archir.ir.module import Module
from archir.search import sessions, trainer
from archir.sema import load_source
from archir.source import Source
from archir.space.points import point_from_json
from tests.small_chain import TEXT

TINY = ("--data", "fake", "--size", "8", "--quiet")


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chain.nas").write_text(TEXT)
    return "chain.nas"


def failed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(list(words)) == 1
    return capsys.readouterr().err


def test_what_you_set_is_what_you_get(chain: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A share is one of the whole space's range, though the vital stage leaves another; a resume asks for the same."""
    words = [
        "search",
        chain,
        "--method",
        "hournas",
        "--target",
        "macs=50%",
        "--target",
        "params=6k",
        *TINY,
        "-o",
        "run",
    ]
    assert run(words) == 0, capsys.readouterr().err
    module = load_source(Source("chain.nas", TEXT))
    cost = cost_of(module, point_from_json(Path("run/point.json").read_text()))
    row = json.loads(output(capsys, "propose", chain, "--target", "macs=50%", "-m", "1", "--json"))
    assert abs(cost.macs / row["targets"]["macs"] - 1) <= 0.05
    assert abs(cost.params / 6000 - 1) <= 0.05
    notes = Path("run/notes.txt").read_text()
    assert f"the network costs macs={cost.macs:,} (" in notes
    assert f"off {round(row['targets']['macs']):,})" in notes
    assert json.loads(Path("run/run.json").read_text())["settings"]["method"]["target"] == ["macs=50%", "params=6k"]
    assert run([*words, "--resume"]) == 0, capsys.readouterr().err
    assert network(output(capsys, "derive", "run")) == network(Path("run/net.nas").read_text())
    other = [word.replace("50%", "60%") for word in words]
    assert "NAS502" in failed(capsys, *other, "--resume")


def network(text: str) -> Module:
    return load_source(Source("net.nas", text))


def output(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert run(list(words)) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said", "remedy"),
    [
        (("--method", "darts", "--target", "macs=1k"), "NAS505", "the method `darts` meets no targets", "hournas"),
        (("--method", "hournas"), "NAS406", "there is no target", "`--target macs=300M"),
        (("--method", "hournas", "--target", "cost=3"), "NAS406", "there is no measure `cost`", "macs, params"),
        (("--method", "hournas", "--target", "macs=1M"), "NAS407", "no network of the space has macs", "macs can be"),
        (
            ("--method", "hournas", "--target", "macs=50%", "--set", "target=x"),
            "NAS505",
            "the targets are given twice",
            "leave out",
        ),
        (
            ("--method", "hournas", "--target", "latency=5ms"),
            "NAS406",
            "a target for `latency` needs a latency table",
            "archir measure",
        ),
    ],
)
def test_what_is_wrong_is_said_before_a_folder_is_made(
    chain: str, words: tuple[str, ...], code: str, said: str, remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = failed(capsys, "search", chain, *words, *TINY, "-o", "run")
    assert code in found
    assert said in found
    assert remedy in found
    assert not Path("run").exists()


def test_an_unfinished_run_is_derived_within_its_budget(chain: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a run that was stopped in its second stage the share is one of the whole space, too."""
    words = ["search", chain, "--method", "hournas", "--target", "macs=50%", *TINY, "--set", "epochs=2", "-o", "run"]
    steps = []

    def stop(session: object, epoch: int, reporter: object) -> object:
        steps.append(epoch)
        if len(steps) == 3:
            raise KeyboardInterrupt
        return trainer.train_epoch(session, epoch, reporter)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "train_epoch", stop)
        assert run(words) != 0
    row = json.loads(output(capsys, "propose", chain, "--target", "macs=50%", "-m", "1", "--json"))
    text = output(capsys, "derive", "run")
    found = json.loads(info(capsys, text))
    assert abs(found["macs"] / row["targets"]["macs"] - 1) <= 0.05


def info(capsys: pytest.CaptureFixture[str], text: str) -> str:
    Path("found.nas").write_text(text)
    return output(capsys, "info", "found.nas", "--json")
