"""From a space to ONNX on the command line, on a set of made-up images."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archir.cli.main import run

SPACE = """
use ops
candidates few = none | skip | sep_conv_3x3: sep_conv(k=3)
cell normal(prev2, prev1, channels) {
  x[0] = preprocess(prev2, channels, like=prev1)
  x[1] = preprocess(prev1, channels, like=prev1)
  for i in 2..4 { x[i] = choose few from x[0..i] keep 2 edges }
  return concat(x[2..4])
}
net small(image: tensor[3, 32, 32], channels = 2, cells = 2, classes = 10) {
  s1 = image |> conv(channels, k=3, stride=2) |> batch_norm
  s0 = s1
  for i in 0..cells {
    cell[i] = normal(s0, s1, channels)
    s0, s1 = s1, cell[i]
  }
  return s1 |> global_avg_pool |> linear(classes)
}
"""
DATA = ["--data", "digits", "--quiet", "--threads", "1"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.nas").write_text(SPACE)
    return tmp_path


def search(folder: str, *more: str) -> int:
    return run(["search", "small.nas", *DATA, "--set", "epochs=2", "--set", "batch=256", "-o", folder, *more])


def test_the_whole_way(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert search("found", "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["form"], summary["finished"], summary["epochs"]) == ("network", True, 2)
    for name in ("point.json", "net.nas", "net.svg", "arch.json", "log.jsonl", "run.json", "space.nas", "method.nas"):
        assert (here / "found" / name).read_text()

    assert run(["derive", "found", "-o", "net.nas"]) == 0
    assert "choose" not in (here / "net.nas").read_text()
    assert run(["train", "net.nas", *DATA, "--epochs", "1", "--batch", "256", "-o", "trained"]) == 0
    assert "test accuracy" in capsys.readouterr().out
    assert run(["emit", "trained", "--weights", "trained", "-o", "net.py"]) == 0
    assert run(["export", "trained", "--weights", "trained", "-o", "net.onnx", "--json"]) == 0
    difference = json.loads(capsys.readouterr().out)
    assert difference["difference"] <= 1e-4 * max(1.0, difference["largest"])
    script = "import net, safetensors.torch as s; n = net.Small(); n.load_state_dict(s.load_file('net.safetensors'))"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=here)
    assert run(["report", "found", "trained", "-o", "curves.svg"]) == 0
    picture = (here / "curves.svg").read_text()
    assert all(word in picture for word in ("<svg", "derived paths", "operations that would be kept"))
    assert run(["report", "found", "-o", "curves.pdf"]) == 1
    assert "(test)" in capsys.readouterr().out


METHOD = """
method drawn(epochs = 3, batch = 256, order = first_order) {
  relax(levels=2)
  train(
      weights, arch, epochs=epochs, batch=batch, bilevel=order, arch_from=1,
      arch_probability=cut(1.0, 0.0, after=1), weights=sgd(lr=linear(0.05, 0.01)), arch=adam(lr=0.1),
  )
  derive(rule=top_edges)
}
"""


@pytest.mark.parametrize("order", ["first_order", "second_order"])
def test_two_levels_warm_up_and_drawn_steps(here: Path, order: str) -> None:
    (here / "drawn.nas").write_text(METHOD)
    more = ["--method", "drawn.nas", "--set", f"order={order}", "--set", "batch=256", "-o", "found"]
    assert run(["search", "small.nas", *DATA, *more]) == 0
    log = [json.loads(line) for line in (here / "found" / "log.jsonl").read_text().splitlines()]
    assert [line["arch_steps"] for line in log] == [0, 3, 0], "a warm-up, then every step, then none"
    assert log[-1]["edges"] == {"normal": 4}
    values = json.loads((here / "found" / "arch.json").read_text())["parameters"]
    assert {name: len(value) for name, value in values.items()} == {
        "arch.normal.x.2.alpha": 2, "arch.normal.x.2.beta": 2, "arch.normal.x.3.alpha": 3, "arch.normal.x.3.beta": 3,
    }  # fmt: skip
    largest = {name: max(abs(number) for row in value for number in row) for name, value in values.items()}
    assert min(largest.values()) > 0.01, "ten deviations of the start: all have learned"
    assert "choose" not in (here / "found" / "net.nas").read_text()


def test_what_is_found_can_be_built_at_another_size(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert search("found") == 0
    larger = ["--set", "channels=8", "--set", "cells=5", "--set", "image=(1, 8, 8)"]
    assert run(["opt", "small.nas", *larger, "-p", "fix{point=found}", "--form", "source", "-o", "a.nas"]) == 0
    assert run(["derive", "found", "-o", "b.nas"]) == 0
    capsys.readouterr()
    assert run(["check", "a.nas", "--json"]) == 0
    a = json.loads(capsys.readouterr().out)
    assert run(["check", "b.nas", *larger, "--json"]) == 0
    b = json.loads(capsys.readouterr().out)
    assert a["files"][0]["params"] == b["files"][0]["params"] > 0


def test_before_the_first_epoch_nothing_is_found(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("archir.search.sessions.train_epoch", interrupt)
    assert search("found") == 130
    assert run(["derive", "found"]) == 1
    assert "has no learned values" in capsys.readouterr().err


def test_texts_from_standard_input(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pipe(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    pipe(SPACE)
    assert run(["search", "-", *DATA, "--set", "epochs=1", "--set", "batch=256", "-o", "found"]) == 0
    pipe((here / "found" / "net.nas").read_text())
    assert run(["train", "-", *DATA, "--epochs", "1", "--batch", "256", "-o", "trained"]) == 0
    assert (here / "found" / "space.nas").read_text() == SPACE
    assert "test accuracy" in capsys.readouterr().out


def test_a_training_is_no_search_to_resume(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["opt", "small.nas", "-p", "sample{seed=1}", "--form", "source", "-o", "net.nas"]) == 0
    assert run(["train", "net.nas", *DATA, "--epochs", "1", "--batch", "256", "-o", "trained"]) == 0
    assert run(["search", "small.nas", *DATA, "-o", "trained", "--resume"]) == 1
    assert "is a training, not a search" in capsys.readouterr().err


def test_a_search_goes_on_with_its_own_method(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert search("found") == 0
    again = ["search", "small.nas", *DATA, "-o", "found", "--resume", "--set", "epochs=2", "--set", "batch=256"]
    assert run([*again, "--method", "entrannas"]) == 1
    assert "is a search by `darts`, not by `entrannas`" in capsys.readouterr().err
    (here / "mine.nas").write_text("method darts() { relax() }")  # of the same name: the recorded text goes on
    assert run([*again, "--method", "mine.nas"]) == 0
    assert "note: `mine.nas` has changed since `found` was started" in capsys.readouterr().err


def test_nothing_is_found_before_a_path_is_selected(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    arguments = ["small.nas", "--method", "one_shot", *DATA, "--set", "epochs=1", "--set", "paths=3", "-o", "found"]
    with monkeypatch.context() as patched:
        patched.setattr("archir.search.selection.judging", interrupt)
        assert run(["search", *arguments]) == 130
    capsys.readouterr()
    assert run(["derive", "found"]) == 1
    assert "the run in `found` has not selected a path yet" in capsys.readouterr().err
    assert run(["derive", "found", "--rule", "top_edges"]) == 0
    assert run(["search", *arguments, "--resume"]) == 0
    assert (here / "found" / "notes.txt").read_text().startswith("the best of 3 of ")
    assert run(["derive", "found"]) == 0


def test_inherited_weights_are_those_of_the_search(here: Path) -> None:
    import torch

    from archir.cli.networks import settled
    from archir.cli.train import inherited
    from archir.search.result import load_run
    from archir.sema import load

    assert search("found") == 0
    assert run(["derive", "found", "-o", "net.nas"]) == 0
    module = settled(load("net.nas"))
    weights = inherited(module, "found")
    result = load_run("found")
    name = "cell.0.x.0.conv.weight"
    assert torch.equal(torch.as_tensor(weights[name]), torch.as_tensor(result.tensors[name]))
    convolutions = {t.shape for n, t in result.tensors.items() if "sep_conv" in n}
    assert convolutions <= {torch.as_tensor(t).shape for t in weights.values()}


def test_an_inherited_network_begins_as_the_search_left_it(here: Path) -> None:
    import torch

    import archir
    from archir.cli.networks import settled
    from archir.cli.train import inherited
    from archir.search.result import load_run

    assert search("found") == 0
    assert run(["derive", "found", "-o", "net.nas"]) == 0
    module = settled(archir.load("net.nas"))
    result = load_run("found")
    mine, theirs = archir.to_torch(module).eval(), archir.to_torch(result.module).eval()
    theirs.load_state_dict(result.tensors, strict=False)
    mine.load_state_dict({k: torch.as_tensor(v) for k, v in inherited(module, "found").items()}, strict=False)
    images = torch.randn(4, 1, 8, 8)
    assert torch.allclose(mine(images), theirs(images), atol=1e-6)


def test_a_killed_search_resumes_to_the_same_bits(here: Path) -> None:
    arguments = ["search", "small.nas", *DATA, "--set", "epochs=6", "--set", "batch=64"]
    assert run([*arguments, "-o", "whole"]) == 0
    command = [sys.executable, "-c", "from archir.cli import main; main()", *arguments, "-o", "killed"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    log = here / "killed" / "log.jsonl"
    deadline = time.monotonic() + 120
    while not (log.exists() and log.read_text().count("\n") >= 2) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the run must not have ended before it was killed"
    (here / "small.nas").write_text("net broken(")  # editing the space later cannot spoil the run
    assert run([*arguments, "-o", "killed", "--resume"]) == 0
    assert (here / "killed" / "arch.json").read_bytes() == (here / "whole" / "arch.json").read_bytes()
    assert (here / "killed" / "net.nas").read_bytes() == (here / "whole" / "net.nas").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["search", "small.nas", "--set", "chanels=3", "-o", "x"], "did you mean `channels`"),
        (["search", "small.nas", "--set", "image=(3, 8, 8)", "-o", "x"], "disagrees with the data"),
        (["search", "small.nas", "--method", "dart", "-o", "x"], "did you mean `darts`"),
        (["search", "small.nas", "--data", "digit", "-o", "x"], "no data set"),
        (["search", "small.nas", "--data", "folder:nowhere", "-o", "x"], "nowhere"),
        (["search", "nowhere.nas", "-o", "x"], "there is no file"),
        (["train", "small.nas", "-o", "x"], "archir search"),
        (["derive", "nowhere"], "there is no run"),
        (["export", "small.nas", "--weights", "w.safetensors", "-o", "x.onnx"], "only a network"),
        (["emit", "small.nas"], "only a network"),
        (["show", "nowhere.nas", "-o", "x.svg"], "there is no file"),
        (["report", "nowhere"], "there is no run"),
        (["search", "small.nas", "--resume", "-o", "nowhere"], "there is no run"),
        (["search", "darts_v2", "-o", "x"], "has no choices to search"),
    ],
)
def test_wrong_input(here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert run(arguments) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "help:" in error
    assert sorted(p.name for p in here.iterdir()) == ["small.nas"]
